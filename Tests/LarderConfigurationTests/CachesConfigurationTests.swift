import Configuration
import Larder
import Logging
import Synchronization
import Testing

@testable import LarderConfiguration

/// What a configuration makes of caches.
@Suite struct CachesConfigurationTests {
    private static func caches(
        _ sources: [ConfigurationSource],
        _ components: CacheComponents = CacheComponents()
    ) throws -> Caches {
        try Caches(
            configuration: sources,
            components: components,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private static let whole = """
        port: 8080
        caches:
          pages:
            url: memory://?bytes=256MiB
          sessions:
            url: memory://sessions
            options: {entries: 100}
            namespace: who
            version: 3
            ttl: 1h30m
            codec: reversed
            freshness: strict
            onFailure: throwing
            compression: {with: shrinking, threshold: 2KiB, level: 7, limit: 1MiB}
            encryption: {key: main, previousKeys: [old, older]}
            circuitBreaker: {failures: 2, firstPause: 1s, longestPause: 1m}
            invalidation: {policy: replay, limit: 5}
            fetch:
              preset: resilient
              refreshAfter: 20m
              softTimeout: none
              hardTimeout: 5s
              jitter: 0.25
              earlyRefresh: 1.5
              negativeTTL: 250ms
              retryAfter: 0s
              leaseDuration: 2s
              scope: process
        encryptionKeys:
          main: bWFpbg==
          old: b2xk
        """

    private struct Reversed: CacheCodec {
        var id: CodecID { CodecID(custom: 201) }
        func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] { try JSONCodec().encode(value).reversed() }
        func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
            try JSONCodec().decode(type, from: bytes.reversed())
        }
    }

