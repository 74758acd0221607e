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
    private static func sealed(by key: String) -> ConfigurationTree {
        [
            "caches": ["pages": ["url": "null://", "encryption": ["with": "aes-gcm", "key": "main"]]],
            "encryptionKeys": ["main": .text(key)],
        ]
    }

    static let all: [WrongFile] = [
        // Times.
        .init("ttl", 300, "found \"300\"; accepted is \(Form.lifetime)"),
        .init("ttl", "five minutes", "found \"five minutes\"; accepted is \(Form.lifetime)"),
        .init("ttl", "5M", "found \"5M\"; accepted is \(Form.lifetime)"),
        .init("ttl", "none", "found \"none\"; accepted is \(Form.lifetime)"),
        .init("ttl", "", "found an empty text; accepted is \(Form.lifetime)"),
        .init("ttl", nil, "found nothing; accepted is \(Form.lifetime)"),
        .init("ttl", ["5m"], "found a list of 1; accepted is \(Form.lifetime)"),
        .init("ttl", true, "found \"true\"; accepted is \(Form.lifetime)"),
        .init("timeouts.command", 5, "found \"5\"; accepted is \(Form.time)", beside: [("url", "redis://localhost")]),
        // What has to be a mapping, or must not be.
        .init("ttl.seconds", 5, Form.unknown),
        .init(
            "caches",
            of: ["caches": "redis"],
            "found \"redis\"; accepted is a mapping from the names of caches to their settings"
        ),
        .init(
            "caches.pages",
            of: ["caches": ["pages": "memory://"]],
            "found \"memory://\"; accepted is a mapping of settings, with a url"
        ),
        .init(
            "caches.pages",
            of: ["caches": ["pages": nil]],
            "found nothing; accepted is a mapping of settings, with a url"
        ),
        .init(
            "caches.pages",
            of: ["caches": ["pages": [:]]],
            "found nothing; accepted is a mapping of settings, with a url"
        ),
        .init(
            "caches.pages.ttl",
            of: ["caches": ["pages": ["ttl": "5m"]]],
            "found settings of the cache \"pages\", which has no url; accepted is a url for each cache, such as memory://?entries=10000"
        ),
        .init(
            "caches.1st.url",
            of: ["caches": ["1st": ["url": "null://"]]],
            "found the name \"1st\"; accepted is letters, digits, - and _, a letter first"
        ),
        .init("encryption", nil, "found nothing; accepted is one of with, key, previousKeys in encryption"),
        .init("timeouts", "5s", "found \"5s\"; accepted is one of command, connect in timeouts"),
        .init("options", "entries", "found \"entries\"; accepted is a mapping of the store's options"),
        // Unknown settings.
        .init("tll", "5m", Form.unknown),
        .init("URL", "null://", Form.unknown),
        .init(
            "fetch.refreshafter",
            "5m",
            "found an unknown setting; accepted is one of preset, ttl, refreshAfter, staleOnError, softTimeout, hardTimeout, jitter, earlyRefresh, negativeTTL, retryAfter, leaseDuration, scope in fetch"
        ),
        .init(
            "circuitBreaker.pause",
            "5m",
            "found an unknown setting; accepted is one of enabled, failures, firstPause, longestPause in circuitBreaker"
        ),
        .init(
            "compression.method",
            "zlib",
            "found an unknown setting; accepted is one of with, threshold, level, limit in compression"
        ),
        .init(
            "encryption.secret",
            "geheim",
            "found an unknown setting; accepted is one of with, key, previousKeys in encryption"
        ),
        // URLs.
        .init("url", "memory", "found a text without a scheme; accepted is a URL, such as memory://?entries=10000"),
        .init("url", "", "found an empty text; accepted is the URL of a store"),
        .init("url", 6379, "found a text without a scheme; accepted is a URL, such as memory://?entries=10000"),
        .init("url", ["null://"], "found a list of 1; accepted is the URL of a store"),
        .init("url", "memcache://a", "found the scheme \"memcache\"; accepted is \(Form.schemes)"),
        .init(
            "url",
            "memory://?entries=many",
            "the option entries: found \"many\"; accepted is a whole number from 1 on"
        ),
        .init("url", "memory://?bytes=256M", "the option bytes: found \"256M\"; accepted is \(Form.size)"),
        .init(
            "url",
            "memory://?size=5",
            "found the unknown option \"size\"; accepted is one of entries, bytes in memory://"
        ),
        .init(
            "url",
            "memory://?entries=5&bytes=1MiB",
            "the option bytes: found \"1MiB\"; accepted is one of entries and bytes, not both"
        ),
        .init("url", "redis://localhost:99999", "found a port that is none; accepted is a number from 1 to 65535"),
        .init(
            "url",
            "redis://localhost/one",
            "Redis URL: the path must be the number of a database, such as /1, not \"/one\""
        ),
        .init(
            "url",
            "redis://localhost?socket_timeout=1s",
            "Redis URL: the option \"socket_timeout\" must be a number of seconds, such as 5 or 0.25, not \"1s\""
        ),
        .init(
            "url",
            "redis://localhost?on_loss=panic",
            "the option on_loss: found \"panic\"; accepted is keep or cold_after_loss"
        ),
        .init(
            "url",
            "redis://me:geheim@localhost:port",
            "found a port that is none; accepted is a number from 1 to 65535"
        ),
        .init(
            "url",
            "redis://localhost?timeout=1s&socket_timeout=1",
            "the option timeout: found \"1s\"; accepted is one of timeout and socket_timeout"
        ),
        .init("url", "redis+cluster://localhost/1", "Redis URL: a cluster has database 0 only; leave the path out"),
        .init("url", "memcached://", "found no server; accepted is \(Form.memcached)"),
        .init(
            "url",
            "memcached://me:geheim@a",
            "found a user or a password; accepted is \(Form.memcached), without either"
        ),
        .init("url", "memcached://a,a:11211", "found a server twice; accepted is each server once"),
        .init(
            "url",
            "memcached://a,b?weights=1",
            "the option weights: found \"1\"; accepted is a whole number from 1 to 1000 for each server, such as 1,2"
        ),
        .init(
            "url",
            "memcached://a?health_check_interval=1ms",
            "the option health_check_interval: found \"1ms\"; accepted is \(Form.time), 10ms or more, or none"
        ),
        .init(
            "url",
            "memcached://a?reconnect_base=2s&reconnect_maximum=1s",
            "the option reconnect_maximum: found \"1s\"; accepted is a reconnect_maximum no shorter than reconnect_base"
        ),
        .init(
            "url",
            "memcached://a?failover=perhaps",
            "the option failover: found \"perhaps\"; accepted is true or false"
        ),
        .init(
            "url",
            "memcached://a?failover_pause=5s",
            "the option failover_pause: found \"5s\"; accepted is a time only together with failover=true"
        ),
        .init(
            "url",
            "memcached://a?reconnect_jitter=2",
            "the option reconnect_jitter: found \"2\"; accepted is a number from 0.0 to 1.0"
        ),
        .init(
            "url",
            "memcached://a?max_reply_size=10",
            "the option max_reply_size: found \"10\"; accepted is \(Form.size), 1024 or more"
        ),
        .init(
            "url",
            "memcached://a?pool=5",
            "found the unknown option \"pool\"; accepted is one of weights, timeout, connect_timeout, health_check_interval, reconnect_base, reconnect_maximum, reconnect_jitter, failover, failover_pause, max_reply_size, max_requests_in_flight, max_bytes_in_flight in memcached://"
        ),
        .init("url", "memcached://a/path", "found a path behind the servers; accepted is \(Form.memcached)"),
        .init("url", "sqlite://", "found no path of a file; accepted is \(Form.database)"),
        .init("url", "sqlite://cache.sqlite", "found a server; accepted is \(Form.database)"),
        .init(
            "url",
            "sqlite:///nowhere/at/all/cache.sqlite",
            "found a file in the folder \"/nowhere/at/all\", which is not there; accepted is a folder that is there"
        ),
        .init(
            "url",
            "sqlite:///tmp/cache.sqlite?durability=disk",
            "the option durability: found \"disk\"; accepted is process or power"
        ),
        .init(
            "url",
            "sqlite:///tmp/cache.sqlite?bytes=1KiB",
            "the option bytes: found \"1KiB\"; accepted is \(Form.size), 4096 or more"
        ),
        .init(
            "url",
            "sqlite:///tmp/cache.sqlite?busy_timeout=2m",
            "the option busy_timeout: found \"2m\"; accepted is \(Form.time), from 1ms to 60s"
        ),
        .init(
            "url",
            "sqlite:///tmp/cache.sqlite?sweep_interval=10ms",
            "the option sweep_interval: found \"10ms\"; accepted is \(Form.time), 1s or more"
        ),
        .init("url", "file:///tmp/", "found no path of a folder; accepted is \(Form.folder)"),
        .init(
            "url",
            "file:///tmp/cache?entries=0",
            "the option entries: found \"0\"; accepted is a whole number from 1 on"
        ),
        .init("url", "file://server:80/cache", "found servers; accepted is \(Form.folder)"),
        .init("url", "null://?entries=5", "found the unknown option \"entries\"; accepted is no option in null://"),
        // Options of stores.
        .init(
            "nearCache",
            100,
            "found the unknown option \"near_cache\"; accepted is one of entries, bytes in memory://"
        ),
        .init(
            "nearCache",
            "much",
            "found \"much\"; accepted is a number of entries, such as 10000, or of bytes, such as 64MiB",
            beside: [("url", "redis://localhost")]
        ),
        .init(
            "options.entrys",
            5,
            "found the unknown option \"entrys\"; accepted is one of entries, bytes in memory://"
        ),
        .init("options.entries", 5, "found it in the URL and beside it; accepted is one of them"),
        .init(
            "options.on_damage",
            "repair",
            "found \"repair\"; accepted is start_empty or fail",
            beside: [("url", "sqlite:///tmp/cache.sqlite")]
        ),
        .init(
            "options.password",
            ["geheim"],
            "found a list of 1; accepted is a text or a number",
            beside: [("url", "redis://localhost")]
        ),
        // Numbers, names and choices.
        .init("version", -1, "found \"-1\"; accepted is a whole number from 0 on"),
        .init("version", 1.5, "found \"1.5\"; accepted is a whole number from 0 on"),
        .init(
            "namespace",
            "a:2",
            "found \"a:2\"; accepted is another namespace: the namespace \"a:2\" must not have \"2\" as a part: it reads like a version"
        ),
        .init("namespace", ["a"], "found a list of 1; accepted is a text"),
        .init("codec", "pickle", "found \"pickle\"; accepted is json, messagepack or plist"),
        .init("freshness", "fresh", "found \"fresh\"; accepted is tracked or strict"),
        .init("onFailure", "ignore", "found \"ignore\"; accepted is missing or throwing"),
        .init("invalidation", "later", "found \"later\"; accepted is throwing or replay"),
        .init("circuitBreaker.failures", 0, "found \"0\"; accepted is a whole number from 1 to 1000000"),
        .init("circuitBreaker", "sometimes", "found \"sometimes\"; accepted is true or false"),
        // Compression.
        .init("compression", "brotli", "found \"brotli\"; accepted is gzip, zlib or none"),
        .init("compression.level", 3, "found \"3\"; accepted is this only together with compression.with"),
        .init("compression.threshold", "big", "found \"big\"; accepted is this only together with compression.with"),
        .init(
            "compression.threshold",
            "1k",
            "found \"1k\"; accepted is \(Form.size)",
            beside: [("compression", ["with": "zlib"])]
        ),
        .init(
            "compression.level",
            99,
            "found \"99\"; accepted is what the compressor takes (zlib has levels from 0 to 9, and no level 99)",
            beside: [("compression", ["with": "zlib"])]
        ),
        .init(
            "compression.level",
            "fast",
            "found \"fast\"; accepted is a whole number",
            beside: [("compression", ["with": "gzip"])]
        ),
        .init(
            "compression.level",
            3,
            "found \"3\"; accepted is this only with a compression other than none",
            beside: [("compression", ["with": "none"])]
        ),
        // Keys.
        .init(
            "encryption.key",
            "main",
            "found the name \"main\" of a key that is nowhere; accepted is the name of a key in encryptionKeys",
            beside: [("encryption", ["with": "aes-gcm"])]
        ),
        .init(
            "encryption.key",
            "main",
            "found a text of 4 characters; accepted is it together with encryption.with: aes-gcm, chacha20-poly1305 or hmac-sha256"
        ),
        .init(
            "encryption.key",
            "c2VjcmV0LWdlaGVpbQ==",
            "found a text of 20 characters; accepted is the name of a key: letters, digits, - and _, a letter first",
            beside: [("encryption", ["with": "aes-gcm"])]
        ),
        .init("encryption.with", "rot13", "found \"rot13\"; accepted is this only together with encryption.key"),
        .init(
            "encryption.with",
            "rot13",
            "found \"rot13\"; accepted is aes-gcm, chacha20-poly1305 or hmac-sha256",
            beside: [("encryption", ["key": "main"])]
        ),
        .init(
            "encryption.previousKeys",
            ["old"],
            "found a list of 1; accepted is this only together with encryption.key"
        ),
        .init(
            "encryptionKeys.main",
            of: Self.sealed(by: "geheim, kein base64"),
            "found a text of 19 characters; accepted is a key in base 64"
        ),
        .init("encryptionKeys.main", of: Self.sealed(by: ""), "found an empty text; accepted is a key in base 64"),
        .init(
            "caches.pages.encryption.key",
            of: Self.sealed(by: "Z2VoZWlt"),
            "found keys that do not fit: the key \"main\" has 6 bytes; accepted are 32"
        ),
        // Settings that contradict each other.
        .init("invalidation.limit", 10, "found \"10\"; accepted is this only with the invalidation policy replay"),
        .init(
            "circuitBreaker.longestPause",
            "1ms",
            "found \"1ms\"; accepted is at least the first pause, which is 0.2 seconds"
        ),
        .init(
            "fetch.refreshAfter",
            "10m",
            "found \"10m\"; accepted is what contradicts nothing: refreshAfter (600.0 seconds) has to be less than the ttl (300.0 seconds), or it never comes"
        ),
        .init(
            "fetch.softTimeout",
            "1m",
            "found \"1m\"; accepted is what contradicts nothing: softTimeout (60.0 seconds) has to be less than hardTimeout (30.0 seconds), which ends the fill"
        ),
        .init(
            "fetch.staleOnError",
            "1h",
            "found \"1h\"; accepted is what contradicts nothing: staleOnError needs a ttl: what is fresh for ever is never stale",
            beside: [("ttl", "forever")]
        ),
        .init(
            "ttl",
            "0s",
            "found \"0s\"; accepted is what contradicts nothing: with a ttl of 0.0 seconds nothing is stored that could be refreshed or be served stale",
            beside: [("fetch", ["refreshAfter": "1m"])]
        ),
        .init(
            "fetch",
            "refreshingBehind",
            "found \"refreshingBehind\"; accepted is this preset only with a ttl that ends",
            beside: [("ttl", "forever")]
        ),
        // Policies.
        .init("fetch", "eager", "found \"eager\"; accepted is standard, resilient or refreshingBehind"),
        .init("fetch.jitter", 2, "found \"2\"; accepted is a number from 0 to 1"),
        .init("fetch.earlyRefresh", "much", "found \"much\"; accepted is 0 or a positive number"),
        .init("fetch.hardTimeout", "0s", "found \"0s\"; accepted is \(Form.time)"),
        .init("fetch.scope", "cluster", "found \"cluster\"; accepted is process or fleet"),
        .init("fetch.negativeTTL", "never", "found \"never\"; accepted is \(Form.time), or none"),
    ]
}

