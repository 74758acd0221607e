/// What a store of approximate counts does; see ``CollectionStore``.
public protocol DistinctCountStore: Sendable {
    /// Counts elements.
    ///
    /// - Parameters:
    ///   - elements: The elements, at least one.
    ///   - key: The count.
    ///   - lifetime: How long it lives.
    /// - Returns: Whether that may have changed the number.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func countElements(
        _ elements: [[UInt8]],
        in key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool

    /// About how many different elements one or more counts have met together.
    ///
    /// In memory each is read in one step, and all of them one after the other.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/keysApart`` where they lie on different servers.
    func distinctCount(of keys: [CollectionKey]) async throws -> Int

    /// Adds to a count all that others have met.
    ///
    /// - Parameters:
    ///   - keys: The others, at least one.
    ///   - key: The count to write.
    ///   - lifetime: How long it lives.
    /// - Throws: ``CacheError`` with ``CacheError/Code/keysApart`` where they lie on different servers.
    func mergeCounts(
        _ keys: [CollectionKey],
        into key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws
}