    @Test func everySettingReachesItsCache() async throws {
        let levels = Mutex<[Int?]>([])
        let keys = Mutex<[String: [UInt8]]>([:])
        let components = CacheComponents(
            codecs: ["reversed": Reversed()],
            compressors: [
                "shrinking": { level in
                    levels.withLock { $0.append(level) }
                    return Shrinking()
                }
            ],
            sealers: [
                "plain": { found in
                    for key in [found.current] + found.previous { keys.withLock { $0[key.name] = key.bytes } }
                    return PlainSealer()
                }
            ],
            sealingKey: { $0 == "older" ? [1, 2, 3] : nil }
        )
        let caches = try Self.caches([.yaml(Self.whole)], components)
        #expect(caches.names == ["pages", "sessions"])
        let pages = try caches["pages"]
        #expect(pages.namespace == "pages")
        #expect(pages.defaults.ttl == .minutes(5))
        #expect(pages.defaults.circuitBreaker == CircuitBreakerPolicy())
        let sessions = try caches["sessions"]
        #expect(sessions.namespace == "who")
        #expect(sessions.version == 3)
        #expect(sessions.storeKind == "memory")
        let defaults = sessions.defaults
        #expect(defaults.ttl == .seconds(5_400))
        #expect(defaults.freshness == .strict)
        #expect(defaults.failurePolicy == .throwing)
        #expect(
            defaults.circuitBreaker
                == CircuitBreakerPolicy(failures: 2, firstPause: .seconds(1), longestPause: .seconds(60))
        )
        #expect(defaults.invalidationPolicy == .replay(limit: 5))
        let policy = try FetchPolicy(
            refreshAfter: .seconds(1_200),
            staleOnError: .seconds(86_400),
            hardTimeout: .seconds(5),
            jitter: 0.25,
            earlyRefresh: 1.5,
            negativeTTL: .milliseconds(250),
            retryAfter: .zero,
            leaseDuration: .seconds(2),
            scope: .process
        )
        #expect(defaults.fetchPolicy == policy)
        #expect(levels.withLock { $0.contains(7) })
        #expect(keys.withLock { $0 } == ["main": Array("main".utf8), "old": Array("old".utf8), "older": [1, 2, 3]])
        await caches.shutdown()
    }

    @Test func shorthandsStandForTheirGroups() throws {
        let yaml = """
            caches:
              a: {url: "null://", circuitBreaker: false, invalidation: replay, fetch: resilient, ttl: forever}
              b: {url: "null://", ttl: 0s, fetch: {preset: refreshingBehind, ttl: 100s}}
            """
        let caches = try Self.caches([.yaml(yaml)])
        let (a, b) = (try caches["a"].defaults, try caches["b"].defaults)
        #expect(a.circuitBreaker == nil)
        #expect(a.invalidationPolicy == .replay())
        #expect(a.ttl == nil)
        #expect(a.fetchPolicy == .resilient)
        #expect(b.ttl == .seconds(0))
        #expect(b.fetchPolicy == (try .refreshingBehind(ttl: .seconds(100))))
    }

    // MARK: Sources

    @Test func earlierSourcesWinSettingBySetting() throws {
        let yaml = "caches: {my-pages: {url: 'null://', ttl: 1m, version: 1, fetch: {hardTimeout: 1s}}}"
        let json = #"{"caches": {"my-pages": {"version": 2, "ttl": "2m", "namespace": "json"}}}"#
        let caches = try Self.caches([
            .arguments([
                "shop", "serve", "--caches-my-pages-fetch-hard-timeout=3s", "--verbose", "--caches-my-pages-version",
                "4",
            ]),
            .environment(["CACHES_MY_PAGES_TTL": "5m", "CACHES_OTHER_URL": "memory://?entries=5", "HOME": "/"]),
            .json(json), .yaml(yaml),
        ])
        #expect(caches.names == ["my-pages", "other"])
        let pages = try caches["my-pages"]
        #expect(pages.version == 4)
        #expect(pages.defaults.ttl == .minutes(5))
        #expect(pages.namespace == "json")
        #expect(pages.defaults.fetchPolicy.hardTimeout == .seconds(3))
    }

    @Test func environmentSpellsAllSettings() throws {
        let caches = try Self.caches([
            .environment([
                "CACHES_MY_PAGES_URL": "memory://", "CACHES_MY_PAGES_OPTIONS_ENTRIES": "7",
                "CACHES_MY_PAGES_FETCH_NEGATIVE_TTL": "1s", "CACHES_MY_PAGES_ON_FAILURE": "throwing",
                "CACHES_MY_PAGES_CIRCUIT_BREAKER": "no", "CACHES_MY_PAGES_INVALIDATION": "replay",
            ])
        ])
        let defaults = try caches["my_pages"].defaults
        #expect(defaults.fetchPolicy.negativeTTL == .seconds(1))
        #expect(defaults.failurePolicy == .throwing)
        #expect(defaults.circuitBreaker == nil)
    }

    @Test func aProviderIsAskedForTheCachesThatItIsSaidToHave() throws {
        let provider = InMemoryProvider(values: [
            "caches.pages.url": "memory://?entries=5", "caches.pages.version": 7, "caches.pages.fetch.jitter": 0.5,
            "caches.pages.circuitBreaker.enabled": false, "caches.pages.options.entries": 5,
        ])
        let error = #expect(throws: ConfigurationError.self) {
            _ = try Self.caches([.provider(provider, named: "memory", caches: ["pages"])])
        }
        #expect(error?.description.contains("in the URL and beside it") == true)
        let other = InMemoryProvider(values: [
            "caches.pages.url": "memory://?entries=5", "caches.pages.version": 7, "caches.pages.fetch.jitter": 0.5,
            "caches.pages.circuitBreaker.enabled": false,
        ])
        let caches = try Self.caches([.provider(other, caches: ["pages"])])
        #expect(try caches["pages"].version == 7)
        #expect(try caches["pages"].defaults.fetchPolicy.jitter == 0.5)
        #expect(try caches["pages"].defaults.circuitBreaker == nil)
        #expect(try Self.caches([.provider(other)]).names.isEmpty)
    }

    @Test func theRestOfTheProgramReadsTheSameSources() throws {
        let text =
            #"{"http": {"port": 8080, "hosts": ["a", "b"], "ratio": 0.5, "isOpen": true}, "caches": {"a": {"url": "null://"}}}"#
        let sources: [ConfigurationSource] = [
            .arguments(["shop", "--http-request-limit", "5"]), .environment(["HTTP_NAME": "shop"]), try .json(text),
        ]
        let reader = ConfigReader(providers: sources.map(\.provider))
        #expect(reader.int(forKey: "http.port") == 8080)
        #expect(reader.string(forKey: "http.port") == "8080")
        #expect(reader.stringArray(forKey: "http.hosts") == ["a", "b"])
        #expect(reader.double(forKey: "http.ratio") == 0.5)
        #expect(reader.bool(forKey: "http.isOpen") == true)
        #expect(reader.string(forKey: "http.name") == "shop")
        #expect(reader.int(forKey: "http.requestLimit") == 5)
        #expect(reader.int(forKey: "http.absent") == nil)
        let url = try sources[2].provider.value(forKey: ["caches", "a", "url"], type: .string)
        #expect(url.value?.isSecret == true)
        for name in ["password", "sentinel_password"] {
            let source = try ConfigurationSource.yaml("caches: {a: {url: 'null://', options: {\(name): geheim}}}")
            let found = try source.provider.value(forKey: ["caches", "a", "options", name], type: .string)
            #expect(found.value?.isSecret == true)
        }
        let variables = ConfigurationSource.environment([
            "CACHES_A_OPTIONS_PASSWORD": "x", "ENCRYPTION_KEYS_MAIN": "x", "PORT": "1",
        ])
        for (key, isSecret) in [
            (["caches", "a", "options", "password"], true), (["encryptionKeys", "main"], true), (["port"], false),
        ] as [([String], Bool)] {
            let found = try variables.provider.value(forKey: AbsoluteConfigKey(key), type: .string)
            #expect(found.value?.isSecret == isSecret)
        }
    }

    @Test func anotherSectionCanHaveTheCaches() throws {
        let source = try ConfigurationSource.yaml("shopCaches: {a: {url: 'null://'}}\ncaches: 5")
        let caches = try Caches(
            configuration: [source, .environment(["SHOP_CACHES_A_TTL": "9s"])],
            section: "shopCaches"
        )
        #expect(try caches["a"].defaults.ttl == .seconds(9))
    }
}
