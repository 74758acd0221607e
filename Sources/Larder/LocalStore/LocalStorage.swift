/// How a store on this machine's disk does the steps of one namespace.
package protocol LocalStorage: Sendable {
    /// The store's kind: `sqlite`, `file`.
    var kind: String { get }

    /// What times waits.
    var clock: CacheClock { get }

    /// How many bytes key, header and value of an entry may have together.
    var heaviestEntry: Int { get }

    /// Who waits in this process for the end of a lease of the namespace.
    var signals: LeaseSignals { get }

    /// Reads a key at once; ``ImmediateLookup/unknown`` where that is not possible.
    func readNow(_ key: StoreKey) -> ImmediateLookup

    /// Does a step that can only read.
    ///
    /// - Throws: What `body` throws; ``CacheError`` with ``CacheError/Code/unavailable``.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result

    /// Does a step that can write. When it returns, what was written is seen by everybody.
    ///
    /// - Throws: What `body` throws; ``CacheError`` with ``CacheError/Code/unavailable``.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result
}
