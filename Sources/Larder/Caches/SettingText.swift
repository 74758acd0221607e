/// What people write where a setting is a time, a size or a number.
///
/// Every function returns `nil` for text that is not wholly of its form; the words for what would have been are beside it.
package enum SettingText {
    /// What ``duration(_:)`` reads, in words.
    package static let durationForm = "a time with units, such as 250ms, 30s, 5m or 1h30m"

    /// What ``size(_:)`` reads, in words.
    package static let sizeForm = "a number of bytes, such as 64MiB, 1GiB or 1048576"

    /// A time: numbers with units, the longest first, such as `1h30m`, `1.5s`, `250ms`; a plain `0` is none.
    ///
    /// Other numbers need a unit: what one setting counts in seconds, another would in milliseconds.
    ///
    /// - Parameter text: The text.
    /// - Returns: The time, zero or more and a hundred years at most.
    package static func duration(_ text: some StringProtocol) -> Duration? {
        if text == "0" { return .zero }
        var rest = Substring(text)
        var sum = Duration.zero
        var units = Self.units[...]
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest[number.endIndex...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[name.endIndex...]
            guard let index = units.firstIndex(where: { $0.name == name }),
                let count = Self.decimal(number), count * units[index].seconds <= Self.longest
            else { return nil }
            sum += .nanoseconds(Int64((count * units[index].seconds * 1_000_000_000).rounded()))
            units = units[(index + 1)...]
        }
        return sum
    }

    /// A number of bytes, with or without a unit: `64MiB` and `64MB` are 2^26 and 64 million.
    ///
    /// - Parameter text: The text.
    /// - Returns: The number, zero or more.
    package static func size(_ text: some StringProtocol) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = self.wholeNumber(digits) else { return nil }
        let unit = text[digits.endIndex...]
        guard let factor = unit.isEmpty ? 1 : Self.sizes[unit.uppercased()] else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: factor)
        return overflow ? nil : bytes
    }

    /// Digits and nothing else; `Int.init` would take a sign too.
    ///
    /// - Parameter text: The text.
    /// - Returns: The number.
    package static func wholeNumber(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    /// A number with or without a fraction, without sign or exponent.
    ///
    /// - Parameter text: The text.
    /// - Returns: The number.
    package static func number(_ text: some StringProtocol) -> Double? { self.decimal(Substring(text)) }

    /// A time as ``duration(_:)`` reads it.
    ///
    /// - Parameter duration: The time, in whole milliseconds.
    /// - Returns: Its text, such as `60s` or `250ms`.
    static func words(for duration: Duration) -> String {
        let milliseconds = Int(duration / .milliseconds(1))
        return milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
    }

    /// A decision.
    ///
    /// - Parameter text: The text.
    /// - Returns: The decision.
    package static func flag(_ text: some StringProtocol) -> Bool? {
        switch text.lowercased() {
        case "true", "yes", "on", "1": true
        case "false", "no", "off", "0": false
        default: nil
        }
    }

    private static let units: [(name: String, seconds: Double)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1), ("ms", 0.001), ("us", 0.000_001),
    ]

    private static let longest = 100 * 365 * 86_400.0

    /// The longest time that ``duration(_:)`` reads.
    package static let longestDuration = Duration.seconds(Int64(Self.longest))

    private static let sizes: [String: Int] = [
        "B": 1,
        "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
        "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "TB": 1_000_000_000_000,
    ]

    private static func decimal(_ text: Substring) -> Double? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        return Double(text)
    }
}
