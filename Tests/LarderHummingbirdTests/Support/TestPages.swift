import HTTPTypes
import Hummingbird
import Larder
import LarderTesting
import NIOCore
import Testing

@testable import LarderHummingbird

/// A cache of answers on memory, with its clock and its handler.
struct TestPages: Sendable {
    let clock = ManualClock()
    let cache: Cache
    let pages: ResponseCache
    let origin: ScriptedOrigin

    init(
        _ options: ResponseCacheOptions = .application(),
        _ origin: ScriptedOrigin,
        onStore store: (any CacheStore)? = nil
    ) {
        let time = CacheClock(self.clock)
        var options = options
        options.clock = time
        if let store {
            self.cache = Self.cache(store, time)
        } else {
            self.cache = Cache(MemoryStore(limit: .entries(10_000), clock: time), namespace: "web", clock: time)
        }
        self.pages = ResponseCache(self.cache, options: options)
        self.origin = origin
    }

    private static func cache(_ store: some CacheStore, _ time: CacheClock) -> Cache {
        Cache(store, namespace: "web", clock: time)
    }

    /// Sends a request, and reads the answer.
    func send(
        _ method: HTTPRequest.Method = .get,
        _ path: String = "/",
        _ fields: HTTPFields = [:],
        host: String = "shop.example",
        refreshes: Bool = false
    ) async throws -> Answer {
        let head = HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: fields)
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        let origin = self.origin
        let refreshing: @Sendable (Request) async throws -> Response = { try await origin.respond($0) }
        let refresh = refreshes ? refreshing : nil
        let response = try await self.pages.respond(to: request, refresh: refresh) { try await origin.respond($0) }
        return try await Answer(response)
    }
}

/// An answer that was read to its end.
struct Answer: Sendable {
    var status: Int
    var fields: HTTPFields
    var body: String

    init(_ response: Response) async throws {
        let gathered = GatheredBody()
        try await response.body.write(GatheringWriter(gathered))
        self.status = response.status.code
        self.fields = response.headers
        self.body = String(buffer: gathered.buffer)
    }

    /// What the cache says of its part in it.
    var cacheStatus: String { self.fields[values: .cacheStatus].last ?? "" }
    var isHit: Bool { self.cacheStatus.contains(";hit") }
}

extension HTTPField.Name {
    static let cacheStatus = Self.made("Cache-Status")
    static let forwardedHost = Self.made("X-Forwarded-Host")
    static let surrogateKey = Self.made("Surrogate-Key")

    static func made(_ name: String) -> Self {
        guard let name = Self(name) else { preconditionFailure("\(name) is no name of a field") }
        return name
    }
}
