import Configuration
import Larder

/// The settings of all caches, gathered from their sources; those that come first win.
struct CacheListing {
    /// By the caches' names.
    private(set) var caches: [String: [CacheSetting: FoundSetting]] = [:]

    private let section: String
    private let storeOptions: [String]

    /// - Parameters:
    ///   - sources: Where settings come from.
    ///   - section: The name under which the caches stand.
    ///   - storeOptions: The options of all stores, for sources that have to be asked for each.
    /// - Throws: ``ConfigurationError`` for a key that is none.
    init(
        _ sources: [ConfigurationSource],
        section: String,
        storeOptions: [String]
    ) throws(ConfigurationError) {
        self.section = section
        self.storeOptions = storeOptions
        // Trees spell the caches' names as they are, so they are read first, and yet may come last.
        var found: [[String: [CacheSetting: FoundSetting]]] = Array(repeating: [:], count: sources.count)
        var names: Set<String> = []
        for (index, source) in sources.enumerated() {
            if case .tree(let entries) = source.content { found[index] = try self.read(entries, source.name) }
            if case .unlisted(let caches) = source.content { names.formUnion(caches) }
            names.formUnion(found[index].keys)
        }
        for (index, source) in sources.enumerated() {
            switch source.content {
            case .variables(let variables): found[index] = try self.read(variables, source.name, names)
            case .options(let options): found[index] = try self.read(options, source.name, names)
            case .tree, .unlisted: break
            }
            names.formUnion(found[index].keys)
        }
        for (index, source) in sources.enumerated() {
            if case .unlisted = source.content { found[index] = try self.ask(source, about: names) }
        }
        for settings in found.reversed() {
            for (name, settings) in settings {
                self.caches[name, default: [:]].merge(settings) { _, earlier in earlier }
            }
        }
    }

    // MARK: Trees

    private func read(
        _ entries: [SourceEntry],
        _ source: String
    ) throws(ConfigurationError) -> [String: [CacheSetting: FoundSetting]] {
        var caches: [String: [CacheSetting: FoundSetting]] = [:]
        for entry in entries where entry.path.first == self.section {
            let key = entry.path.joined(separator: ".")
            var found = FoundSetting(key: key, origin: "\(source):\(entry.line)", value: entry.value)
            let path = Array(entry.path.dropFirst(2))
            guard entry.path.count > 1 else {
                if entry.value == .nothing { continue }
                throw found.rejected(accepted: "a mapping from the names of caches to their settings")
            }
            guard CacheDefinition.isName(entry.path[1]) else {
                let name = String(entry.path[1].prefix(60)).debugDescription
                throw ConfigurationError(
                    key,
                    in: found.origin,
                    found: "the name \(name)",
                    accepted: CacheDefinition.nameForm
                )
            }
            guard let first = path.first else { throw found.rejected(accepted: "a mapping of settings, with a url") }
            guard let setting = CacheSetting(path) else {
                // A group that is there with nothing in it, or with something that it cannot stand for alone.
                let isGroup = path.count == 1 && CacheSetting.all.contains { $0.path.count > 1 && $0.path[0] == first }
                if path == ["options"] { throw found.rejected(accepted: "a mapping of the store's options") }
                if isGroup { throw found.rejected(accepted: CacheSetting.accepted(insteadOf: [first, ""])) }
                throw Self.unknown(found, path)
            }
            found.isSecret = setting == .url || setting == .encryptionKey
            if let other = caches[entry.path[1]]?[setting] {
                throw ConfigurationError(
                    key,
                    in: found.origin,
                    found: "\(other.key) as well",
                    accepted: "one of the two"
                )
            }
            caches[entry.path[1], default: [:]][setting] = found
        }
        return caches
    }

    private static func unknown(_ found: FoundSetting, _ path: [String]) -> ConfigurationError {
        ConfigurationError(
            found.key,
            in: found.origin,
            found: "an unknown setting",
            accepted: CacheSetting.accepted(insteadOf: path)
        )
    }

    // MARK: Variables and arguments

    private func read(
        _ variables: [String: String],
        _ source: String,
        _ names: Set<String>
    ) throws(ConfigurationError) -> [String: [CacheSetting: FoundSetting]] {
        let settings = CacheSetting.spelled { $0.map(SettingSpelling.variable).joined(separator: "_") }
        let options = Dictionary(self.storeOptions.map { ("OPTIONS_\(SettingSpelling.variable($0))", $0) }) {
            first,
            _ in first
        }
        return try self.read(
            variables.mapValues { .text($0) },
            source,
            Dictionary(names.map { (SettingSpelling.variable($0), $0) }) { first, _ in first },
            separator: "_",
            prefix: SettingSpelling.variable(self.section) + "_",
            settings.merging(options.mapValues { .storeOption($0) }) { first, _ in first }
        ) { $0.lowercased() }
    }

