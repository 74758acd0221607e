/// What became of the entries of a snapshot that was loaded.
public struct MemoryCacheLoadReport: Sendable, Hashable {
    /// Entries that are in the cache now.
    public internal(set) var loaded = 0
    /// Entries whose time was over.
    public internal(set) var expired = 0
    /// Entries whose key the cache had a newer value for.
    public internal(set) var present = 0
    /// Entries for which there was no room.
    ///
    /// None was evicted for another: what comes first in a snapshot is worth more.
    public internal(set) var withoutRoom = 0
    /// Entries that were damaged, or are missing at the end of the file.
    public internal(set) var damaged = 0
    /// Entries whose key or value could not be decoded, most likely because its type has changed.
    public internal(set) var undecodable = 0

    /// Whether the file was whole.
    public var isWhole: Bool { self.damaged == 0 }

    init() {}
}
