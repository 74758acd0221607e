/// What reading a key found.
public enum Lookup<Value: Sendable>: Sendable {
    /// A fresh entry.
    case hit(Value, EntryInfo)
    /// An entry past its time to live but within its grace.
    case stale(Value, EntryInfo)
    /// Nothing.
    case miss
    /// The store could not be asked.
    case unavailable(CacheError)

    /// The value of a fresh entry.
    public var value: Value? {
        if case .hit(let value, _) = self { value } else { nil }
    }
}

/// What is known of an entry beside its value.
public struct EntryInfo: Sendable, Hashable {
    /// How long the entry has left, by the store's clock.
    public let timeLeft: TimeLeft

    /// How long ago it was stored, by the store's clock; `nil` where the store cannot tell, as for an entry for ever.
    public let age: Duration?

    /// What its fill took; `nil` where it was not filled by `fetch`.
    public let fillCost: Duration?

    /// Describes an entry.
    ///
    /// - Parameters:
    ///   - timeLeft: How long the entry has left.
    ///   - age: How long ago it was stored.
    ///   - fillCost: What its fill took.
    public init(timeLeft: TimeLeft, age: Duration?, fillCost: Duration?) {
        self.timeLeft = timeLeft
        self.age = age
        self.fillCost = fillCost
    }
}