    private func read(
        _ options: [String: [String]],
        _ source: String,
        _ names: Set<String>
    ) throws(ConfigurationError) -> [String: [CacheSetting: FoundSetting]] {
        let settings = CacheSetting.spelled { $0.map(SettingSpelling.argument).joined(separator: "-") }
        let ofStores = Dictionary(self.storeOptions.map { ("options-\($0)", $0) }) { first, _ in first }
        let values = options.map { name, values in
            ("--\(name)", values.count == 1 ? SourceValue.text(values[0]) : values.isEmpty ? .nothing : .list(values))
        }
        return try self.read(
            Dictionary(uniqueKeysWithValues: values),
            source,
            Dictionary(names.map { (SettingSpelling.argument($0), $0) }) { first, _ in first },
            separator: "-",
            prefix: "--\(SettingSpelling.argument(self.section))-",
            settings.merging(ofStores.mapValues { .storeOption($0) }) { first, _ in first }
        ) { $0 }
    }

    /// Reads keys that are one word: the section, the cache's name, the setting.
    ///
    /// A cache that is known is recognised by its name, the longest first; else the longest setting that the key ends with
    /// leaves the name.
    private func read(
        _ values: [String: SourceValue],
        _ source: String,
        _ names: [String: String],
        separator: String,
        prefix: String,
        _ settings: [String: CacheSetting],
        _ name: (String) -> String
    ) throws(ConfigurationError) -> [String: [CacheSetting: FoundSetting]] {
        var caches: [String: [CacheSetting: FoundSetting]] = [:]
        let known = names.keys.sorted { $0.count > $1.count }
        let spellings = settings.keys.sorted { $0.count > $1.count }
        for (key, value) in values.sorted(by: { $0.key < $1.key }) where key.hasPrefix(prefix) {
            let rest = String(key.dropFirst(prefix.count))
            var found = FoundSetting(key: key, origin: source, value: value)
            var cache: String?
            var setting: CacheSetting?
            if let spelled = known.first(where: { rest.hasPrefix($0 + separator) }) {
                cache = names[spelled]
                setting = settings[String(rest.dropFirst(spelled.count + separator.count))]
            } else if let spelled = spellings.first(where: { rest.hasSuffix(separator + $0) }) {
                cache = name(String(rest.dropLast(spelled.count + separator.count)))
                setting = settings[spelled]
            }
            guard let cache, CacheDefinition.isName(cache), let setting else {
                let form = "\(prefix)NAME\(separator)SETTING, with the name of a cache and"
                throw ConfigurationError(
                    key,
                    in: source,
                    found: "an unknown setting",
                    accepted: "\(form) \(CacheSetting.accepted(insteadOf: []))"
                )
            }
            found.isSecret = setting == .url || setting == .encryptionKey
            caches[cache, default: [:]][setting] = found
        }
        return caches
    }

    // MARK: Providers

    private func ask(
        _ source: ConfigurationSource,
        about names: Set<String>
    ) throws(ConfigurationError) -> [String: [CacheSetting: FoundSetting]] {
        var caches: [String: [CacheSetting: FoundSetting]] = [:]
        for name in names.sorted() {
            for setting in CacheSetting.all + self.storeOptions.map({ .storeOption($0) }) {
                let path = [self.section, name] + setting.path
                let isSecret = setting == .url || setting == .encryptionKey
                guard let found = try source.setting(path, isSecret: isSecret) else { continue }
                caches[name, default: [:]][setting] = found
            }
        }
        return caches
    }
}

extension ConfigurationSource {
    /// What a provider has under a key, whatever its type; numbers as their text.
    ///
    /// - Throws: ``ConfigurationError`` where it is neither a text, a number, a boolean nor a list of texts.
    func setting(_ path: [String], isSecret: Bool) throws(ConfigurationError) -> FoundSetting? {
        let key = AbsoluteConfigKey(path)
        var spelled = path.joined(separator: ".")
        for type in [ConfigType.string, .int, .double, .bool, .stringArray] {
            let result: LookupResult
            do {
                result = try self.provider.value(forKey: key, type: type)
            } catch {
                // It is there, and of another type.
                continue
            }
            spelled = result.encodedKey
            guard let content = result.value?.content else { return nil }
            let value: SourceValue
            switch content {
            case .string(let text): value = .text(text)
            case .int(let number): value = .text("\(number)")
            case .double(let number): value = .text("\(number)")
            case .bool(let flag): value = .text("\(flag)")
            case .stringArray(let elements): value = .list(elements)
            default: continue
            }
            return FoundSetting(key: spelled, origin: self.name, value: value, isSecret: isSecret)
        }
        throw ConfigurationError(spelled, in: self.name, found: "something else", accepted: "a text or a number")
    }
}
