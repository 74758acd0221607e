/// One namespace of a store: what a cache reads and writes.
///
/// The rules that every implementation keeps:
///
/// - Each call sees what ``read(_:_:)`` sees. An entry that has expired, or whose generation is not the namespace's
///   current one, or one of whose tags has another generation by now or none, is absent for all of them. One that is
///   stale, by age or by a tag, is absent for all but ``read(_:_:)``.
/// - Time comes from the store's clock, never from the caller's.
/// - A call takes one round trip, however many keys it names.
/// - A call that cannot be carried out throws ``CacheError`` with ``CacheError/Code/unavailable``; every wait ends.
/// - Whatever writes or removes a key ends its lease, so that a fill that began before cannot commit after; ``clear()`` and
///   ``removeAll(matching:)`` end all leases of the namespace. ``touch(_:_:)`` ends none. A lease one of whose tags has
///   another generation by now counts as absent.
/// - Writing an entry takes the generations of its tags as they are, and makes those that are missing; it sees to it that
///   they outlive the entry.
public protocol NamespaceStore: Sendable {
    /// Reads a key at once, where the store is in this process; the fast path of every hit in memory.
    ///
    /// Only asked where a copy may answer (``ReadFreshness/tracked``).
    ///
    /// - Parameter key: The key.
    /// - Returns: The value of a fresh entry, or that there is nothing; ``ImmediateLookup/unknown`` where the answer takes a
    ///   wait or more than a value, so that ``read(_:_:)`` has to be asked.
    func readNow(_ key: StoreKey) -> ImmediateLookup

