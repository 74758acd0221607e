import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

// What fetches take while the store hangs.
extension FetchMeasurement {
    private static let timeoutMilliseconds = 50
    private static let fillMilliseconds = 5
    private static let keyCount = 100

    func outage() async throws {
        guard self.stores.contains(.redis) else { return }
        progress("an outage of Redis")
        try await withRedisServer { server in
            // With a timeout that suits a busy machine: only what comes later is to be short.
            try await self.withCache(on: server) { cache, _ in
                let values = (0..<Self.keyCount).map { (Self.key($0), $0) }
                try await cache.setMany(Dictionary(uniqueKeysWithValues: values), ttl: .hours(1))
            }
            var configuration = try RedisConfiguration(url: server.url)
            configuration.commandTimeout = .milliseconds(Self.timeoutMilliseconds)
            let client = try RedisClient(configuration)
            let cache = Cache(.redis(client), namespace: Self.namespace)
            do {
                try await Self.using(cache) { try await self.measureOutages(of: server, $0) }
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    private static func key(_ index: Int) -> CacheKey<Int> { CacheKey("outage:\(index % Self.keyCount)") }

    private struct OutageFigures {
        /// Of calls that waited for the store, one after the other.
        var first: [Double] = []
        /// Of 50 calls at the same moment, before anybody knew.
        var crowd: [Double] = []
        /// Of calls after those, which the circuit breaker kept from the store.
        var open: [Double] = []
        var recoveries: [Double] = []
    }

    private func measureOutages(of server: RedisServer, _ cache: Cache) async throws {
        var figures = OutageFigures()
        for _ in 0..<self.runs {
            try await Self.awaitHit(cache)
            server.pause()
            try await self.measureCalls(cache, &figures)
            server.resume()
            figures.recoveries.append(try await Self.awaitHit(cache))

            server.pause()
            figures.crowd += try await Self.crowd(cache)
            server.resume()
            figures.recoveries.append(try await Self.awaitHit(cache))
        }
        Self.line("first", tasks: 1, figures.first, overhead: 1).print()
        Self.line("first", tasks: 50, figures.crowd, overhead: 1).print()
        Self.line("open", tasks: 1, figures.open, overhead: 0.99).print()
        var line = BenchLine("fetch.outage")
        line.set("store", "redis")
        line.set("phase", "recovery")
        line.set("recovered_ms", median(figures.recoveries))
        line.set("recovered_max_ms", figures.recoveries.max() ?? .nan)
        line.print()
    }

    private func measureCalls(_ cache: Cache, _ figures: inout OutageFigures) async throws {
        for index in 0..<20 where cache.circuit == .closed {
            figures.first.append(try await Self.overhead(cache, index))
        }
        guard cache.circuit != .closed else { throw Failure("the circuit breaker stays closed") }
        let end = ContinuousClock.now.advanced(by: .seconds(self.seconds))
        var index = 0
        while ContinuousClock.now < end {
            figures.open.append(try await Self.overhead(cache, index))
            index += 1
        }
    }

    private static func crowd(_ cache: Cache) async throws -> [Double] {
        try await withThrowingTaskGroup(of: Double.self) { group in
            for index in 0..<50 { group.addTask { try await Self.overhead(cache, index) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// The milliseconds that a fetch takes beyond its fill.
    private static func overhead(_ cache: Cache, _ index: Int) async throws -> Double {
        let began = Moment()
        let ended = Moment()
        let start = SystemTime.nanoseconds
        _ = try await cache.fetch(Self.key(index)) {
            began.note()
            try await Task.sleep(for: .milliseconds(Self.fillMilliseconds))
            ended.note()
            return index
        }
        let total = SystemTime.milliseconds(from: start, to: SystemTime.nanoseconds)
        guard let began = began.value, let ended = ended.value else {
            throw Failure("a server that was stopped has answered")
        }
        return total - SystemTime.milliseconds(from: began, to: ended)
    }

    /// Fetches until that is a hit.
    ///
    /// - Returns: The milliseconds that it took.
    @discardableResult
    private static func awaitHit(_ cache: Cache) async throws -> Double {
        let start = SystemTime.nanoseconds
        try await Self.wait(for: "a hit") {
            let fills = Tally()
            _ = try await cache.fetch(Self.key(0)) {
                fills.add()
                return 0
            }
            return fills.value == 0
        }
        return SystemTime.milliseconds(from: start, to: SystemTime.nanoseconds)
    }

    private static func line(_ phase: String, tasks: Int, _ overheads: [Double], overhead: Double) -> BenchLine {
        let sorted = overheads.sorted()
        var line = BenchLine("fetch.outage")
        line.set("store", "redis")
        line.set("phase", phase)
        line.set("tasks", tasks)
        line.set("timeout_ms", Self.timeoutMilliseconds)
        line.set("fill_ms", Self.fillMilliseconds)
        line.set("calls", sorted.count)
        line.set("overhead_ms", percentile(overhead, of: sorted))
        line.set("overhead_p50_ms", percentile(0.5, of: sorted))
        line.set("overhead_max_ms", sorted.last ?? .nan)
        return line
    }
}
