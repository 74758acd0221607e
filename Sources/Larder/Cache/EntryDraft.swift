/// An entry as ``Cache/update(_:tags:atMost:_:)`` shows it to a change.
///
/// What the change does not set stays as it is.
public struct EntryDraft<Value: Sendable>: Sendable {
    /// The value of the fresh entry; `nil` where there is none, or one of another type.
    public let value: Value?

    /// How long the entry has left, of whatever type it is, by the store's clock; `nil` where there is none.
    public let timeLeft: TimeLeft?

    /// What the change has set.
    private(set) var written: Written?

    struct Written: Sendable {
        var value: Value
        /// How long it is to live; outer `nil`, as long as the entry has left.
        var ttl: TimeToLive??
    }

    init(value: Value?, timeLeft: TimeLeft?) {
        self.value = value
        self.timeLeft = timeLeft
    }

    /// Sets the value, which ends when the entry would have ended; where there is no entry, after the cache's default time.
    ///
    /// - Parameter value: The value.
    public mutating func set(_ value: Value) {
        self.written = Written(value: value, ttl: .none)
    }

    /// Sets the value and how long it stays fresh from now on.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - ttl: How long. `nil`, for ever; zero or less stores nothing, and leaves the entry as it is.
    public mutating func set(_ value: Value, ttl: TimeToLive?) {
        self.written = Written(value: value, ttl: .some(ttl))
    }

    /// Takes back what was set.
    public mutating func keep() { self.written = nil }
}
