import HTTPTypes

/// A date of a header field (RFC 9110, section 5.6.7): a moment to the second.
///
/// Reads the three forms that a recipient must accept and nothing else: IMF-fixdate, RFC 850's and asctime's. Names and
/// `GMT` may be in any case. What is nearly a date is none: for `Expires` that means "already expired" (RFC 9111,
/// section 5.3), and guessing would make somebody's mistake fresh.
public struct HTTPDate: Sendable, Hashable, Comparable {
    /// Seconds since the beginning of 1970, UTC.
    public let secondsSince1970: Int64

    /// Makes a date.
    ///
    /// - Parameter secondsSince1970: Seconds since the beginning of 1970.
    public init(secondsSince1970: Int64) {
        self.secondsSince1970 = secondsSince1970
    }

    /// Makes a date from a time, rounded down to the second.
    ///
    /// - Parameter time: The time.
    public init(_ time: HTTPTime) {
        self.secondsSince1970 = time.secondsSince1970
    }

    /// Reads a date.
    ///
    /// - Parameters:
    ///   - text: The field's value.
    ///   - now: The time now, which says in which century a year of two digits lies.
    public init?(_ text: some StringProtocol, now: HTTPTime) {
        var text = String(text)
        guard let date = text.withUTF8({ HTTPDate(bytes: $0, now: now) }) else { return nil }
        self = date
    }

    /// The moment as a time.
    public var time: HTTPTime { HTTPTime(secondsSince1970: self.secondsSince1970) }

    /// Whether one date is earlier than the other.
    public static func < (left: HTTPDate, right: HTTPDate) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }

    /// The one date of a field; absent where there is no such line, invalid where there are several or it is no date.
    static func field(_ name: HTTPField.Name, in fields: HTTPFields, now: HTTPTime) -> Reading {
        var reading = Reading.absent
        for field in fields where field.name == name {
            // Two lines contradict each other even where they agree: the grammar has no list of dates.
            guard case .absent = reading else { return .invalid }
            reading = field.withUnsafeBytesOfValue { HTTPDate(bytes: $0, now: now) }.map(Reading.date) ?? .invalid
        }
        return reading
    }

    /// What a field says.
    enum Reading: Equatable {
        case absent
        case invalid
        case date(HTTPDate)

        var date: HTTPDate? {
            if case .date(let date) = self { date } else { nil }
        }
    }
}

extension HTTPDate: Codable {
    /// Reads the seconds.
    public init(from decoder: any Decoder) throws {
        self.secondsSince1970 = try decoder.singleValueContainer().decode(Int64.self)
    }

    /// Writes the seconds.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.secondsSince1970)
    }
}
