/// Where settings come from: the command line and, for what it does not say, the environment.
struct SettingSources {
    private let arguments: [String: String]
    private let environment: [String: String]

    /// Reads a command line of `--name value` and `--name=value`.
    ///
    /// - Parameters:
    ///   - arguments: The command line, without the program's name.
    ///   - environment: The environment.
    ///   - names: The settings that there are.
    /// - Throws: For an argument that is no setting, or comes twice, or has no value.
    init(arguments: [String], environment: [String: String], names: [String]) throws(SettingsError) {
        var found: [String: String] = [:]
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].dropFirst(2).uppercased().replacing("-", with: "_")
            guard argument.hasPrefix("--"), names.contains(name) else {
                throw SettingsError("\(argument.debugDescription) is no setting; --help lists them")
            }
            guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                throw SettingsError("\(argument) lacks its value")
            }
            guard found.updateValue(value, forKey: name) == nil else {
                throw SettingsError("\(parts[0]) is there twice")
            }
        }
        self.arguments = found
        self.environment = environment
    }

    /// A setting's text; an empty one in the environment is none.
    func value(_ name: String) -> FoundSetting? {
        if let text = self.arguments[name] { return FoundSetting(name: name, place: "argument", text: text) }
        guard let text = self.environment[name], !text.isEmpty else { return nil }
        return FoundSetting(name: name, place: "environment", text: text)
    }
}

/// A setting that was found.
struct FoundSetting {
    let name: String
    let place: String
    let text: String

    /// The error of a setting that cannot be used.
    ///
    /// - Parameters:
    ///   - accepted: What would have been right.
    ///   - found: What was found; `nil` quotes the value, so what can hold a password must say something else.
    /// - Returns: The error.
    func rejected(accepted: String, found: String? = nil) -> SettingsError {
        SettingsError(
            "\(self.name) (\(self.place)): found \(found ?? self.text.debugDescription); accepted is \(accepted)"
        )
    }

    /// The setting as a whole number.
    func number(in range: ClosedRange<Int>, of unit: String) throws(SettingsError) -> Int {
        guard let number = Int(self.text), range.contains(number) else {
            throw self.rejected(accepted: "\(unit) from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The setting as a switch.
    func isOn() throws(SettingsError) -> Bool {
        guard ["on", "off"].contains(self.text) else { throw self.rejected(accepted: "on or off") }
        return self.text == "on"
    }
}

/// A setting that the proxy cannot start with, in one line.
struct SettingsError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
