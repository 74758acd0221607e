/// Glob patterns, as Redis matches keys with them.
///
/// `*` stands for any characters, `?` for one, `[a-c]` for one of some, `[^a]` for any but one; a backslash takes the
/// meaning from the next character.
public enum RedisGlob: Sendable {
    /// A pattern that matches a text and nothing else.
    ///
    /// ```swift
    /// let pattern = RedisGlob.escape(namespace) + ":*"
    /// ```
    ///
    /// - Parameter text: The text.
    /// - Returns: The text with a backslash before each character that means something in a pattern.
    public static func escape(_ text: String) -> String {
        guard text.utf8.contains(where: Self.isSpecial) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 8)
        for byte in text.utf8 {
            if Self.isSpecial(byte) { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        // `]`, `^` and `-` mean something only behind a `[`, which is escaped; escaping them does no harm either, but
        // makes patterns hard to read.
        case UInt8(ascii: "*"), UInt8(ascii: "?"), UInt8(ascii: "["), UInt8(ascii: "\\"): true
        default: false
        }
    }
}
