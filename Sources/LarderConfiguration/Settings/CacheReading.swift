import Larder

/// Makes the definition of one cache of its settings.
struct CacheReading {
    let name: String
    let settings: [CacheSetting: FoundSetting]
    let components: CacheComponents
    let keys: SealingKeySource

    /// - Throws: ``ConfigurationError`` for the first setting that cannot be used.
    func definition() throws(ConfigurationError) -> CacheDefinition {
        guard let url = self.settings[.url] else {
            let any = self.settings.values.min { $0.key < $1.key }
            throw ConfigurationError(
                any?.key ?? self.name,
                in: any?.origin ?? "configuration",
                found: "settings of the cache \(self.name.debugDescription), which has no url",
                accepted: "a url for each cache, such as memory://?entries=10000"
            )
        }
        var definition = CacheDefinition(self.name, url: try url.text("the URL of a store"))
        definition.options = try self.storeOptions()
        definition.namespace = try self.namespace()
        definition.version = try self.settings[.version]?.count(in: 0...Int.max) ?? 1
        definition.defaults = try self.defaults()
        if let codec = self.settings[.codec] {
            definition.codec = try codec.registered(Self.codecs.merging(self.components.codecs) { $1 }, "codecs")
        }
        definition.compression = try self.compression()
        definition.sealer = try self.sealer()
        return definition
    }

    /// The setting that an error of the store is about.
    func setting(for error: StoreSettingError) -> ConfigurationError? {
        let option = error.option
        let candidates = Self.storeSettings.filter { $0.option == option }.map(\.setting)
        let others = option.map { [CacheSetting.storeOption($0)] } ?? []
        if let found = (candidates + others).lazy.compactMap({ self.settings[$0] }).first {
            return ConfigurationError(found.key, in: found.origin, error.message)
        }
        return self.settings[.url].map { url in
            ConfigurationError(url.key, in: url.origin, option == nil ? error.message : error.description)
        }
    }

    /// The codecs that every program has.
    private static let codecs: [String: any CacheCodec] = [
        "json": JSONCodec(), "messagepack": MessagePackCodec(), "plist": PropertyListCodec(),
    ]

    // MARK: The store

    /// Settings that are options of the store under another name.
    private static let storeSettings: [(setting: CacheSetting, option: String)] = [
        (.nearCache, "near_cache"), (.timeout, "timeout"), (.connectTimeout, "connect_timeout"),
    ]

    private func storeOptions() throws(ConfigurationError) -> [String: String] {
        var options: [String: String] = [:]
        for (setting, found) in self.settings.sorted(by: { $0.value.key < $1.value.key }) {
            let alias = Self.storeSettings.first { $0.setting == setting }?.option
            guard let name = setting.storeOption ?? alias else { continue }
            let text = try found.text("a text or a number")
            guard options.updateValue(text, forKey: name) == nil else {
                throw ConfigurationError(
                    found.key,
                    in: found.origin,
                    found: "the option \(name) twice",
                    accepted: "one of them"
                )
            }
        }
        return options
    }

    private func namespace() throws(ConfigurationError) -> CacheNamespace? {
        guard let found = self.settings[.namespace] else { return nil }
        guard case .text(let text) = found.value else { throw found.rejected(accepted: "a text") }
        do {
            return try CacheNamespace(text)
        } catch {
            let reason = (error as? CacheError)?.message ?? "another text"
            throw found.rejected(accepted: "another namespace: \(reason)")
        }
    }

    // MARK: Bytes

    private func compression() throws(ConfigurationError) -> EntryCompression? {
        let parts: [CacheSetting] = [.compressionThreshold, .compressionLevel, .compressionLimit]
        guard let found = self.settings[.compressor] else {
            if let part = parts.lazy.compactMap({ self.settings[$0] }).first {
                throw part.rejected(accepted: "this only together with compression.with")
            }
            return nil
        }
        if case .text("none") = found.value {
            if let part = parts.lazy.compactMap({ self.settings[$0] }).first {
                throw part.rejected(accepted: "this only with a compression other than none")
            }
            return self.readingCompression()
        }
        let make = try found.registered(self.components.compressors, "compressors", or: "none")
        let level = self.settings[.compressionLevel]
        let number = try level?.value("a whole number") { Int($0) }
        let compressor: any ByteCompressor
        do {
            compressor = try make(number)
        } catch {
            throw (level ?? found).rejected(
                accepted: "what the compressor takes (\((error as? CacheError)?.message ?? "\(type(of: error))"))"
            )
        }
        return EntryCompression(
            compressor,
            threshold: try self.settings[.compressionThreshold]?.size() ?? 1_024,
            limit: try self.settings[.compressionLimit]?.size() ?? 64 << 20,
            alsoReading: self.others(than: compressor)
        )
    }

    /// Compresses nothing, but reads what was compressed before the configuration said so.
    private func readingCompression() -> EntryCompression? {
        guard let any = self.others(than: nil).first else { return nil }
        return EntryCompression(any, threshold: .max, alsoReading: self.others(than: any))
    }

    private func others(than compressor: (any ByteCompressor)?) -> [any ByteCompressor] {
        // One that cannot be made reads nothing; entries that it has written are misses.
        self.components.compressors.values.compactMap { try? $0(nil) }.filter { $0.id != compressor?.id }
    }

    private func sealer() throws(ConfigurationError) -> (any EntrySealer)? {
        let previous = self.settings[.previousKeys]
        guard let named = self.settings[.encryptionKey] else {
            if let part = self.settings[.sealer] ?? previous {
                throw part.rejected(accepted: "this only together with encryption.key")
            }
            return nil
        }
        let chosen = self.settings[.sealer]
        let make: CacheComponents.SealerMaker
        if let chosen {
            make = try chosen.registered(self.components.sealers, "sealers")
        } else if self.components.sealers.count == 1, let only = self.components.sealers.values.first {
            make = only
        } else {
            let names = self.components.sealers.keys.sorted()
            let accepted =
                names.isEmpty
                ? "no encryption, as the program has no sealers"
                : "it together with encryption.with: \(names.formatted(before: "or"))"
            throw named.rejected(accepted: accepted)
        }
        let key = try self.keys.key(named: try named.text("the name of a key"), by: named)
        var old: [SealingKeys.Key] = []
        if let previous {
            for name in try previous.list("a list of names of keys") {
                old.append(try self.keys.key(named: name, by: previous))
            }
        }
        do {
            return try make(SealingKeys(current: key, previous: old))
        } catch {
            let reason = (error as? CacheError)?.message ?? "what a sealer can be made of (\(type(of: error)))"
            throw ConfigurationError(named.key, in: named.origin, "found keys that do not fit: \(reason)")
        }
    }
}
