/// A setting of a cache: the path to it from the cache's name.
struct CacheSetting: Sendable, Hashable {
    var path: [String]

    /// An option of the cache's store, under the name that its factory gives it.
    static func storeOption(_ name: String) -> CacheSetting { .init(path: ["options", name]) }

    /// The option's name; `nil` where it is none of a store's.
    var storeOption: String? { self.path.count == 2 && self.path[0] == "options" ? self.path[1] : nil }

    private init(path: [String]) {
        self.path = path
    }

    private init(_ path: String...) {
        self.path = path
    }

    static let url = CacheSetting("url")
    static let namespace = CacheSetting("namespace")
    static let version = CacheSetting("version")
    static let ttl = CacheSetting("ttl")
    static let codec = CacheSetting("codec")
    static let freshness = CacheSetting("freshness")
    static let onFailure = CacheSetting("onFailure")
    static let nearCache = CacheSetting("nearCache")
    static let timeout = CacheSetting("timeouts", "command")
    static let connectTimeout = CacheSetting("timeouts", "connect")
    static let compressor = CacheSetting("compression", "with")
    static let compressionThreshold = CacheSetting("compression", "threshold")
    static let compressionLevel = CacheSetting("compression", "level")
    static let compressionLimit = CacheSetting("compression", "limit")
    static let sealer = CacheSetting("encryption", "with")
    static let encryptionKey = CacheSetting("encryption", "key")
    static let previousKeys = CacheSetting("encryption", "previousKeys")
    static let breaker = CacheSetting("circuitBreaker", "enabled")
    static let breakerFailures = CacheSetting("circuitBreaker", "failures")
    static let breakerFirstPause = CacheSetting("circuitBreaker", "firstPause")
    static let breakerLongestPause = CacheSetting("circuitBreaker", "longestPause")
    static let invalidation = CacheSetting("invalidation", "policy")
    static let invalidationLimit = CacheSetting("invalidation", "limit")
    static let invalidationPath = CacheSetting("invalidation", "path")
    static let preset = CacheSetting("fetch", "preset")

    /// A field of the fetch policy, by the policy's own name for it.
    static func fetch(_ field: String) -> CacheSetting { .init("fetch", field) }

    static let fetchFields = [
        "ttl", "refreshAfter", "staleOnError", "softTimeout", "hardTimeout", "jitter", "earlyRefresh", "negativeTTL",
        "retryAfter", "leaseDuration", "scope",
    ]

    /// All but the options of stores.
    static let all: [CacheSetting] =
        [
            .url, .namespace, .version, .ttl, .codec, .freshness, .onFailure, .nearCache, .timeout, .connectTimeout,
            .compressor,
            .compressionThreshold, .compressionLevel, .compressionLimit, .sealer, .encryptionKey, .previousKeys,
            .breaker,
            .breakerFailures, .breakerFirstPause, .breakerLongestPause, .invalidation, .invalidationLimit,
            .invalidationPath,
            .preset,
        ] + Self.fetchFields.map { .fetch($0) }

    /// The setting that a group's name stands for alone: `compression: zlib` for `compression: {with: zlib}`.
    private static let shorthands: [String: CacheSetting] = [
        "compression": .compressor, "circuitBreaker": .breaker, "invalidation": .invalidation, "fetch": .preset,
    ]

    /// The setting that a path leads to; `nil` where there is none.
    init?(_ path: [String]) {
        let setting = CacheSetting(path: path)
        if path.count == 1, let meant = Self.shorthands[path[0]] {
            self = meant
        } else if setting.storeOption != nil || Self.all.contains(setting) {
            self = setting
        } else {
            return nil
        }
    }

    /// What is accepted in place of a path that leads nowhere, in words.
    static func accepted(insteadOf path: [String]) -> String {
        let names = Self.all.filter { path.count > 1 && $0.path.count > 1 && $0.path[0] == path[0] }.map { $0.path[1] }
        if let group = path.first, !names.isEmpty { return "one of \(names.joined(separator: ", ")) in \(group)" }
        var top: [String] = []
        for setting in Self.all where !top.contains(setting.path[0]) { top.append(setting.path[0]) }
        return "one of \((top + ["options"]).joined(separator: ", "))"
    }

    // MARK: Sources that spell without hierarchy

    /// All settings, and the shorthands for some, by a spelling of their paths.
    static func spelled(_ spell: ([String]) -> String) -> [String: CacheSetting] {
        var settings: [String: CacheSetting] = [:]
        for setting in Self.all { settings[spell(setting.path)] = setting }
        for (name, setting) in Self.shorthands { settings[spell([name])] = setting }
        return settings
    }
}
