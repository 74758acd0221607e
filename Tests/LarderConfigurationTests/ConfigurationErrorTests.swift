import Larder
import LarderConfiguration
import LarderRedis
import Logging
import Testing

/// Files that a program must not start with: each gives one line with the key, where it stands, what was found and what is
/// accepted.
@Suite struct ConfigurationErrorTests {
    struct Wrong: Sendable, CustomTestStringConvertible {
        /// The key, as the file spells it.
        var key: String
        /// What the line says of the value.
        var found: String
        /// What it says would be right.
        var accepted: String
        var tree: ConfigurationTree

        var testDescription: String { "\(self.key): \(self.found)" }

        /// A wrong setting of a cache that is right otherwise.
        init(
            _ path: String,
            _ value: ConfigurationTree,
            found: String,
            accepted: String,
            beside: [(String, ConfigurationTree)] = []
        ) {
            self.key = "caches.pages.\(path)"
            self.found = found
            self.accepted = accepted
            var member = value
            let names = path.split(separator: ".").map(String.init)
            for name in names.dropFirst().reversed() { member = .object([(name, member)]) }
            let url: [(String, ConfigurationTree)] = names[0] == "url" ? [] : [("url", "memory://?entries=10")]
            self.tree = ["caches": .object([("pages", .object(url + beside + [(names[0], member)]))])]
        }

        init(_ key: String, of tree: ConfigurationTree, found: String, accepted: String) {
            self.key = key
            self.found = found
            self.accepted = accepted
            self.tree = tree
        }
    }

