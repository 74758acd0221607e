/// A number of seconds in a header field (RFC 9111, section 1.2.2).
enum DeltaSeconds {
    /// What greater numbers count as.
    static let greatest: Int64 = 1 << 31

    /// Reads digits, and nothing but digits.
    static func parse(_ bytes: FieldBytes) -> Int64? {
        guard !bytes.isEmpty else { return nil }
        var number: Int64 = 0
        for byte in bytes {
            guard let digit = byte.digit else { return nil }
            number = min(number * 10 + digit, Self.greatest)
        }
        return number
    }

    /// Reads the argument of a directive, which recipients accept in both forms, bare and quoted (RFC 9111, section 5.2).
    static func argument(_ bytes: FieldBytes?) -> Int64? {
        guard let bytes else { return nil }
        return self.parse(bytes.unquoted ?? bytes)
    }
}
