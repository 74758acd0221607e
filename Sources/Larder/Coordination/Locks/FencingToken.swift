/// A number that is larger each time a lock is granted, for the resource that the lock protects.
///
/// A holder can be stopped for longer than its lease (by the operating system, a virtual machine, a debugger) and go on
/// writing when somebody else has the lock. No lock can prevent that; the resource can, if each write brings the token of
/// its lock along and the resource refuses one that is smaller than the newest it has seen. ``FencedValue`` is such a
/// resource; in SQL it is `UPDATE … SET …, token = :token WHERE id = :id AND token <= :token`.
///
/// The idea is from Gray and Cheriton, "Leases" (SOSP 1989), and Burrows, "The Chubby lock service" (OSDI 2006, sequencers).
public struct FencingToken: RawRepresentable, Comparable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The number: positive, and exact in a double.
    public let rawValue: Int64

    /// Makes a token of a number, such as one that came back from a database.
    ///
    /// - Parameter rawValue: The number.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Whether one token was granted before another.
    public static func < (left: FencingToken, right: FencingToken) -> Bool { left.rawValue < right.rawValue }

    /// The number.
    public var description: String { "\(self.rawValue)" }
}

extension FencingToken {
    /// The token after another one: larger than it, and not smaller than the time.
    ///
    /// A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", OPODIS 2014): where the last token was
    /// forgotten, the time makes up for it, and where the time goes back, the last token does.
    ///
    /// - Parameters:
    ///   - last: The last token, if it is known.
    ///   - microseconds: The time in microseconds since 1970.
    /// - Returns: The next token.
    package static func next(after last: FencingToken?, at microseconds: Int64) -> FencingToken {
        FencingToken(rawValue: max((last?.rawValue ?? 0) &+ 1, microseconds))
    }
}