    static let wrong: [Wrong] = [
        // Times.
        .init(
            "ttl",
            300,
            found: "\"300\"",
            accepted: "a time with units, such as 250ms, 30s, 5m or 1h30m, 0s to store nothing, or forever"
        ),
        .init("ttl", "five minutes", found: "\"five minutes\"", accepted: "a time with units"),
        .init("ttl", "5M", found: "\"5M\"", accepted: "a time with units"),
        .init("ttl", "none", found: "\"none\"", accepted: "or forever"),
        .init("ttl", "", found: "an empty text", accepted: "a time with units"),
        .init("ttl", nil, found: "nothing", accepted: "a time with units"),
        .init("ttl", ["5m"], found: "a list of 1", accepted: "a time with units"),
        .init("ttl", true, found: "\"true\"", accepted: "a time with units"),
        // What has to be a mapping, or must not be.
        .init("ttl.seconds", 5, found: "an unknown setting", accepted: "one of url, namespace"),
        .init("caches", of: ["caches": "redis"], found: "\"redis\"", accepted: "a mapping from the names of caches"),
        .init(
            "caches.pages",
            of: ["caches": ["pages": "memory://"]],
            found: "\"memory://\"",
            accepted: "a mapping of settings, with a url"
        ),
        .init("caches.pages", of: ["caches": ["pages": nil]], found: "nothing", accepted: "with a url"),
        .init("caches.pages", of: ["caches": ["pages": [:]]], found: "nothing", accepted: "with a url"),
        .init(
            "caches.pages.ttl",
            of: ["caches": ["pages": ["ttl": "5m"]]],
            found: "which has no url",
            accepted: "a url for each cache"
        ),
        .init(
            "caches.1st.url",
            of: ["caches": ["1st": ["url": "null://"]]],
            found: "the name \"1st\"",
            accepted: "a letter first"
        ),
        .init("encryption", nil, found: "nothing", accepted: "one of with, key, previousKeys in encryption"),
        .init("timeouts", "5s", found: "\"5s\"", accepted: "one of command, connect in timeouts"),
        // Unknown settings.
        .init("tll", "5m", found: "an unknown setting", accepted: "one of url, namespace, version, ttl"),
        .init("URL", "null://", found: "an unknown setting", accepted: "one of url"),
        .init("fetch.refreshafter", "5m", found: "an unknown setting", accepted: "one of preset, ttl, refreshAfter"),
        .init(
            "circuitBreaker.pause",
            "5m",
            found: "an unknown setting",
            accepted: "enabled, failures, firstPause, longestPause in circuitBreaker"
        ),
        .init(
            "compression.method",
            "zlib",
            found: "an unknown setting",
            accepted: "one of with, threshold, level, limit in compression"
        ),
        // URLs.
        .init("url", "memory", found: "a text without a scheme", accepted: "memory://?entries=10000"),
        .init("url", "", found: "an empty text", accepted: "the URL of a store"),
        .init("url", 6379, found: "a text without a scheme", accepted: "a URL"),
        .init("url", ["null://"], found: "a list of 1", accepted: "the URL of a store"),
        .init("url", "memcache://a", found: "the scheme \"memcache\"", accepted: "redis://"),
        .init("url", "memory://?entries=many", found: "\"many\"", accepted: "a whole number from 1 on"),
        .init("url", "memory://?bytes=256M", found: "\"256M\"", accepted: "a number of bytes, such as 64MiB"),
        .init(
            "url",
            "memory://?size=5",
            found: "the unknown option \"size\"",
            accepted: "one of entries, bytes in memory://"
        ),
        .init("url", "redis://localhost:99999", found: "a port that is none", accepted: "a number from 1 to 65535"),
        .init("url", "redis://localhost/one", found: "\"/one\"", accepted: "the number of a database"),
        .init("url", "redis://localhost?socket_timeout=1s", found: "\"1s\"", accepted: "seconds"),
        .init("url", "redis://localhost?on_loss=panic", found: "\"panic\"", accepted: "keep or cold_after_loss"),
        .init(
            "url",
            "redis://me:geheim@localhost:port",
            found: "a port that is none",
            accepted: "a number from 1 to 65535"
        ),
        // Options of stores.
        .init(
            "nearCache",
            100,
            found: "the unknown option \"near_cache\"",
            accepted: "one of entries, bytes in memory://"
        ),
        .init("options.entrys", 5, found: "the unknown option \"entrys\"", accepted: "one of entries, bytes"),
        .init("options.entries", 5, found: "in the URL and beside it", accepted: "one of them"),
        // Numbers, names and choices.
        .init("version", -1, found: "\"-1\"", accepted: "a whole number from 0 on"),
        .init("version", 1.5, found: "\"1.5\"", accepted: "a whole number"),
        .init("namespace", "a:2", found: "\"a:2\"", accepted: "another namespace"),
        .init("namespace", ["a"], found: "a list of 1", accepted: "a text"),
        .init("codec", "pickle", found: "\"pickle\"", accepted: "json"),
        .init("freshness", "fresh", found: "\"fresh\"", accepted: "tracked or strict"),
        .init("onFailure", "ignore", found: "\"ignore\"", accepted: "missing or throwing"),
        .init("compression", "brotli", found: "\"brotli\"", accepted: "shrinking"),
        .init("compression.level", 3, found: "\"3\"", accepted: "only together with compression.with"),
        .init("compression.threshold", "big", found: "\"big\"", accepted: "only together with compression.with"),
        .init("invalidation", "later", found: "\"later\"", accepted: "throwing or replay"),
        .init("invalidation.limit", 10, found: "\"10\"", accepted: "only with the invalidation policy replay"),
        .init("circuitBreaker.failures", 0, found: "\"0\"", accepted: "a whole number from 1 to 1000000"),
        .init("circuitBreaker", "sometimes", found: "\"sometimes\"", accepted: "true or false"),
        .init("circuitBreaker.longestPause", "1ms", found: "\"1ms\"", accepted: "at least the first pause"),
        // Keys.
        .init(
            "encryption.key",
            "main",
            found: "the name \"main\" of a key that is nowhere",
            accepted: "a key in encryptionKeys"
        ),
        .init(
            "encryption.key",
            "c2VjcmV0LWdlaGVpbQ==",
            found: "a text of 20 characters",
            accepted: "the name of a key"
        ),
        .init("encryption.with", "rot13", found: "\"rot13\"", accepted: "only together with encryption.key"),
        .init(
            "encryptionKeys.main",
            of: [
                "caches": ["pages": ["url": "null://", "encryption": ["key": "main"]]],
                "encryptionKeys": ["main": "geheim, kein base64"],
            ],
            found: "a text of 19 characters",
            accepted: "a key in base 64"
        ),
        // Policies.
        .init("fetch", "eager", found: "\"eager\"", accepted: "standard, resilient or refreshingBehind"),
        .init("fetch.jitter", 2, found: "\"2\"", accepted: "a number from 0 to 1"),
        .init("fetch.earlyRefresh", "much", found: "\"much\"", accepted: "0 or a positive number"),
        .init("fetch.hardTimeout", "0s", found: "\"0s\"", accepted: "a time with units"),
        .init("fetch.scope", "cluster", found: "\"cluster\"", accepted: "process or fleet"),
        .init(
            "fetch.refreshAfter",
            "10m",
            found: "\"10m\"",
            accepted: "refreshAfter (600.0 seconds) has to be less than the ttl"
        ),
        .init(
            "fetch.softTimeout",
            "1m",
            found: "\"1m\"",
            accepted: "softTimeout (60.0 seconds) has to be less than hardTimeout"
        ),
        .init("fetch.negativeTTL", "never", found: "\"never\"", accepted: "or none"),
        .init(
            "fetch",
            "refreshingBehind",
            found: "\"refreshingBehind\"",
            accepted: "only with a ttl that ends",
            beside: [("ttl", "forever")]
        ),
    ]

