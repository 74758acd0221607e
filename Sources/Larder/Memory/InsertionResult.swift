/// What became of a value that was to be stored.
public enum InsertionResult<Value: Sendable>: Sendable {
    /// It is stored; the key had no live entry before.
    case inserted

    /// It is stored, in the place of this one.
    case replaced(Value)

    /// It is not stored, because its time to live was zero or negative. The key's old entry is removed.
    case alreadyExpired

    /// It is not stored, because it costs more than the cache can hold. The key's old entry is removed: it is no longer
    /// true.
    case tooHeavy

    /// Whether the value is in the cache now.
    public var isStored: Bool {
        switch self {
        case .inserted, .replaced: true
        case .alreadyExpired, .tooHeavy: false
        }
    }
}