    /// Reads several keys.
    ///
    /// With ``ReadFreshness/strict`` the answer is what the store itself has at some moment after the call began, never what
    /// was read before; leases come from it in any case.
    ///
    /// - Returns: A result for each key, in order.
    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup]

    /// Writes several entries, whoever holds their leases.
    ///
    /// - Returns: For each entry, in order, whether the condition let it be written.
    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool]

    /// Writes several entries under the leases that their readers were granted.
    ///
    /// An entry is written only if its lease stands, no tag of the lease and none of ``EntryCommit/marks`` has another
    /// generation by now, and none of ``EntryCommit/lateTags`` was invalidated since the lease was granted. Otherwise
    /// its lease is ended.
    ///
    /// A store whose servers may forget what they have acknowledged numbers its meetings with them, and says the number in
    /// leases and in what it shows of them. Under a lease of an earlier meeting nothing is written either.
    ///
    /// - Returns: For each entry, in order, whether it was written.
    func commit(_ commits: [EntryCommit]) async throws -> [Bool]

    /// Gives leases back without writing, so that the next reader need not wait until they run out.
    func release(_ leases: [Lease]) async throws

    /// Lets leases stand for `duration` from now.
    ///
    /// - Returns: For each lease, in order, whether it stood, under the generations and tags it was granted with.
    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool]

    /// Begins to listen for the end of the lease on a key.
    ///
    /// Whoever wants to wait for it looks at the key again after this has returned: a lease that ended before may not be
    /// told.
    ///
    /// - Returns: What to wait on; `nil` where the store cannot tell, and has to be asked again from time to time.
    func listen(for key: StoreKey) async throws -> (any LeaseSignal)?

    /// Removes several keys.
    ///
    /// - Returns: For each key, in order, whether there was an entry.
    func remove(_ keys: [StoreKey]) async throws -> [Bool]

    /// Adds to an integer, atomically and exactly; its time to live stays as it is.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - delta: What to add.
    ///   - initial: The entry to start from where there is none; its value is an integer.
    ///   - bounds: What the sum may be.
    /// - Returns: The integer after the addition.
    /// - Throws: ``CacheError`` with ``CacheError/Code/keyNotFound``, ``CacheError/Code/notAnInteger`` or
    ///   ``CacheError/Code/integerOverflow``, which all leave the entry as it was.
    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64

    /// Adds text or bytes to the end of an entry of the same kind; its time to live stays as it is.
    ///
    /// - Parameter write: What to add, and the entry to make of it where there is none.
    /// - Returns: The length of the value afterwards, in bytes.
    /// - Throws: ``CacheError`` with ``CacheError/Code/appendFailed`` where the entry is of another kind.
    func append(_ write: EntryWrite) async throws -> Int

    /// Gives a fresh entry another time to live, counted from now.
    ///
    /// - Returns: Whether there was a fresh entry.
    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool

    /// The keys of all fresh entries that match, each once, in no order.
    ///
    /// Entries written or removed while the sequence runs may or may not be seen.
    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable

    /// The tags as they are now; those that have no generation get one.
    ///
    /// What a fill takes before it reads the data that the tags stand for.
    ///
    /// - Parameters:
    ///   - tags: The tags, each once.
    ///   - duration: How long the generations have to be kept at least, unless an entry needs them longer.
    /// - Returns: A mark for each, in order.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``.
    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark]

    /// Draws new generations for tags, at the same cost however many entries have them.
    ///
    /// With ``TagInvalidation/dead``, entries under them are dead and leases that named them are void.
    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws

    /// What is known of a key, dead entries included; changes nothing.
    ///
    /// - Returns: A report of each tier, the nearest first.
    func report(on key: StoreKey) async throws -> [EntryReport]

    /// Removes all entries that match, of every version.
    ///
    /// Raises the namespace's fill epoch first, so no fill that is under way can bring one of them back.
    ///
    /// - Returns: How many entries were removed.
    func removeAll(matching pattern: GlobPattern) async throws -> Int

    /// The parts of the store that a call on some keys needs, where parts of it can fail by themselves.
    ///
    /// The circuit breaker of a cache asks while something has failed lately, so that who needs nothing that fails goes on. It
    /// must not wait for anything.
    ///
    /// - Parameter keys: The keys; none for a call about the namespace as a whole, its tags or its generation.
    /// - Returns: The parts; none where the store fails as a whole, or where nobody knows.
    func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain>

    /// The part of the store that an error comes from.
    ///
    /// - Parameter error: What a call has thrown, with ``CacheError/Code/unavailable``.
    /// - Returns: One of the parts that ``failureDomains(of:)`` may return; `nil` where it is none of these.
    func failureDomain(of error: CacheError) -> FailureDomain?

    /// Asks one part of the store for something small, which changes nothing, and asks no other part.
    ///
    /// The circuit breaker does so before it lets calls through that need a part which has failed.
    ///
    /// - Parameter part: One of those that ``failureDomains(of:)`` has returned.
    /// - Returns: Whether the part has answered, or nothing depends on it any more; `false` where the store cannot ask it by
    ///   itself, so that a read has to show how it is.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` where the part does not answer.
    func probe(_ part: FailureDomain) async throws -> Bool

    /// Gives the namespace a new generation, which leaves every entry dead and every lease void, at the cost of one write.
    func clear() async throws
}

extension NamespaceStore {
    /// A store that cannot tell.
    public func listen(for key: StoreKey) async throws -> (any LeaseSignal)? { nil }

    /// A store that fails as a whole.
    public func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> { [] }

    /// A store that fails as a whole.
    public func failureDomain(of error: CacheError) -> FailureDomain? { nil }

    /// A store that cannot ask its parts one by one.
    public func probe(_ part: FailureDomain) async throws -> Bool { false }
}

/// Tells when the lease on a key has ended.
public protocol LeaseSignal: Sendable {
    /// Waits until the lease may have ended, or for `duration`.
    ///
    /// It may return early, and does when the store cannot tell any more; the caller looks at the key in any case.
    ///
    /// - Throws: `CancellationError`.
    func wait(atMost duration: Duration) async throws

    /// Stops listening.
    ///
    /// Called exactly once.
    func cancel()
}
