import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Larder
import LarderConfiguration
import LarderHummingbird
import LarderSQLite
import LarderTesting
import Logging
import NIOCore
import Testing

@testable import Bookshop

/// A shop with a catalogue of its own, asked without a network.
struct TestShop: Sendable {
    static let token = "a token for tests"

    let client: any TestClientProtocol
    let catalogue: Catalogue
    let front: Storefront

    var repository: BookRepository { self.front.repository }

    /// Where browsers find it, if it is live.
    var address: String {
        get throws { "http://localhost:\(try #require(self.client.port))" }
    }

    /// How many reads have reached the database; what the caches answered is not among them.
    var reads: Int {
        [self.repository.books, self.repository.searches].map(\.statistics.readsOfDatabase).reduce(0, +)
    }

    /// Opens a shop, and closes it afterwards.
    ///
    /// - Parameters:
    ///   - adminToken: The token for admin calls.
    ///   - redisURL: The Redis to cache in; `nil` caches in memory.
    ///   - nearCache: How many entries of Redis are kept in this process as well.
    ///   - searchLimits: How often anybody may search; tests ask more often than people do.
    ///   - trustedProxies: Whose word on where a request comes from is taken.
    ///   - caches: Settings of the caches, as YAML. Figures are not cached unless it says so: tests count and look.
    ///   - database: The file with the books; `nil` takes a copy of the imported one.
    ///   - foreignWrites: How changes of the catalogue are noticed that others make.
    ///   - warmsShelves: Whether shelves are brought into the cache at the start.
    ///   - onWarming: Told how that goes.
    ///   - clock: What values in memory get old by.
    ///   - now: What time it is; days are counted by it.
    ///   - isLive: Whether it listens on a port, for browsers.
    ///   - body: What to do in the shop.
    /// - Throws: What the body throws, and if the shop cannot be opened.
    static func open(
        adminToken: String? = Self.token,
        redisURL: String? = nil,
        nearCache: Int = Settings().nearCache,
        searchLimits: Settings.SearchLimits? = nil,
        trustedProxies: TrustedProxies = .none,
        caches: String = "caches: {figures: {ttl: 0s}}",
        database: String? = nil,
        foreignWrites: CachedDatabaseOptions.ForeignWrites = .every(.milliseconds(50)),
        warmsShelves: Bool = false,
        onWarming: @escaping @Sendable (WarmingReport) -> Void = { _ in },
        clock: CacheClock = .system,
        now: @escaping @Sendable () -> Date = { Date() },
        isLive: Bool = false,
        _ body: @escaping @Sendable (TestShop) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let copy = folder.path("books.sqlite")
        if database == nil {
            try await FileManager.default.copyItem(atPath: ImportedCatalogue.shared.path(), toPath: copy)
        }
        let catalogue = try Catalogue(path: database ?? copy)
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        var settings = Settings()
        settings.adminToken = adminToken
        settings.nearCache = nearCache
        settings.redisURL = redisURL
        settings.sources = [try .yaml(caches, named: "test.yaml")]
        settings.warmsShelves = warmsShelves
        settings.searchLimits = searchLimits
        settings.trustedProxies = trustedProxies
        let front = try Storefront(
            catalogue: catalogue,
            caches: ShopCaches(settings.cacheSources, logger: logger, clock: clock),
            settings: settings,
            logger: logger,
            clock: clock,
            foreignWrites: foreignWrites,
            now: now,
            // Programs for tests are slow at it.
            passwordCost: .init(rounds: 1_024, parallelism: 1),
            onWarming: onWarming
        )
        let application = try ShopApplication.make(front, settings: settings, logger: logger)
        try await application.test(isLive ? .live : .router) { client in
            try await body(TestShop(client: client, catalogue: catalogue, front: front))
        }
        try catalogue.close()
    }

    func get(_ uri: String) async throws -> TestAnswer {
        try await self.send(.get, uri)
    }

    /// Asks as a visitor whom the shop has given a cookie.
    func get(_ uri: String, as visitor: TestVisitor) async throws -> TestAnswer {
        let response = try await self.client.executeRequest(
            uri: uri,
            method: .get,
            headers: [.cookie: visitor.cookie],
            body: nil
        )
        return TestAnswer(response: response)
    }

    /// Asks through proxies.
    func get(_ uri: String, forwardedFor addresses: String) async throws -> TestAnswer {
        let name = try #require(HTTPField.Name("X-Forwarded-For"))
        let response = try await self.client.executeRequest(
            uri: uri,
            method: .get,
            headers: [name: addresses],
            body: nil
        )
        return TestAnswer(response: response)
    }

    /// Changes the catalogue past the API.
    func write(_ sql: String) async throws {
        try await self.repository.books.write { db in try db.execute(sql: sql) }
    }

    /// Waits until the store of the caches has heard of all that was written.
    func isSettled() async throws -> Bool {
        try await eventually {
            [self.repository.books, self.repository.searches].allSatisfy { $0.statistics.pending == 0 }
        }
    }

