import LarderConfiguration
import Testing

/// A file that a program must not start with, and what it says of it.
struct WrongFile: Sendable, CustomTestStringConvertible {
    /// The key, as the file spells it.
    var key: String
    /// What the line says behind the key and its place.
    var message: String
    var tree: ConfigurationTree

    var testDescription: String { "\(self.key): \(self.message)" }

    /// A wrong setting of a cache that is right otherwise.
    init(
        _ path: String,
        _ value: ConfigurationTree,
        _ message: String,
        beside others: [(String, ConfigurationTree)] = []
    ) {
        var settings: ConfigurationTree = ["url": "memory://?entries=10"]
        for (name, other) in others { settings.set([name], to: other) }
        settings.set(path.split(separator: ".").map(String.init), to: value)
        self.init("caches.pages.\(path)", of: ["caches": ["pages": settings]], message)
    }

    init(_ key: String, of tree: ConfigurationTree, _ message: String) {
        self.key = key
        self.message = message
        self.tree = tree
    }

    /// A cache that is sealed by a key which a file has itself.
    static func sealed(by key: String) -> ConfigurationTree {
        [
            "caches": ["pages": ["url": "null://", "encryption": ["with": "aes-gcm", "key": "main"]]],
            "encryptionKeys": ["main": .text(key)],
        ]
    }

    static let all = Self.settings + Self.urls + Self.options + Self.values + Self.contradictions
}

/// What many lines end with.
enum Form {
    static let unknown = "found an unknown setting; accepted is \(Self.settings)"
    static let settings =
        "one of url, namespace, version, ttl, codec, freshness, onFailure, nearCache, timeouts, compression, encryption, circuitBreaker, invalidation, fetch, options"
    static let lifetime = "a time with units, such as 250ms, 30s, 5m or 1h30m, 0s to store nothing, or forever"
    static let time = "a time with units, such as 250ms, 30s, 5m or 1h30m"
    static let size = "a number of bytes, such as 64MiB, 1GiB or 1048576"
    static let schemes =
        "redis://, redis+sentinel://, redis+cluster://, redis+shards://, rediss://, rediss+sentinel://, rediss+cluster://, rediss+shards://, unix://, memcached://, sqlite://, file://, memory:// or null://"
    static let memcached = "memcached://host,host:11212 or memcached:///path/to/socket"
    static let database = "a file by its whole path, as in sqlite:///var/cache/entries, or sqlite://./entries"
    static let folder = "a folder by its whole path, as in file:///var/cache/entries, or file://./entries"
}
