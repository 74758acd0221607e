import Configuration

/// A place that settings come from.
///
/// `ConfigReader` would merge the places, but then a wrong value looks like one that is missing. The start is to stop
/// with a line that says where it stands and what it is, so each place is asked by itself.
struct SettingsSource: Sendable {
    let name: String
    let provider: any ConfigProvider
}

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

extension [SettingsSource] {
    /// A setting's text from the first place that has it.
    ///
    /// Numbers, as JSON can have them, are taken as their text.
    func value(_ key: String...) throws(SettingsError) -> FoundSetting? {
        let name = key.map { $0.uppercased() }.joined(separator: "_")
        for source in self {
            let text: String?
            do {
                text = try source.text(AbsoluteConfigKey(key))
            } catch {
                throw SettingsError(name, in: source.name, found: "neither text nor a number", accepted: "one of these")
            }
            if let text { return FoundSetting(key: name, origin: source.name, text: text) }
        }
        return nil
    }
}

extension SettingsSource {
    fileprivate func text(_ key: AbsoluteConfigKey) throws -> String? {
        do {
            return try self.provider.value(forKey: key, type: .string).value.flatMap { value in
                if case .string(let text) = value.content { text } else { nil }
            }
        } catch {
            // Not text. If it is no number either, that is the error.
            return try self.provider.value(forKey: key, type: .int).value.flatMap { value in
                if case .int(let number) = value.content { "\(number)" } else { nil }
            }
        }
    }
}
