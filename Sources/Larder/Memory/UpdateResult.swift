/// What an update returned, and what became of the entry.
public struct UpdateResult<Result> {
    /// What the update's closure returned.
    public let result: Result

    /// What became of the entry.
    public let outcome: UpdateOutcome

    @usableFromInline
    init(result: Result, outcome: UpdateOutcome) {
        self.result = result
        self.outcome = outcome
    }
}

extension UpdateResult: Sendable where Result: Sendable {}

/// What became of an entry that was updated.
public enum UpdateOutcome: Sendable, Hashable {
    /// The key has the entry that the closure left.
    case stored

    /// The closure left `nil`, or an entry without time to live: the key has none.
    case absent

    /// The closure left a value that costs more than the cache (or the shard that the key belongs to) can hold. The key
    /// has no entry: the old one is no longer true.
    case tooHeavy
}
