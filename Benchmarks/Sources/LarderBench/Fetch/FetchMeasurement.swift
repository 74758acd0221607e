import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Synchronization

/// What the benchmarks of the whole cache share; each is an extension in a file of its own.
struct FetchMeasurement {
    let runs: Int
    let taskCounts: [Int]
    let tagCounts: [Int]
    let seconds: Double
    let entries: Int
    let fetches: Int
    let stores: [StoreKind]

    static let namespace: CacheNamespace = "bench"

    /// Lends a cache on an empty store, whose server is started and stopped for it.
    func withCache(on kind: StoreKind, _ body: (Cache) async throws -> Void) async throws {
        switch kind {
        case .memory:
            let cache = Cache(.memory(entries: 100_000), namespace: Self.namespace)
            try await Self.using(cache, body)
        case .redis:
            try await withRedisServer { try await self.withCache(on: $0) { cache, _ in try await body(cache) } }
        }
    }

    /// Lends a cache on a server, and its client.
    func withCache(on server: RedisServer, _ body: (Cache, RedisClient) async throws -> Void) async throws {
        let client = try RedisClient(url: server.url)
        let cache = Cache(.redis(client), namespace: Self.namespace)
        do {
            try await Self.using(cache) { try await body($0, client) }
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    /// Shuts a cache down when the body has ended, also when it throws.
    static func using(_ cache: Cache, _ body: (Cache) async throws -> Void) async throws {
        do {
            try await body(cache)
        } catch {
            await cache.shutdown()
            throw error
        }
        await cache.shutdown()
    }

    /// Asks until `condition` holds.
    ///
    /// - Throws: `Failure` where it does not within ten seconds.
    static func wait(for what: String, until condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while try await !condition() {
            if ContinuousClock.now >= deadline { throw Failure("\(what) did not come within ten seconds") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

/// A number that fills on any thread count up.
final class Tally: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { self.count.load(ordering: .acquiring) }

    func add() { self.count.add(1, ordering: .acquiringAndReleasing) }
}

/// A moment that somebody notes and somebody else asks for.
final class Moment: Sendable {
    private let nanoseconds = Atomic<UInt64>(0)

    /// `nil` until it was noted.
    var value: UInt64? {
        let value = self.nanoseconds.load(ordering: .acquiring)
        return value == 0 ? nil : value
    }

    func note() { self.nanoseconds.store(SystemTime.nanoseconds, ordering: .releasing) }
}

extension Duration {
    var nanoseconds: Double {
        Double(self.components.seconds) * 1e9 + Double(self.components.attoseconds) / 1e9
    }

    var milliseconds: Double { self.nanoseconds / 1e6 }
}
