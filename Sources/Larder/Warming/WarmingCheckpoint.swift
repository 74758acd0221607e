#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Up to where a pass of a ``Warmer`` has come, so that another process can go on there.
public struct WarmingMark: Sendable, Hashable, Codable {
    /// The fill's name.
    public let fill: String

    /// The last of its keys up to which everything is done.
    public let key: String

    /// Describes a place.
    ///
    /// - Parameters:
    ///   - fill: The fill's name.
    ///   - key: The last of its keys up to which everything is done.
    public init(fill: String, key: String) {
        self.fill = fill
        self.key = key
    }
}

/// Where a ``Warmer`` notes how far it has come.
///
/// What a restart would find filled costs it a read each; the note saves those, and what was done but stored nowhere. When a pass
/// is through, the note is removed.
public protocol WarmingCheckpoint: Sendable {
    /// The note of a pass that was interrupted; `nil` where there is none.
    func load() async throws -> WarmingMark?

    /// Takes the place of the note before.
    func save(_ mark: WarmingMark) async throws

    /// Removes the note.
    func remove() async throws
}

/// A note in a cache.
public struct CacheCheckpoint: WarmingCheckpoint {
    private let cache: Cache
    private let key: CacheKey<WarmingMark>
    private let lifetime: TimeToLive

    /// Notes under a key of a cache.
    ///
    /// - Parameters:
    ///   - cache: The cache.
    ///   - key: The key; one for each warmer.
    ///   - lifetime: How old a note may get and still be of use; about as long as what was warmed lives.
    public init(in cache: Cache, key: CacheKey<WarmingMark> = "warming:checkpoint", lifetime: TimeToLive = .hours(1)) {
        self.cache = cache
        self.key = key
        self.lifetime = lifetime
    }

    /// The note of a pass that was interrupted.
    public func load() async throws -> WarmingMark? { try await self.cache.get(self.key) }

    /// Takes the place of the note before.
    public func save(_ mark: WarmingMark) async throws {
        try await self.cache.set(self.key, to: mark, ttl: self.lifetime)
    }

    /// Removes the note.
    public func remove() async throws { try await self.cache.remove(self.key) }
}

/// A note in a file.
public struct FileCheckpoint: WarmingCheckpoint {
    private let path: String

    /// Notes in a file, in a folder that exists.
    ///
    /// - Parameter path: The file's path; one for each warmer.
    public init(path: String) {
        self.path = path
    }

    /// The note of a pass that was interrupted; a file that is none counts as no note.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed`` where there is a file that cannot be read.
    public func load() async throws -> WarmingMark? {
        guard FileManager.default.fileExists(atPath: self.path) else { return nil }
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: self.path))
        } catch {
            throw CacheError(.fileFailed, "the note \(self.path) cannot be read", underlying: error)
        }
        // Whoever has written something else there has made it no note.
        return try? JSONDecoder().decode(WarmingMark.self, from: data)
    }

    /// Takes the place of the note before, whole or not at all.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``.
    public func save(_ mark: WarmingMark) async throws {
        do {
            try JSONEncoder().encode(mark).write(to: URL(fileURLWithPath: self.path), options: .atomic)
        } catch {
            throw CacheError(.fileFailed, "the note \(self.path) cannot be written", underlying: error)
        }
    }

    /// Removes the note.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fileFailed``.
    public func remove() async throws {
        guard FileManager.default.fileExists(atPath: self.path) else { return }
        do {
            try FileManager.default.removeItem(atPath: self.path)
        } catch {
            throw CacheError(.fileFailed, "the note \(self.path) cannot be removed", underlying: error)
        }
    }
}
