import Larder

/// A setting that a source has.
struct FoundSetting: Sendable {
    /// The key, as the source spells it.
    var key: String
    /// Where it stands.
    var origin: String
    var value: SourceValue
    /// Whether what it holds must not be shown.
    var isSecret = false

    /// The error of a setting that cannot be used.
    ///
    /// - Parameter accepted: What would have been right.
    /// - Returns: The error.
    func rejected(accepted: String) -> ConfigurationError {
        ConfigurationError(
            self.key,
            in: self.origin,
            found: self.value.described(isSecret: self.isSecret),
            accepted: accepted
        )
    }

    /// The setting as what `read` makes of its text.
    ///
    /// - Throws: ``ConfigurationError`` where it is no text, or `read` makes nothing of it.
    func value<Value>(_ accepted: String, _ read: (String) -> Value?) throws(ConfigurationError) -> Value {
        guard case .text(let text) = self.value, let value = read(text) else { throw self.rejected(accepted: accepted) }
        return value
    }

    func text(_ accepted: String) throws(ConfigurationError) -> String {
        try self.value(accepted) { $0.isEmpty ? nil : $0 }
    }

    func duration(orNone none: String? = nil, allowsZero: Bool = false) throws(ConfigurationError) -> Duration? {
        let form = SettingText.durationForm + (none.map { ", or \($0)" } ?? "")
        return try self.value(form) { text -> Duration?? in
            if text == none { return .some(nil) }
            guard let duration = SettingText.duration(text), allowsZero || duration > .zero else { return nil }
            return .some(duration)
        }
    }

    func count(in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let words =
            range.upperBound == .max ? "from \(range.lowerBound) on" : "from \(range.lowerBound) to \(range.upperBound)"
        return try self.value("a whole number \(words)") { text in
            SettingText.wholeNumber(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func size() throws(ConfigurationError) -> Int {
        try self.value(SettingText.sizeForm) { SettingText.size($0) }
    }

    func number(in range: ClosedRange<Double>, _ accepted: String) throws(ConfigurationError) -> Double {
        try self.value(accepted) { text in
            guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else { return nil }
            return Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func choice<Choice>(_ choices: KeyValuePairs<String, Choice>) throws(ConfigurationError) -> Choice {
        try self.value(choices.map(\.key).formatted(before: "or")) { text in choices.first { $0.key == text }?.value }
    }

    /// One of the names that the program has given to something.
    ///
    /// - Parameters:
    ///   - values: What has which name.
    ///   - what: What it is, in the plural.
    ///   - other: A name that stands for none of it, and is accepted as well.
    /// - Returns: What has the name that the setting says.
    /// - Throws: ``ConfigurationError`` where nothing has it.
    func registered<Value>(
        _ values: [String: Value],
        _ what: String,
        or other: String? = nil
    ) throws(ConfigurationError) -> Value {
        let names = values.keys.sorted() + (other.map { [$0] } ?? [])
        let accepted =
            values.isEmpty
            ? "\(other ?? "nothing here"), as the program has no \(what)" : names.formatted(before: "or")
        return try self.value(accepted) { values[$0] }
    }

    /// A list of texts, or one text with commas.
    func list(_ accepted: String) throws(ConfigurationError) -> [String] {
        switch self.value {
        case .list(let elements): return elements
        case .text(let text) where !text.isEmpty:
            return text.split(separator: ",").map { String($0.drop { $0 == " " }) }
        default: throw self.rejected(accepted: accepted)
        }
    }
}
