import Configuration

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What a source knows, as a provider of swift-configuration: for those settings of a program that are not its caches'.
struct ListedProvider: ConfigProvider, ConfigSnapshot {
    private struct Value: Sendable {
        var elements: [String]
        var isList: Bool
        var isSecret: Bool
    }

    let providerName: String
    private let values: [String: Value]
    /// Spells a key as the values are.
    private let spell: @Sendable (AbsoluteConfigKey) -> String

    init(name: String, entries: [SourceEntry]) {
        self.providerName = name
        self.spell = { $0.components.joined(separator: ".") }
        var values: [String: Value] = [:]
        for entry in entries {
            let isSecret = ConfigurationSource.isSecret(entry.path)
            let key = entry.path.joined(separator: ".")
            switch entry.value {
            case .text(let text): values[key] = Value(elements: [text], isList: false, isSecret: isSecret)
            case .list(let elements): values[key] = Value(elements: elements, isList: true, isSecret: isSecret)
            case .nothing, .other: break
            }
        }
        self.values = values
    }

    init(name: String, options: [String: [String]]) {
        self.providerName = name
        self.spell = { key in
            key.components.map { SettingSpelling.words(in: $0).joined(separator: "-") }.joined(separator: "-")
        }
        self.values = options.mapValues { elements in
            Value(elements: elements.isEmpty ? ["true"] : elements, isList: elements.count > 1, isSecret: false)
        }
    }

    func value(forKey key: AbsoluteConfigKey, type: ConfigType) throws -> LookupResult {
        let name = self.spell(key)
        guard let value = self.values[name] else { return LookupResult(encodedKey: name, value: nil) }
        guard let content = Self.content(of: value, as: type) else {
            throw ConfigurationError(name, in: self.providerName, "found something else than a \(type.rawValue)")
        }
        return LookupResult(encodedKey: name, value: ConfigValue(content, isSecret: value.isSecret))
    }

    private static func content(of value: Value, as type: ConfigType) -> ConfigContent? {
        let elements = value.elements
        switch type {
        case .stringArray: return .stringArray(elements)
        case .intArray: return Self.all(elements) { Int($0) }.map { .intArray($0) }
        case .doubleArray: return Self.all(elements) { Double($0) }.map { .doubleArray($0) }
        case .boolArray: return Self.all(elements) { Bool($0) }.map { .boolArray($0) }
        case .byteChunkArray:
            return Self.all(elements) { Data(base64Encoded: $0).map { [UInt8]($0) } }.map { .byteChunkArray($0) }
        case .string, .int, .double, .bool, .bytes:
            guard !value.isList, let text = elements.first else { return nil }
            switch type {
            case .string: return .string(text)
            case .int: return Int(text).map { .int($0) }
            case .double: return Double(text).map { .double($0) }
            case .bool: return Bool(text).map { .bool($0) }
            default: return Data(base64Encoded: text).map { .bytes([UInt8]($0)) }
            }
        }
    }

    private static func all<Element>(_ texts: [String], _ convert: (String) -> Element?) -> [Element]? {
        let elements = texts.compactMap(convert)
        return elements.count == texts.count ? elements : nil
    }

    // MARK: What never changes

    func fetchValue(forKey key: AbsoluteConfigKey, type: ConfigType) async throws -> LookupResult {
        try self.value(forKey: key, type: type)
    }

    func snapshot() -> any ConfigSnapshot { self }

    func watchValue<Return: ~Copyable>(
        forKey key: AbsoluteConfigKey,
        type: ConfigType,
        updatesHandler: (ConfigUpdatesAsyncSequence<Result<LookupResult, any Error>, Never>) async throws -> Return
    ) async throws -> Return {
        try await self.watchValueFromValue(forKey: key, type: type, updatesHandler: updatesHandler)
    }

    func watchSnapshot<Return: ~Copyable>(
        updatesHandler: (ConfigUpdatesAsyncSequence<any ConfigSnapshot, Never>) async throws -> Return
    ) async throws -> Return {
        try await self.watchSnapshotFromSnapshot(updatesHandler: updatesHandler)
    }
}
