/// A cache that only decides what it would hold, to count what it would have answered.
///
/// The simulators are written to be plainly right, not fast: they are what Larder's own policy is compared with.
package protocol SimulatedCache {
    /// Asks for a key, and stores it when it is missing.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - size: What it takes of the room, the same at every request.
    /// - Returns: Whether it was there.
    mutating func request(_ key: UInt64, size: Int) -> Bool
}

/// The simulators by the names they have on the command line.
package enum SimulatedPolicy: String, CaseIterable, Sendable {
    case lru
    case fifo
    case s3fifo = "s3-fifo"

    /// Makes an empty cache with room for so many keys, each of size 1.
    package func cache(entries: Int) -> any SimulatedCache {
        switch self {
        case .lru: LRU(room: entries)
        case .fifo: FIFO(room: entries)
        case .s3fifo: S3FIFO(entries: entries)
        }
    }

    /// Makes an empty cache with room for so many bytes; `nil` where the policy has no textbook form for sizes.
    package func cache(bytes: Int) -> (any SimulatedCache)? {
        switch self {
        case .lru: LRU(room: bytes)
        case .fifo: FIFO(room: bytes)
        case .s3fifo: nil
        }
    }
}