/// Variables and arguments that a program must not start with, and the whole line that says so.
enum WrongVariables {
    static let all: [(ConfigurationSource, String)] = [
        (
            .environment(["CACHES_A_TLL": "5m", "CACHES_A_URL": "null://"]),
            "CACHES_A_TLL (environment): found an unknown setting; accepted is CACHES_NAME_SETTING, with the name of a cache and \(Form.settings)"
        ),
        (
            .environment(["CACHES_A_URL": "null://", "CACHES_A_TTL": "5"]),
            "CACHES_A_TTL (environment): found \"5\"; accepted is \(Form.lifetime)"
        ),
        (
            .environment(["CACHES_A_URL": "null://", "CACHES_A_FETCH_HARD_TIMEOUT": "soon"]),
            "CACHES_A_FETCH_HARD_TIMEOUT (environment): found \"soon\"; accepted is \(Form.time)"
        ),
        (
            .environment(["CACHES_URL": "null://"]),
            "CACHES_URL (environment): found an unknown setting; accepted is CACHES_NAME_SETTING, with the name of a cache and \(Form.settings)"
        ),
        (
            .environment(["CACHES_A_URL": "null://", "CACHES_A_OPTIONS_X": "1"]),
            "CACHES_A_OPTIONS_X (environment): found an unknown setting; accepted is CACHES_NAME_SETTING, with the name of a cache and \(Form.settings)"
        ),
        (
            .environment(["CACHES_A_URL": "memcache://a"]),
            "CACHES_A_URL (environment): found the scheme \"memcache\"; accepted is \(Form.schemes)"
        ),
        (
            .environment(["CACHES_A_URL": "memory://", "CACHES_A_OPTIONS_ENTRIES": "many"]),
            "CACHES_A_OPTIONS_ENTRIES (environment): found \"many\"; accepted is a whole number from 1 on"
        ),
        (
            .environment(["CACHES_A_URL": "sqlite:///tmp/a.sqlite", "CACHES_A_OPTIONS_BUSY_TIMEOUT": "1h"]),
            "CACHES_A_OPTIONS_BUSY_TIMEOUT (environment): found \"1h\"; accepted is \(Form.time), from 1ms to 60s"
        ),
        (
            .environment(["CACHES_A_URL": "null://", "CACHES_A_COMPRESSION": "brotli"]),
            "CACHES_A_COMPRESSION (environment): found \"brotli\"; accepted is gzip, zlib or none"
        ),
        (
            .environment([
                "CACHES_A_URL": "null://", "CACHES_A_COMPRESSION": "zlib", "CACHES_A_COMPRESSION_THRESHOLD": "1k",
            ]), "CACHES_A_COMPRESSION_THRESHOLD (environment): found \"1k\"; accepted is \(Form.size)"
        ),
        (
            .environment([
                "CACHES_A_URL": "null://", "CACHES_A_ENCRYPTION_WITH": "aes-gcm", "CACHES_A_ENCRYPTION_KEY": "main",
            ]),
            "CACHES_A_ENCRYPTION_KEY (environment): found the name \"main\" of a key that is nowhere; accepted is the name of a key in encryptionKeys"
        ),
        (
            .environment([
                "CACHES_A_URL": "null://", "CACHES_A_ENCRYPTION_WITH": "aes-gcm", "CACHES_A_ENCRYPTION_KEY": "main",
                "ENCRYPTION_KEYS_MAIN": "geheim!",
            ]), "ENCRYPTION_KEYS_MAIN (environment): found a text of 7 characters; accepted is a key in base 64"
        ),
        (
            .environment(["CACHES_A_TTL": "5m"]),
            "CACHES_A_TTL (environment): found settings of the cache \"a\", which has no url; accepted is a url for each cache, such as memory://?entries=10000"
        ),
        (
            .environment(["CACHES_A_URL": ""]),
            "CACHES_A_URL (environment): found an empty text; accepted is the URL of a store"
        ),
        (
            .environment(["CACHES_A_URL": "redis://me:geheim@host:port"]),
            "CACHES_A_URL (environment): found a port that is none; accepted is a number from 1 to 65535"
        ),
        (
            .arguments(["shop", "--caches-a-url"]),
            "--caches-a-url (arguments): found nothing; accepted is the URL of a store"
        ),
        (
            .arguments(["shop", "--caches-a-url=null://", "--caches-a-tll=5m"]),
            "--caches-a-tll (arguments): found an unknown setting; accepted is --caches-NAME-SETTING, with the name of a cache and \(Form.settings)"
        ),
        (
            .arguments(["shop", "--caches-a-url=a", "--caches-a-url=b"]),
            "--caches-a-url (arguments): found a list of 2; accepted is the URL of a store"
        ),
        (
            .arguments(["shop", "--caches-a-url=null://", "--caches-a-version", "one"]),
            "--caches-a-version (arguments): found \"one\"; accepted is a whole number from 0 on"
        ),
    ]
}

/// What many lines end with.
private enum Form {
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
