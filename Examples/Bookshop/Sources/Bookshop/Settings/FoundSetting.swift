import Configuration
import LarderConfiguration

/// A setting that was found.
struct FoundSetting: Equatable {
    /// The setting's name, as the environment spells it.
    let key: String
    let origin: String
    let text: String

    /// The error of a setting that cannot be used.
    ///
    /// - Parameters:
    ///   - found: What was found; `nil` quotes the value, so secrets must say something else.
    ///   - accepted: What would have been right.
    /// - Returns: The error.
    func rejected(found: String? = nil, accepted: String) -> SettingsError {
        SettingsError(self.key, in: self.origin, found: found ?? self.text.debugDescription, accepted: accepted)
    }
}

extension [ConfigurationSource] {
    /// A setting's text from the first place that has it.
    ///
    /// `ConfigReader` would merge the places, but then a wrong value looks like one that is missing. The start is to stop
    /// with a line that says where it stands and what it is, so each place is asked by itself.
    func value(_ key: String...) throws(SettingsError) -> FoundSetting? {
        let name = key.map { $0.uppercased() }.joined(separator: "_")
        for source in self {
            let value: ConfigValue?
            do {
                value = try source.provider.value(forKey: AbsoluteConfigKey(key), type: .string).value
            } catch {
                throw SettingsError(name, in: source.name, found: "neither text nor a number", accepted: "one of these")
            }
            if case .string(let text) = value?.content {
                return FoundSetting(key: name, origin: source.name, text: text)
            }
        }
        return nil
    }
}
