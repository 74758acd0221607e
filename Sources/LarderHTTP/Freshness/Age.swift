public import HTTPTypes

/// How old a response is (RFC 9111, section 4.2.3).
public struct Age: Sendable, Hashable, Comparable {
    /// Milliseconds, never less than zero.
    public let milliseconds: Int64

    /// Makes an age; a negative one is zero.
    ///
    /// - Parameter milliseconds: Milliseconds.
    public init(milliseconds: Int64) {
        self.milliseconds = max(0, milliseconds)
    }

    /// Whole seconds as they stand in the `Age` field (RFC 9111, section 5.1): rounded down, at most 2³¹.
    public var seconds: Int64 { min(self.milliseconds / 1_000, DeltaSeconds.greatest) }

    /// The age on arrival: `corrected_initial_age`.
    ///
    /// - Parameters:
    ///   - fields: The response's fields, with the `Age` that caches on the way have put there.
    ///   - date: The response's `Date`; `nil` where there is none that can be read.
    ///   - requestTime: When the request was sent.
    ///   - responseTime: When the response came.
    ///   - skew: How far `Date` may lie in the past without counting: it has no fractions of a second, and clocks differ.
    /// - Returns: The age.
    public static func onArrival(
        _ fields: HTTPFields,
        date: HTTPDate?,
        requestTime: HTTPTime,
        responseTime: HTTPTime,
        skew: Duration = .seconds(1)
    ) -> Age {
        let apparent =
            date.map { date in
                max(0, responseTime.milliseconds(since: date.time).subtractedSaturating(skew.saturatedMilliseconds))
            } ?? 0
        let delay = max(0, responseTime.milliseconds(since: requestTime))
        let corrected = ((Self.field(in: fields) ?? 0) * 1_000).addedSaturating(delay)
        return Age(milliseconds: max(apparent, corrected))
    }

    /// The age after a time in the store: `current_age`.
    ///
    /// - Parameter resident: How long the response has lain there, best read off a clock that nobody sets.
    /// - Returns: The age.
    public func after(_ resident: Duration) -> Age {
        Age(milliseconds: self.milliseconds.addedSaturating(max(0, resident.saturatedMilliseconds)))
    }

    /// What the `Age` field says, in seconds: the first member of its first line, which must be digits only, at most 2³¹.
    ///
    /// - Parameter fields: A response's fields.
    /// - Returns: `nil` where there is no such field or no number.
    public static func field(in fields: HTTPFields) -> Int64? {
        fields.first(.age)?.withUnsafeBytesOfValue { value in
            DeltaSeconds.parse(value.part(0..<(value.firstIndex(of: UInt8(ascii: ",")) ?? value.count)).trimmed)
        }
    }

    /// Whether one age is less than the other.
    public static func < (left: Age, right: Age) -> Bool { left.milliseconds < right.milliseconds }
}

extension Age: Codable {
    /// Reads the milliseconds.
    public init(from decoder: any Decoder) throws {
        self.init(milliseconds: try decoder.singleValueContainer().decode(Int64.self))
    }

    /// Writes the milliseconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.milliseconds)
    }
}
