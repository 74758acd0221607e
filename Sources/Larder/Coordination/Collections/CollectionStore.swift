/// A place where collections live: memory or Redis.
///
/// It knows no types: elements are bytes. Each call is one step, atomic for everybody else, and ends in time.
///
/// All calls throw ``CacheError``: ``CacheError/Code/unavailable`` where the store could not be used, and then nobody knows
/// whether a write was done; ``CacheError/Code/wrongType`` where something else than such a collection has the name.
public protocol CollectionStore: CounterStore, ListStore, QueueStore, SetStore, HashStore, SortedSetStore,
    DistinctCountStore, StreamStore
{
    /// What kind of store this is, in one lower-case word, for statistics and logs: `memory`, `redis`.
    var kind: String { get }

    /// Removes a whole collection.
    ///
    /// - Parameter key: The collection.
    /// - Returns: Whether it was there.
    /// - Throws: As ``CollectionStore`` says.
    func remove(_ key: CollectionKey) async throws -> Bool

    /// How long a collection has left, by the store's clock.
    ///
    /// - Parameter key: The collection.
    /// - Returns: The time; `nil` where there is no such collection.
    /// - Throws: As ``CollectionStore`` says.
    func timeLeft(of key: CollectionKey) async throws -> TimeLeft?

    /// Gives a collection another end.
    ///
    /// - Parameters:
    ///   - key: The collection.
    ///   - milliseconds: In how many milliseconds, at least one; `nil`, never.
    /// - Returns: Whether there is such a collection.
    /// - Throws: As ``CollectionStore`` says.
    func expire(_ key: CollectionKey, after milliseconds: Int64?) async throws -> Bool
}
