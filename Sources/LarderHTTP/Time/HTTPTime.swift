/// A moment on the wall clock, to the millisecond.
///
/// The module reads no clock: whoever asks a question says what time it is. All arithmetic ends at the bounds of the type
/// instead of overflowing, since times come out of header fields.
public struct HTTPTime: Sendable, Hashable, Comparable {
    /// Milliseconds since the beginning of 1970, UTC, leap seconds not counted.
    public var millisecondsSince1970: Int64

    /// Makes a time from milliseconds.
    ///
    /// - Parameter millisecondsSince1970: Milliseconds since the beginning of 1970.
    public init(millisecondsSince1970: Int64) {
        self.millisecondsSince1970 = millisecondsSince1970
    }

    /// Makes a time from whole seconds; those that do not fit end at the bounds.
    ///
    /// - Parameter secondsSince1970: Seconds since the beginning of 1970.
    public init(secondsSince1970: Int64) {
        self.millisecondsSince1970 = secondsSince1970.multipliedSaturating(by: 1_000)
    }

    /// Makes a time from seconds with a fraction; one that is not a number is the beginning of 1970.
    ///
    /// - Parameter interval: Seconds since the beginning of 1970, as Foundation's dates have them.
    public init(timeIntervalSince1970 interval: Double) {
        // A conversion traps on what does not fit: nine quintillion milliseconds are 292 million years.
        let milliseconds = interval.isNaN ? 0 : (interval * 1_000).rounded(.down)
        self.millisecondsSince1970 = Int64(max(-9.0e18, min(milliseconds, 9.0e18)))
    }

    /// The whole seconds since the beginning of 1970, rounded down.
    public var secondsSince1970: Int64 {
        let (quotient, remainder) = self.millisecondsSince1970.quotientAndRemainder(dividingBy: 1_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// How much later this time is than another; negative where it is earlier.
    ///
    /// - Parameter other: The other time.
    /// - Returns: The duration between both.
    public func duration(since other: HTTPTime) -> Duration {
        .milliseconds(self.milliseconds(since: other))
    }

    /// The time after a duration.
    ///
    /// - Parameter duration: How much later; may be negative.
    /// - Returns: The later time.
    public func advanced(by duration: Duration) -> HTTPTime {
        HTTPTime(
            millisecondsSince1970: self.millisecondsSince1970.addedSaturating(duration.saturatedMilliseconds)
        )
    }

    func milliseconds(since other: HTTPTime) -> Int64 {
        self.millisecondsSince1970.subtractedSaturating(other.millisecondsSince1970)
    }

    /// Whether one time is earlier than the other.
    public static func < (left: HTTPTime, right: HTTPTime) -> Bool {
        left.millisecondsSince1970 < right.millisecondsSince1970
    }
}

extension HTTPTime: Codable {
    /// Reads the milliseconds.
    public init(from decoder: any Decoder) throws {
        self.millisecondsSince1970 = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Writes the milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.millisecondsSince1970)
    }
}

extension Int64 {
    func addedSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    func subtractedSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = self.subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }

    func multipliedSaturating(by factor: Int64) -> Int64 {
        let (product, overflow) = self.multipliedReportingOverflow(by: factor)
        return overflow ? ((self < 0) != (factor < 0) ? .min : .max) : product
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero, ending at the bounds of an `Int64`.
    var saturatedMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds.multipliedSaturating(by: 1_000).addedSaturating(attoseconds / 1_000_000_000_000_000)
    }
}
