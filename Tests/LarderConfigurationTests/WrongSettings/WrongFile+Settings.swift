import LarderConfiguration

extension WrongFile {
    /// Times, and settings that are no mappings or not known.
    static let settings: [WrongFile] = [
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
    ]

    /// Numbers, names and choices, compression and keys.
    static let values: [WrongFile] = [
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
    ]

    /// Settings that contradict each other, and policies.
    static let contradictions: [WrongFile] = [
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
