/// A moment on the wall clock, as Redis counts it: from the beginning of 1970, UTC.
public struct RedisTime: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Microseconds since the beginning of 1970, UTC.
    public var microseconds: Int64

    /// - Parameter microseconds: Microseconds since the beginning of 1970, UTC.
    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// - Parameter milliseconds: Milliseconds since the beginning of 1970, UTC, pinned to the range of microseconds.
    public init(milliseconds: Int64) {
        self.microseconds = Self.pinned(milliseconds, times: 1_000)
    }

    /// - Parameter seconds: Seconds since the beginning of 1970, UTC, pinned to the range of microseconds.
    public init(seconds: Int64) {
        self.microseconds = Self.pinned(seconds, times: 1_000_000)
    }

    /// Whole milliseconds since the beginning of 1970, UTC.
    public var milliseconds: Int64 { self.microseconds / 1_000 }

    /// Whole seconds since the beginning of 1970, UTC.
    public var seconds: Int64 { self.microseconds / 1_000_000 }

    /// The seconds, with a fraction of six digits.
    public var description: String {
        let fraction = String((self.microseconds % 1_000_000).magnitude)
        let sign = self.microseconds < 0 ? "-" : ""
        return "\(sign)\(self.seconds.magnitude).\(String(repeating: "0", count: 6 - fraction.count))\(fraction)"
    }

    /// How long it is from this moment to another; positive when `other` is later.
    ///
    /// - Parameter other: The moment to measure to.
    /// - Returns: The time between the two.
    public func duration(to other: RedisTime) -> Duration {
        .microseconds(other.microseconds) - .microseconds(self.microseconds)
    }

    /// The moment some time after this one.
    ///
    /// - Parameter duration: How far to go.
    /// - Returns: The moment there, pinned to the range of microseconds.
    public func advanced(by duration: Duration) -> RedisTime {
        let (seconds, attoseconds) = duration.components
        let scaled = Self.pinned(seconds, times: 1_000_000)
        let (sum, overflow) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        let (end, overflowed) = self.microseconds.addingReportingOverflow(sum)
        return .init(microseconds: overflow || overflowed ? (seconds < 0 ? .min : .max) : end)
    }

    /// Whether one moment is earlier than another.
    public static func < (left: RedisTime, right: RedisTime) -> Bool { left.microseconds < right.microseconds }

    private static func pinned(_ count: Int64, times factor: Int64) -> Int64 {
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? (count < 0 ? .min : .max) : product
    }
}
