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
        let refresh: (@Sendable (Request) async throws -> Response)? = refreshes ? { try await origin.respond($0) } : nil
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
    var cacheStatus: String { self.fields[values: .init("Cache-Status")!].last ?? "" }
    var isHit: Bool { self.cacheStatus.contains(";hit") }
}
