/// An option that a kind of store takes, in the query of its URL or beside it.
public struct StoreOption: Sendable, Hashable {
    /// The option's name, lower-case words joined by underscores.
    public let name: String

    /// What it accepts, in words that complete «accepted is …».
    public let accepts: String

    /// Whether what it is set to must not be shown.
    public let isSecret: Bool

    /// Describes an option.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - accepts: What it accepts, in words that complete «accepted is …».
    ///   - isSecret: Whether what it is set to must not be shown.
    public init(_ name: String, accepts: String, isSecret: Bool = false) {
        self.name = name
        self.accepts = accepts
        self.isSecret = isSecret
    }

    /// An option that is a time; see ``StoreOptions/duration(_:)``.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The option.
    public static func duration(_ name: String) -> Self { .init(name, accepts: SettingText.durationForm) }

    /// An option that is a time within bounds; see ``StoreOptions/duration(_:in:)``.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - range: Which times are accepted.
    /// - Returns: The option.
    public static func duration(_ name: String, in range: ClosedRange<Duration>) -> Self {
        .init(name, accepts: Self.words(for: range))
    }

    /// An option that is a number of bytes; see ``StoreOptions/size(_:from:)``.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - least: The smallest number that is accepted.
    /// - Returns: The option.
    public static func size(_ name: String, from least: Int = 1) -> Self {
        .init(name, accepts: Self.words(forSizesFrom: least))
    }

    /// An option that is a number with or without a fraction; see ``StoreOptions/number(_:in:)``.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - range: Which numbers are accepted.
    /// - Returns: The option.
    public static func number(_ name: String, in range: ClosedRange<Double>) -> Self {
        .init(name, accepts: Self.words(for: range))
    }

    /// An option that is `true` or `false`; see ``StoreOptions/flag(_:)``.
    ///
    /// - Parameter name: Its name.
    /// - Returns: The option.
    public static func flag(_ name: String) -> Self { .init(name, accepts: "true or false") }

    /// An option that is a whole number; see ``StoreOptions/count(_:in:)``.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - range: Which numbers are accepted.
    /// - Returns: The option.
    public static func count(_ name: String, in range: ClosedRange<Int>) -> Self {
        .init(name, accepts: Self.words(for: range))
    }

    /// An option that is one of a few words; see ``StoreOptions/choice(_:among:)``.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - words: The words.
    /// - Returns: The option.
    public static func choice(_ name: String, among words: [String]) -> Self {
        .init(name, accepts: words.formatted(before: "or"))
    }

    static func words(for range: ClosedRange<Int>) -> String {
        range.upperBound == .max
            ? "a whole number from \(range.lowerBound) on"
            : "a whole number from \(range.lowerBound) to \(range.upperBound)"
    }

    static func words(for range: ClosedRange<Duration>) -> String {
        let least = SettingText.words(for: range.lowerBound)
        let bounds =
            range.upperBound >= SettingText.longestDuration
            ? "\(least) or more" : "from \(least) to \(SettingText.words(for: range.upperBound))"
        return "\(SettingText.durationForm), \(bounds)"
    }

    static func words(for range: ClosedRange<Double>) -> String {
        "a number from \(range.lowerBound) to \(range.upperBound)"
    }

    static func words(forSizesFrom least: Int) -> String {
        least > 1 ? "\(SettingText.sizeForm), \(least) or more" : SettingText.sizeForm
    }
}

/// What the options of a store are set to.
///
/// A factory asks for each of its options by name and type; what is not of that type throws an error that names the option,
/// what was found and what is accepted.
public struct StoreOptions: Sendable {
    private let values: [String: String]
    private let described: Set<String>

    /// Gathers options.
    ///
    /// - Parameters:
    ///   - values: What they are set to, by name.
    ///   - described: Those whose values must not be shown.
    public init(_ values: [String: String], neverShowing described: Set<String> = []) {
        self.values = values
        self.described = described
    }

    /// The names of the options that are set, in alphabetical order.
    public var names: [String] { self.values.keys.sorted() }

    /// What an option is set to, as it was written; `nil` where it is not set.
    public subscript(name: String) -> String? { self.values[name] }

    /// An option that is a time with units, such as `250ms`, `5m` or `1h30m`.
    ///
    /// - Parameter name: The option.
    /// - Returns: The time, more than zero; `nil` where it is not set.
    /// - Throws: ``StoreSettingError`` where it is something else.
    public func duration(_ name: String) throws(StoreSettingError) -> Duration? {
        guard let text = self.values[name] else { return nil }
        guard let duration = SettingText.duration(text), duration > .zero else {
            throw self.rejected(name, accepted: SettingText.durationForm)
        }
        return duration
    }

