import Configuration
import Larder

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Where the keys are that caches refer to by name.
struct SealingKeySource {
    /// The section of the configuration that has them.
    static let section = "encryptionKeys"

    let sources: [ConfigurationSource]
    let provider: (@Sendable (_ name: String) throws -> [UInt8]?)?

    /// The key that a setting names.
    ///
    /// - Throws: ``ConfigurationError``, which shows nothing of the key.
    func key(named name: String, by setting: FoundSetting) throws(ConfigurationError) -> SealingKeys.Key {
        guard CacheDefinition.isName(name) else {
            // Perhaps it is the key itself that somebody has put here.
            throw ConfigurationError(
                setting.key,
                in: setting.origin,
                found: "a text of \(name.count) characters",
                accepted: "the name of a key: \(CacheDefinition.nameForm)"
            )
        }
        do {
            if let bytes = try self.provider?(name) { return SealingKeys.Key(name: name, bytes: bytes) }
        } catch {
            throw ConfigurationError(
                setting.key,
                in: setting.origin,
                "the key \(name.debugDescription) cannot be had (\(type(of: error)))"
            )
        }
        for source in self.sources {
            guard let found = try Self.find(name, in: source) else { continue }
            guard case .text(let text) = found.value, let data = Data(base64Encoded: text), !data.isEmpty else {
                throw found.rejected(accepted: "a key in base 64")
            }
            return SealingKeys.Key(name: name, bytes: [UInt8](data))
        }
        throw ConfigurationError(
            setting.key,
            in: setting.origin,
            found: "the name \(name.debugDescription) of a key that is nowhere",
            accepted: "the name of a key in \(Self.section)"
        )
    }

    private static func find(
        _ name: String,
        in source: ConfigurationSource
    ) throws(ConfigurationError) -> FoundSetting? {
        switch source.content {
        case .tree(let entries):
            let entry = entries.first { $0.path == [Self.section, name] }
            return entry.map {
                FoundSetting(
                    key: $0.path.joined(separator: "."),
                    origin: "\(source.name):\($0.line)",
                    value: $0.value,
                    isSecret: true
                )
            }
        case .variables(let variables):
            let key = "\(SettingSpelling.variable(Self.section))_\(SettingSpelling.variable(name))"
            return variables[key].map {
                FoundSetting(key: key, origin: source.name, value: .text($0), isSecret: true)
            }
        case .options:
            // What stands in the arguments of a process, all who may list processes can read.
            return nil
        case .unlisted:
            return try source.setting([Self.section, name], isSecret: true)
        }
    }
}
