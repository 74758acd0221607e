public import Logging

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What makes stores of one kind from URLs.
///
/// A module with a store brings one, and ``Caches`` is given a list of them: so the core knows no store by name, and a program
/// has only those that it imports. <doc:WritingAStore> has an example.
public protocol StoreFactory: Sendable {
    /// The schemes of the URLs that it understands, in lower case: `redis`, `rediss`.
    var schemes: [String] { get }

    /// The options that its stores take.
    ///
    /// Others are refused before ``makeStore(for:_:in:)`` is called.
    var options: [StoreOption] { get }

    /// Makes a store, which neither waits for anything nor reaches for a server.
    ///
    /// The store owns what it stands on: its `run()` runs the client that was made for it, its `shutdown()` shuts it down.
    ///
    /// - Parameters:
    ///   - url: Where the store is. Its query has been read: what it says stands in `options`.
    ///   - options: What the URL's query and the settings beside it say.
    ///   - context: What it shares with the program.
    /// - Returns: The store.
    /// - Throws: ``StoreSettingError`` for a part of the URL or an option that is wrong; other errors where the store cannot
    ///   be made, such as a file that cannot be opened.
    func makeStore(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws -> any CacheStore
}

/// What a store that is made from a URL shares with the program.
public struct StoreContext: Sendable {
    /// What entries age by, in stores that have no clock of their own.
    public let clock: CacheClock

    /// Where failures are reported that no caller hears of.
    public let logger: Logger

    /// Describes what a store shares with the program.
    ///
    /// - Parameters:
    ///   - clock: What entries age by, in stores that have no clock of their own.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(clock: CacheClock = .system, logger: Logger = Logger(label: "larder")) {
        self.clock = clock
        self.logger = logger
    }
}

extension StoreURL {
    /// Refuses a URL that has more than a scheme, perhaps one host, and options: for stores that are not reached over a network.
    ///
    /// - Parameter accepted: What would have been right.
    /// - Throws: ``StoreSettingError``.
    public func expectNoServer(accepted: String) throws(StoreSettingError) {
        if self.username != nil || self.password != nil {
            throw StoreSettingError(found: "a user or a password", accepted: accepted)
        }
        if self.hosts.count > 1 || self.hosts.contains(where: { $0.port != nil }) {
            throw StoreSettingError(found: "servers", accepted: accepted)
        }
    }
    /// The file or folder that a URL names: `scheme:///var/cache/entries` for one by its whole path, `scheme://./entries` and
    /// `scheme://../entries` for one beside the folder that the program runs in.
    ///
    /// The folder that it lies in has to be there.
    ///
    /// - Parameter what: What it is, with its article: `a file`.
    /// - Returns: The path.
    /// - Throws: ``StoreSettingError``.
    public func localPath(of what: String) throws(StoreSettingError) -> String {
        let accepted =
            "\(what) by its whole path, as in \(self.scheme):///var/cache/entries, or \(self.scheme)://./entries"
        try self.expectNoServer(accepted: accepted)
        let host = self.hosts.first?.name
        guard host == nil || host == "." || host == ".." else {
            throw StoreSettingError(found: "a server", accepted: accepted)
        }
        guard !self.path.isEmpty, !self.path.hasSuffix("/"), !self.path.utf8.contains(0) else {
            throw StoreSettingError(found: "no path of \(what)", accepted: accepted)
        }
        let path = (host ?? "") + self.path
        let end = path.lastIndex(of: "/") ?? path.startIndex
        let folder = end == path.startIndex ? "/" : String(path[..<end])
        // Only a folder has a member of that name.
        guard FileManager.default.fileExists(atPath: "\(folder)/.") else {
            let shown = self.mayHoldPasswordInWrongPlace ? "" : " \(folder.debugDescription)"
            throw StoreSettingError(
                found: "\(what) in the folder\(shown), which is not there",
                accepted: "a folder that is there"
            )
        }
        return path
    }
}