    /// What the caches did.
    func statistics() async throws -> StatisticsAnswer { try await self.get("/api/stats").decode() }

    /// Why a read of a key finds what it finds, tier by tier.
    func explain(_ key: String, in cache: String = "books") async throws -> ExplanationAnswer {
        let text = try #require(key.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let answer = try await self.get("/api/cache/explain?cache=\(cache)&key=\(text)")
        #expect(answer.status == 200)
        return try answer.decode()
    }

    /// Comes as somebody new, and keeps the cookie.
    func visit(_ uri: String = "/books") async throws -> TestVisitor {
        let cookie = try #require(try await self.get(uri).header(.setCookie))
        return TestVisitor(cookie: String(cookie.prefix { $0 != ";" }))
    }

    /// How long the session of a visitor is kept without another visit.
    func timeLeft(of visitor: TestVisitor) async throws -> Duration? {
        let reference = try #require(visitor.id).reference
        return try await self.front.caches.sessions.ttl(of: CacheKey<Never>("session:\(reference.text)"))?.duration
    }

    /// Sends a form, as a browser does from a page of the shop.
    func submit(
        _ fields: [String: String],
        to uri: String,
        as visitor: TestVisitor? = nil,
        site: String? = "same-origin",
        origin: String? = nil,
        forwardedFor addresses: String? = nil
    ) async throws -> TestAnswer {
        var headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
        headers[.cookie] = visitor?.cookie
        headers[.secFetchSite] = site
        headers[.origin] = origin
        if let addresses { headers[try #require(HTTPField.Name("X-Forwarded-For"))] = addresses }
        let body = try fields.map { name, value in
            let text = try #require(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            return "\(name)=\(text)"
        }
        let response = try await self.client.executeRequest(
            uri: uri,
            method: .post,
            headers: headers,
            body: ByteBuffer(string: body.joined(separator: "&"))
        )
        return TestAnswer(response: response)
    }

    /// Waits until all that has happened is counted, or given up.
    func settle() async throws {
        #expect(try await eventually { self.front.recorder.isSettled })
    }

    /// Sends a request, as the administrator unless told otherwise.
    func send(
        _ method: HTTPRequest.Method,
        _ uri: String,
        authorization: String? = "Bearer \(Self.token)",
        body: String? = nil
    ) async throws -> TestAnswer {
        var headers: HTTPFields = [:]
        headers[.authorization] = authorization
        let response = try await self.client.executeRequest(
            uri: uri,
            method: method,
            headers: headers,
            body: body.map { ByteBuffer(string: $0) }
        )
        return TestAnswer(response: response)
    }
}

/// Keys under which the shop's caches have what they have.
enum CachedKey {
    static func book(_ id: Int) -> String { "catalogue~r~Bookshop.BookRow~i\(id)" }
    static func shelves(of id: Int) -> String { "catalogue~k~all~Bookshop.ShelfName~shelves of \(id)" }
    static let shelves = "catalogue~k~all~Bookshop.Shelf~shelves"

    /// The numbers of the books that are in a list, such as `top:horror`.
    static func list(_ name: String, _ type: String) -> String {
        "catalogue~v~Swift.Optional<Bookshop.\(type)>~\(name)"
    }
}

/// Somebody with a cookie of the shop.
struct TestVisitor: Sendable {
    let cookie: String

    /// The session's id.
    var id: SessionID? { SessionID(self.cookie.drop { $0 != "=" }.dropFirst()) }
}

/// What the shop answered.
struct TestAnswer: Sendable {
    let response: TestResponse

    var status: Int { self.response.status.code }
    var text: String { String(buffer: self.response.body) }
    /// What the caches of the data did, for pages when they were made.
    var cacheStatus: String? { self.cacheStatuses.first }
    /// What the cache of whole pages did.
    var pageStatus: String? { self.cacheStatuses.last }
    private var cacheStatuses: [String] {
        self.response.headers[values: .cacheStatus].flatMap { $0.split(separator: ",") }
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }
    var isHit: Bool { self.cacheStatus?.hasPrefix("Larder; hit") ?? false }

    func header(_ name: HTTPField.Name) -> String? { self.response.headers[name] }

    /// Who the answer says that the browser is from now on.
    var visitor: TestVisitor? {
        self.header(.setCookie).map { TestVisitor(cookie: String($0.prefix { $0 != ";" })) }
    }

    func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(self.response.body.readableBytesView))
    }

    /// The message of an error of the API.
    func errorMessage() throws -> String {
        try self.decode([String: String].self)["error"] ?? ""
    }

    /// The names on the top level of a JSON object.
    func keys() throws -> Set<String> {
        let object = try JSONSerialization.jsonObject(with: Data(self.response.body.readableBytesView))
        return Set((object as? [String: Any] ?? [:]).keys)
    }
}
