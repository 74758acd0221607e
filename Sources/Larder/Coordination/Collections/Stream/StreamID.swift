/// The name of a message in a stream: when it was appended, and the how many-eth it was in that millisecond.
///
/// Ids of a stream only grow, whatever happens to the clock, so that "what came after this one" always has an answer. The
/// text is Redis': `1760000000000-0`.
public struct StreamID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970 by the store's clock.
    public var milliseconds: UInt64

    /// Which one of the same millisecond, from 0 on.
    public var sequence: UInt64

    /// Makes an id.
    ///
    /// - Parameters:
    ///   - milliseconds: Milliseconds since 1970.
    ///   - sequence: Which one of the same millisecond.
    public init(milliseconds: UInt64, sequence: UInt64 = 0) {
        self.milliseconds = milliseconds
        self.sequence = sequence
    }

    /// Reads an id's text.
    ///
    /// - Parameter text: Two decimal numbers with a hyphen between them; `nil` comes of anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let milliseconds = Self.number(parts[0]), let sequence = Self.number(parts[1]) else {
            return nil
        }
        self.init(milliseconds: milliseconds, sequence: sequence)
    }

    /// Digits and nothing else: `UInt64` itself also takes a sign.
    private static func number(_ text: some StringProtocol) -> UInt64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt64(text) : nil
    }

    /// Before all messages: no message has it.
    public static let zero = StreamID(milliseconds: 0)

    /// The last id that there can be.
    public static let last = StreamID(milliseconds: .max, sequence: .max)

    /// Whether one id comes before another.
    public static func < (left: StreamID, right: StreamID) -> Bool {
        (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
    }

    /// The id right behind this one; `nil` behind the last.
    package var next: StreamID? {
        if self.sequence < .max { return StreamID(milliseconds: self.milliseconds, sequence: self.sequence + 1) }
        return self.milliseconds < .max ? StreamID(milliseconds: self.milliseconds + 1) : nil
    }

    /// The id as Redis writes it.
    public var description: String { "\(self.milliseconds)-\(self.sequence)" }
}
