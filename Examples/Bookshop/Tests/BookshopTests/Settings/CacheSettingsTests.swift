import Foundation
import Larder
import LarderConfiguration
import LarderRedis
import LarderRedisClient
import Logging
import Testing

@testable import Bookshop

/// The caches as the environment and files have them.
@Suite struct CacheSettingsTests {
    @Test func withoutSettingsThereAreThreeCachesInMemory() throws {
        let caches = try Self.caches()
        #expect(caches.all.names == ["books", "figures", "searches", "sessions"])
        #expect(Set([caches.books, caches.searches, caches.figures].map(\.storeKind)) == ["memory"])
        #expect(caches.books.defaults.ttl == .hours(1) && caches.searches.defaults.ttl == .minutes(5))
        #expect(caches.figures.defaults.ttl == .seconds(5))
        #expect(caches.books.defaults.failurePolicy == .missing)
        #expect(caches.books.defaults.fetchPolicy.staleOnError == .seconds(86_400))
        #expect(caches.place == "in memory" && caches.redis == nil)
    }

    @Test func fileOfTheUserComesBeforeTheShops() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let caches = try Self.caches(
            file: """
                port: 9000
                caches:
                  books: {ttl: 10m, compression: zlib}
                  searches:
                    url: sqlite://\(folder.path("searches.sqlite"))
                  figures: {url: "null://"}
                """
        )
        #expect(caches.books.defaults.ttl == .minutes(10))
        // What the file does not say, the shop's own settings do.
        #expect(caches.books.storeKind == "memory" && caches.books.namespace == "bookshop:books")
        #expect(caches.searches.storeKind == "sqlite" && caches.searches.defaults.ttl == .minutes(5))
        #expect(caches.place == "in memory, null, SQLite")
        await caches.all.shutdown()
    }

    @Test func environmentComesFirst() throws {
        let caches = try Self.caches(["CACHES_BOOKS_TTL": "2m"], file: "caches: {books: {ttl: 10m}}")
        #expect(caches.books.defaults.ttl == .minutes(2))
    }

    @Test func oneRedisIsForAllUnlessACacheHasAPlaceOfItsOwn() async throws {
        let environment = ["REDIS_URL": "redis://localhost:1", "CACHES_FIGURES_URL": "memory://"]
        let caches = try Self.caches(environment)
        #expect(caches.books.storeKind == "redis" && caches.searches.storeKind == "redis")
        #expect(caches.figures.storeKind == "memory")
        #expect(caches.place == "in memory, Redis")
        let client = try #require(caches.redis?.client)
        #expect(client.configuration.commandTimeout == .milliseconds(250))
        #expect(caches.redis?.nearCacheStatistics(of: "bookshop:books")?.limit == 10_000)
        await caches.all.shutdown()

        let other = try Self.caches(["REDIS_URL": "redis://localhost:1?socket_timeout=2", "NEAR_CACHE": "0"])
        #expect(other.redis?.client?.configuration.commandTimeout == .seconds(2))
        #expect(other.redis?.nearCacheStatistics(of: "bookshop:books") == nil)
        await other.all.shutdown()
    }

    @Test(arguments: [
        ("caches:\n  books:\n    ttl: 5\n", "caches.books.ttl (", ":3): found \"5\"; accepted is a time with units"),
        ("caches: {books: {url: \"ftp://x\"}}", "caches.books.url (", "accepted is redis://"),
        ("caches: {books: {colour: red}}", "caches.books.colour (", "accepted"),
        ("caches: {searches: {onFailure: shrug}}", "caches.searches.onFailure (", "missing or throwing"),
        ("caches: {books: {compression: gzipp}}", "caches.books.compression (", "zlib"),
    ])
    func wrongSettingOfACacheIsNamedWithWhatIsAccepted(file: String, key: String, accepted: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try Self.caches(file: file) }
        let line = try #require(error?.description)
        #expect(line.hasPrefix(key) && line.contains("shop.yaml") && line.contains(accepted), "\(line)")
        #expect(!line.contains("\n"))
    }

    @Test func whatIsSaidOfOneCacheWinsOverTheRedisOfAll() throws {
        let caches = try Self.caches(
            [
                "REDIS_URL": "redis://127.0.0.1:1", "CACHES_BOOKS_TIMEOUTS_COMMAND": "1s",
                "CACHES_FIGURES_NEAR_CACHE": "0",
            ],
            file: "caches:\n  searches:\n    nearCache: 500\n"
        )
        let books = try #require(caches.all.store(of: "books") as? RedisStore)
        let searches = try #require(caches.all.store(of: "searches") as? RedisStore)
        #expect(books.client?.configuration.commandTimeout == .seconds(1))
        #expect(searches.client?.configuration.commandTimeout == .milliseconds(250))
        #expect(caches.figures.storeKind == "redis")
    }

    @Test func wrongSettingInTheEnvironmentIsNamedAsItIsSpelledThere() throws {
        let error = #expect(throws: ConfigurationError.self) { try Self.caches(["CACHES_BOOKS_TTL": "soon"]) }
        #expect(error?.description.hasPrefix("CACHES_BOOKS_TTL (environment): found \"soon\"; accepted is ") == true)
    }

    private static func caches(_ environment: [String: String] = [:], file: String? = nil) throws -> ShopCaches {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var environment = environment
        if let file {
            let path = folder.path("shop.yaml")
            try Data(file.utf8).write(to: URL(fileURLWithPath: path))
            environment["BOOKSHOP_CONFIG"] = path
        }
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        return try ShopCaches(try Settings.load(environment: environment).cacheSources, logger: logger)
    }
}