    @Test func thereAreEnough() {
        #expect(Self.wrong.count >= 60)
    }

    @Test(arguments: Self.wrong, ["json", "yaml"])
    func wrongFilesGiveOneLine(_ wrong: Wrong, _ format: String) throws {
        let file = "shop.\(format)"
        let text = format == "json" ? wrong.tree.json : wrong.tree.yaml
        let source = format == "json" ? try ConfigurationSource.json(text, named: file) : try .yaml(text, named: file)
        let error = #expect(throws: ConfigurationError.self) { _ = try Self.caches(source) }
        let line = error?.description ?? ""
        // The file, and the number of a line in it.
        #expect(line.hasPrefix("\(wrong.key) (\(file):"), "\(line)")
        #expect(line.contains(wrong.found), "\(line)")
        #expect(line.contains(wrong.accepted), "\(line)")
        #expect(!line.contains("\n") && !line.contains("geheim") && !line.contains("c2Vj"), "\(line)")
        let place = Self.line(of: wrong.key, in: text)
        #expect(error?.origin == "\(file):\(place)", "\(line)")
    }

    /// The line on which the last part of a key stands.
    private static func line(of key: String, in text: String) -> Int {
        let name = key.split(separator: ".").last.map { String($0).debugDescription } ?? key
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.firstIndex { $0.contains("\(name):") } ?? -1) + 1
    }

    static func caches(_ sources: ConfigurationSource...) throws(ConfigurationError) -> Caches {
        try Caches(
            configuration: sources,
            components: CacheComponents(
                stores: [.redis],
                compressors: ["shrinking": { _ in Shrinking() }],
                sealers: ["plain": { _ in PlainSealer() }]
            ),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    // MARK: Texts that are no files of their kind

    @Test(
        arguments: [
            ("[]", 1), ("{", 1), ("{\"a\": 1,}", 1), ("{\n\"a\": 1\n\"b\": 2}", 3), ("{\n\"a\": 1,\n\"a\": 2}", 3),
            ("{} {}", 1),
            ("{\"a\": tru}", 1), ("{\"a\": 01x}", 1), ("{\"a\": \"geheim\n\"}", 1), ("{\"a\": \"\\x\"}", 1),
            ("{\"a\": \"\\ud800\"}", 1),
            ("", 1), (String(repeating: "{\"a\":", count: 100), 1),
            ("{\"a\":" + String(repeating: "[", count: 100_000), 1),
        ] as [(String, Int)]
    )
    func malformedJSONIsRefusedWithItsLine(_ text: String, _ line: Int) {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ConfigurationSource.json(text, named: "shop.json")
        }
        #expect(error?.key == "shop.json")
        #expect(error?.origin == "line \(line)")
        #expect(error?.description.contains("accepted is") == true)
        #expect(error?.description.contains("geheim") == false)
    }

    @Test(
        arguments: [
            "- a", "a: b: c", "a: [1", "\"a", "a: 1\na: 2", "? [a]\n: b", "a: 1\n\tb: 2", "geheim: [\n", "--- 1\n--- 2",
            "a: &x [*x]",
        ]
    )
    func malformedYAMLIsRefusedInOneLine(_ text: String) {
        let error = #expect(throws: ConfigurationError.self) {
            _ = try ConfigurationSource.yaml(text, named: "shop.yaml")
        }
        #expect(error?.key == "shop.yaml")
        #expect(error?.description.contains("accepted is") == true)
        #expect(error?.description.contains("\n") == false)
    }

    @Test func aFileThatIsNotThereIsNamed() {
        let error = #expect(throws: ConfigurationError.self) { _ = try ConfigurationSource.file("/nowhere/shop.yaml") }
        #expect(
            error?.description
                == "/nowhere/shop.yaml (file): found no file that can be read; accepted is the path of one"
        )
    }
}

/// A compressor that compresses nothing.
struct Shrinking: ByteCompressor {
    var id: CompressionID { CompressionID(custom: 200) }
    func compress(_ bytes: [UInt8]) -> [UInt8] { bytes }
    func decompress(_ bytes: [UInt8], limit: Int) -> [UInt8] { bytes }
}

/// A sealer that seals nothing.
struct PlainSealer: EntrySealer {
    var id: SealID { SealID(custom: 200) }
    func seal(_ bytes: [UInt8], boundTo context: [UInt8]) -> [UInt8] { bytes }
    func open(_ bytes: [UInt8], boundTo context: [UInt8]) -> [UInt8] { bytes }
}