    /// An option that is a time within bounds.
    ///
    /// - Parameters:
    ///   - name: The option.
    ///   - range: Which times are accepted; a hundred years is the most that can be written.
    /// - Returns: The time; `nil` where it is not set.
    /// - Throws: ``StoreSettingError`` where it is something else.
    public func duration(_ name: String, in range: ClosedRange<Duration>) throws(StoreSettingError) -> Duration? {
        guard let text = self.values[name] else { return nil }
        guard let duration = SettingText.duration(text), range.contains(duration) else {
            throw self.rejected(name, accepted: StoreOption.words(for: range))
        }
        return duration
    }

    /// An option that is a number of bytes, such as `256MiB`.
    ///
    /// - Parameters:
    ///   - name: The option.
    ///   - least: The smallest number that is accepted, at least 1.
    /// - Returns: The number; `nil` where it is not set.
    /// - Throws: ``StoreSettingError`` where it is something else.
    public func size(_ name: String, from least: Int = 1) throws(StoreSettingError) -> Int? {
        guard let text = self.values[name] else { return nil }
        guard let size = SettingText.size(text), size >= max(1, least) else {
            throw self.rejected(name, accepted: StoreOption.words(forSizesFrom: least))
        }
        return size
    }

    /// An option that is a number with or without a fraction, such as `0.5`.
    ///
    /// - Parameters:
    ///   - name: The option.
    ///   - range: Which numbers are accepted, none of them negative.
    /// - Returns: The number; `nil` where it is not set.
    /// - Throws: ``StoreSettingError`` where it is something else.
    public func number(_ name: String, in range: ClosedRange<Double>) throws(StoreSettingError) -> Double? {
        guard let text = self.values[name] else { return nil }
        guard let number = SettingText.number(text), range.contains(number) else {
            throw self.rejected(name, accepted: StoreOption.words(for: range))
        }
        return number
    }

    /// An option that is a whole number.
    ///
    /// - Parameters:
    ///   - name: The option.
    ///   - range: Which numbers are accepted.
    /// - Returns: The number; `nil` where it is not set.
    /// - Throws: ``StoreSettingError`` where it is something else.
    public func count(_ name: String, in range: ClosedRange<Int>) throws(StoreSettingError) -> Int? {
        guard let text = self.values[name] else { return nil }
        guard let number = SettingText.wholeNumber(text), range.contains(number) else {
            throw self.rejected(name, accepted: StoreOption.words(for: range))
        }
        return number
    }

    /// An option that is `true` or `false`.
    ///
    /// - Parameter name: The option.
    /// - Returns: The decision; `nil` where it is not set.
    /// - Throws: ``StoreSettingError`` where it is something else.
    public func flag(_ name: String) throws(StoreSettingError) -> Bool? {
        guard let text = self.values[name] else { return nil }
        guard let flag = SettingText.flag(text) else { throw self.rejected(name, accepted: "true or false") }
        return flag
    }

    /// An option that is one of a few words.
    ///
    /// - Parameters:
    ///   - name: The option.
    ///   - choices: What each word means.
    /// - Returns: What the word means; `nil` where the option is not set.
    /// - Throws: ``StoreSettingError`` where it is something else.
    public func choice<Choice>(
        _ name: String,
        among choices: KeyValuePairs<String, Choice>
    ) throws(StoreSettingError) -> Choice? {
        guard let text = self.values[name] else { return nil }
        guard let choice = choices.first(where: { $0.key == text }) else {
            throw self.rejected(name, accepted: choices.map(\.key).formatted(before: "or"))
        }
        return choice.value
    }

    /// The error of an option that cannot be used.
    ///
    /// - Parameters:
    ///   - name: The option.
    ///   - accepted: What would have been right.
    /// - Returns: The error, which describes what was found where it must not be shown.
    public func rejected(_ name: String, accepted: String) -> StoreSettingError {
        StoreSettingError(option: name, found: self.shown(name), accepted: accepted)
    }

    private func shown(_ name: String) -> String {
        guard let value = self.values[name], !value.isEmpty else { return "nothing" }
        if self.described.contains(name) { return "a text of \(value.count) characters" }
        return value.count <= 60 ? value.debugDescription : "\(value.prefix(60).debugDescription)…"
    }
}

extension Collection<String> {
    /// The words as a list in a sentence: `a, b or c`.
    package func formatted(before word: String) -> String {
        guard self.count > 1, let last = self.dropFirst(self.count - 1).first else { return self.first ?? "nothing" }
        return "\(self.dropLast().joined(separator: ", ")) \(word) \(last)"
    }
}
