/// A fetched value, and where it came from.
public struct Fetched<Value: Sendable>: Sendable {
    /// The value.
    public let value: Value

    /// Where it came from.
    public let outcome: FetchOutcome
}

/// Where a fetched value came from.
public enum FetchOutcome: Sendable, Hashable {
    /// A fresh entry.
    case hit(EntryInfo)
    /// An entry in its grace.
    case stale(EntryInfo)
    /// The caller's own fill.
    case filled(FillInfo)
    /// A fill that another call had begun.
    case joined(FillInfo)
}

/// What became of a fill.
public struct FillInfo: Sendable, Hashable {
    /// Whether its value is in the store.
    ///
    /// Not so if the entry was invalidated meanwhile, if another process fills the key too, if the fill did not want it
    /// stored, or if the store was unavailable.
    public let isStored: Bool

    /// How long the value stays fresh; `nil` for ever, zero where the fill did not want it stored.
    public let freshFor: Duration?

    /// How long the fill took.
    public let cost: Duration

    /// Whether the value was filled because the store could not be asked.
    public let storeWasUnavailable: Bool
}
