public import Larder
import Logging
import Synchronization

/// Entries in files: a folder of this machine, which several processes can share and which outlives them.
///
/// ```swift
/// let cache = Cache(try .files(path: "/var/cache/bookshop"), namespace: "bookshop")
/// ```
///
/// Every promise of a cache holds across all processes that use the folder. Reads take no lock; whoever writes has the folder
/// locked for that moment. What was acknowledged is there after `kill -9`; a file that is torn is a miss.
///
/// For entries that are large, or where there is no SQLite: that one is quicker with many small ones, since a file costs several
/// calls of the system and a block of the disk, whatever it holds.
///
/// Entries age by the wall clock, as with SQLite. Run the store (``run()``) to have what has expired removed; without it entries
/// go when their room is needed.
public final class FileStore: CacheStore {
    static let kind = "file"

    private let folder: FileFolder
    private let writer: FileWriter
    private let steps: StepQueue
    private let isShutDown = ShutdownFlag()
    private let spaces = Mutex<[CacheNamespace: FileSpace]>([:])
    /// Whom the steps belong to that are about no namespace.
    private let home: FileSpace

    /// Opens the folder, or makes it.
    ///
    /// - Parameter configuration: What the store does.
    /// - Throws: `CacheError` with `.invalidConfiguration` that names an option; with `.fileFailed` where the folder could not be
    ///   made, holds something else, or was made by a newer version.
    public init(_ configuration: FileStoreConfiguration) throws {
        try configuration.validate()
        self.folder = try FileFolder(configuration)
        do {
            self.writer = try FileWriter(self.folder)
        } catch let failure as FileFailure {
            throw CacheError(.fileFailed, "\(failure)")
        }
        self.steps = StepQueue(self.writer, label: "larder.files")
        self.home = FileSpace("", self.folder.hash)
    }

    /// `file`.
    public var kind: String { Self.kind }

    /// The part of the folder that belongs to a namespace.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        let space = self.spaces.withLock { spaces in
            if let space = spaces[namespace] { return space }
            let space = FileSpace(namespace.name, self.folder.hash)
            spaces[namespace] = space
            return space
        }
        return LocalNamespace(
            FileStorage(folder: self.folder, space: space, steps: self.steps, isShutDown: self.isShutDown)
        )
    }

    /// Removes what is of no use any more, until the task is cancelled or the service shuts down.
    public func run() async throws {
        let configuration = self.folder.configuration
        await PeriodicWork(every: configuration.sweepInterval, clock: configuration.clock).run {
            do {
                try await self.sweep()
            } catch {
                configuration.logger.warning(
                    "A cache's folder could not be swept",
                    metadata: ["larder.path": "\(configuration.path)", "larder.error": "\(error)"]
                )
            }
        }
    }

    /// Gives back what the store holds, when the calls under way are done.
    ///
    /// Later ones throw `CacheError` with `.unavailable`.
    public func shutdown() async {
        self.isShutDown.set()
        try? await self.steps.onThread { self.writer.shutDown() }
    }

    /// How much the store holds, of all namespaces.
    ///
    /// - Returns: What is there, dead entries and expired ones included.
    /// - Throws: `CacheError` with `.unavailable`.
    public func statistics() async throws -> FileStoreStatistics {
        try await self.step { step in
            let totals = try step.currentTotals()
            return FileStoreStatistics(entries: Int(totals.entries), bytes: Int(totals.bytes))
        }
    }

    /// Does at once what ``run()`` does again and again.
    @_spi(Testing)
    public func sweep() async throws {
        // Bounded: readers go on noting.
        for _ in 0..<128 where !self.folder.notes.isEmpty { try await self.step { _ in } }
        try await self.step { try $0.removeLeftovers() }
        for index in 0..<FileTotals.folderCount {
            try Task.checkCancellation()
            // A step for each folder, so that nobody waits for long.
            try await self.step { try $0.sweep(index) }
        }
    }

    private func step<Result: Sendable>(
        _ body: @escaping @Sendable (FileStep) throws -> Result
    ) async throws -> Result {
        try await self.steps.perform(for: self.home) { step in
            guard let step = step as? FileStep else { preconditionFailure("a step of another store") }
            return try step.attempt { try body(step) }
        }
    }
}

extension CacheStore where Self == FileStore {
    /// Entries in files.
    ///
    /// - Parameters:
    ///   - path: The folder, which belongs to the store alone; it is made if it is not there.
    ///   - entries: How many entries it holds at most.
    ///   - bytes: How many bytes of the disk they take at most.
    /// - Returns: The store.
    /// - Throws: What ``FileStore/init(_:)`` throws.
    public static func files(path: String, entries: Int = 100_000, bytes: Int = 1 << 30) throws -> FileStore {
        try FileStore(FileStoreConfiguration(path: path, mostEntries: entries, mostBytes: bytes))
    }

    /// Entries in files, with options.
    ///
    /// - Parameter configuration: What the store does.
    /// - Returns: The store.
    /// - Throws: What ``FileStore/init(_:)`` throws.
    public static func files(_ configuration: FileStoreConfiguration) throws -> FileStore {
        try FileStore(configuration)
    }

    /// Entries in a store that other caches use too.
    ///
    /// - Parameter store: The store.
    /// - Returns: The store.
    public static func files(_ store: FileStore) -> FileStore { store }
}

/// How much a file store holds.
public struct FileStoreStatistics: Sendable, Hashable {
    /// How many entries.
    public let entries: Int
    /// How many bytes of the disk they take, as ``FileStoreConfiguration/mostBytes`` counts them.
    public let bytes: Int

    /// Describes how much there is.
    package init(entries: Int, bytes: Int) {
        self.entries = entries
        self.bytes = bytes
    }
}
