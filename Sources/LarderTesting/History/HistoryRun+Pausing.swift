public import Larder

extension HistoryRun {
    /// A store at whose calls a history pauses, as it does at those of the store that is given to it: for what lies beneath
    /// a store, such as the lower one of two tiers, so that others come between what the upper one does before and after.
    ///
    /// - Parameter store: The store that does the work.
    /// - Returns: A store that answers no read at once.
    public static func pausing(_ store: some CacheStore) -> FaultyStore {
        let paused = FaultyStore(store)
        paused.intercept { _, _ in await HistoryPauses.current?.pause() }
        return paused
    }
}
