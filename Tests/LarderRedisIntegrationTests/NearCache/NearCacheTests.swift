import Larder
import LarderRedisClient
import LarderTesting
import Testing

@testable import LarderRedis

/// Near caches over a real server: what one process changes, the memory of others forgets.
@Suite(.timeLimit(.minutes(3))) struct NearCacheTests {
    /// A process: a client of its own, a near cache and a cache.
    struct Process: Sendable {
        let client: RedisClient
        let store: RedisStore
        let cache: Cache
        static let namespace: CacheNamespace = "shop"

        init(port: Int) throws { try self.init(RedisConfiguration(port: port)) }

        init(_ configuration: RedisConfiguration) throws {
            var configuration = configuration
            configuration.commandTimeout = .seconds(20)
            self.client = try RedisClient(configuration)
            self.store = RedisStore(self.client, RedisStoreOptions(nearCache: .entries(1_000)))
            self.cache = Cache(
                self.store,
                namespace: Self.namespace,
                defaults: .init(ttl: .minutes(10), failurePolicy: .throwing)
            )
        }

        var statistics: NearCacheStatistics {
            get throws { try #require(self.store.nearCacheStatistics(of: Self.namespace)) }
        }

        /// Waits until the servers tell of changes.
        func listens() async throws -> Bool {
            _ = try await self.cache.get(CacheKey<Int>("nobody's"))
            return try await eventually { try self.statistics.isCovered }
        }

        /// Whether memory answers for a key.
        func hasCopy(_ key: CacheKey<Int>) -> Bool {
            if case .unknown = self.store.open(Self.namespace).readNow(TagSpace.key(key.name)) { false } else { true }
        }

        /// Reads until a copy is kept: the push of a change may come after the first read.
        func keeps(_ key: CacheKey<Int>) async throws -> Bool {
            try await eventually {
                _ = try await self.cache.get(key)
                return self.hasCopy(key)
            }
        }
    }

    private static let key: CacheKey<Int> = "k"

    private func withProcesses(
        _ count: Int,
        at port: Int,
        _ body: ([Process]) async throws -> Void
    ) async throws {
        let processes = try (0..<count).map { _ in try Process(port: port) }
        do {
            for process in processes { #expect(try await process.listens()) }
            try await body(processes)
        } catch {
            for process in processes { await process.client.shutdown() }
            throw error
        }
        for process in processes { await process.client.shutdown() }
    }

    // MARK: Changes

    @Test func hitsCostNoRoundTripAndChangesElsewhereEndThem() async throws {
        try await withRedis { redis in
            try await self.withProcesses(2, at: redis.server.port) { processes in
                let (a, b) = (processes[0].cache, processes[1].cache)
                try await a.set(Self.key, to: 1)
                #expect(try await processes[1].keeps(Self.key))
                let commands = try await redis.commands {
                    for _ in 0..<100 { _ = try await b.get(Self.key) }
                }
                #expect(commands["mget"] == nil)
                #expect(try await b.get(Self.key) == 1)
                try await a.set(Self.key, to: 2)
                #expect(try await eventually { try await b.get(Self.key) == 2 })
                #expect(try await processes[1].keeps(Self.key))
                _ = try await a.increment(CacheKey<Int>("k"), by: 5)
                #expect(try await eventually { try await b.get(Self.key) == 7 })
                #expect(try await processes[1].keeps(Self.key))
                _ = try await a.remove(Self.key)
                #expect(try await eventually { try await b.get(Self.key) == nil })
            }
        }
    }

    @Test func tagsAndClearingReachOtherProcesses() async throws {
        try await withRedis { redis in
            try await self.withProcesses(2, at: redis.server.port) { processes in
                let (a, b) = (processes[0].cache, processes[1].cache)
                try await a.set(Self.key, to: 1, tags: ["t", "u"])
                try await a.set("other", to: 2, tags: ["u"])
                #expect(try await processes[1].keeps(Self.key))
                try await a.invalidate(tags: ["t"])
                #expect(try await eventually { try await b.get(Self.key) == nil })
                #expect(try await b.get(CacheKey<Int>("other")) == 2)
                try await a.set(Self.key, to: 3)
                #expect(try await processes[1].keeps(Self.key))
                _ = try await a.removeAll(matching: "k*")
                #expect(try await eventually { try await b.get(Self.key) == nil })
                try await a.set(Self.key, to: 4)
                #expect(try await processes[1].keeps(Self.key))
                try await a.clear()
                #expect(try await eventually { try await b.get(Self.key) == nil })
            }
        }
    }

    @Test func ownChangesAreSeenAtOnce() async throws {
        try await withRedis { redis in
            try await self.withProcesses(1, at: redis.server.port) { processes in
                let cache = processes[0].cache
                for round in 0..<200 {
                    try await cache.set(Self.key, to: round, tags: ["t"])
                    #expect(try await cache.get(Self.key) == round)
                    #expect(try await cache.get(Self.key) == round)
                    if round.isMultiple(of: 3) {
                        try await cache.invalidate(tags: ["t"])
                        #expect(try await cache.get(Self.key) == nil)
                    }
                }
                let latency = try #require(try processes[0].statistics.pushLatency)
                #expect(latency.median > 0 && latency.median <= latency.percentile99)
                #expect(latency.median < 1_000_000)
            }
        }
    }

    @Test func entryThatTheServerDropsLeavesMemoryToo() async throws {
        try await withRedis { redis in
            try await self.withProcesses(1, at: redis.server.port) { processes in
                let process = processes[0]
                try await process.cache.set(Self.key, to: 1)
                #expect(try await process.keeps(Self.key))
                try await redis.server.command("DEL", "shop:1:k")
                #expect(try await eventually { !process.hasCopy(Self.key) })
                try await process.cache.set(Self.key, to: 2)
                #expect(try await process.keeps(Self.key))
                try await redis.server.command("FLUSHALL")
                #expect(try await eventually { !process.hasCopy(Self.key) })
                #expect(try await process.cache.get(Self.key) == nil)
                #expect(try process.statistics.lastEmptied == .flushed)
            }
        }
    }

    // MARK: Faults

    @Test func whatWasChangedWhileTheConnectionWasCutIsNotServedAfterwards() async throws {
        try await withRedis { redis in
            try await withTrackingProxy(to: redis.server.port) { proxy in
                try await self.withProcesses(1, at: proxy.port) { processes in
                    let process = processes[0]
                    let writer = redis.cache("shop")
                    for round in 0..<5 {
                        try await writer.set(Self.key, to: 2 * round)
                        #expect(try await process.keeps(Self.key))
                        proxy.cut()
                        #expect(try await eventually { try !process.statistics.isCovered })
                        #expect(!process.hasCopy(Self.key))
                        #expect(try await process.cache.get(Self.key) == 2 * round)
                        try await writer.set(Self.key, to: 2 * round + 1)
                        #expect(try await process.cache.get(Self.key) == 2 * round + 1)
                        #expect(!process.hasCopy(Self.key))
                        proxy.mend()
                        #expect(try await eventually { try process.statistics.isCovered })
                        #expect(try await process.cache.get(Self.key) == 2 * round + 1)
                    }
                    #expect(try process.statistics.lastEmptied == .connectionLost)
                    #expect(try process.statistics.timesEmptied >= 5)
                }
            }
        }
    }

    @Test func halfOpenConnectionIsNoticedAndOldCopiesAreNotServed() async throws {
        try await withRedis { redis in
            try await withTrackingProxy(to: redis.server.port) { proxy in
                try await self.withProcesses(1, at: proxy.port) { processes in
                    let process = processes[0]
                    let writer = redis.cache("shop")
                    try await writer.set(Self.key, to: 1)
                    #expect(try await process.keeps(Self.key))
                    // Pushes come in order: with this one all before it have come, and none of them drops the copy later.
                    let other: CacheKey<Int> = "other"
                    try await writer.set(other, to: 1)
                    #expect(try await process.keeps(other))
                    try await writer.set(other, to: 2)
                    #expect(try await eventually { !process.hasCopy(other) })
                    #expect(try await process.keeps(Self.key))
                    proxy.holdUp()
                    try await writer.set(Self.key, to: 2)
                    #expect(try await eventually(atMost: .seconds(10)) { try await process.cache.get(Self.key) == 2 })
                    #expect(try !process.statistics.isCovered)
                    let trouble = try #require(process.statistics.trouble)
                    #expect([.silent, .disconnected].contains(trouble))
                    // The connection is given up; what was swallowed never comes.
                    #expect(try await eventually { try process.statistics.lastEmptied == .connectionLost })
                    proxy.mend()
                    #expect(try await eventually { try process.statistics.isCovered })
                    #expect(try await process.cache.get(Self.key) == 2)
                }
            }
        }
    }

    @Test func killedConnectionsLeaveNothingStale() async throws {
        try await withRedis { redis in
            try await self.withProcesses(2, at: redis.server.port) { processes in
                let writer = redis.cache("shop")
                for round in 0..<30 {
                    try await writer.set(Self.key, to: round)
                    for process in processes { #expect(try await process.keeps(Self.key)) }
                    async let kill = redis.server.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                    do { try await writer.set(Self.key, to: 1_000 + round) } catch is CacheError {}
                    _ = try await kill
                    // The writer's connection may have been killed, too, before it knows.
                    let isWritten = try await eventually {
                        do { try await writer.set(Self.key, to: 1_000 + round) } catch is CacheError { return false }
                        return true
                    }
                    #expect(isWritten)
                    for process in processes {
                        #expect(
                            try await eventually(atMost: .seconds(10)) {
                                try await process.cache.get(Self.key) == 1_000 + round
                            }
                        )
                        #expect(try await eventually { try process.statistics.isCovered })
                        #expect(try await process.cache.get(Self.key) == 1_000 + round)
                    }
                }
            }
        }
    }

    @Test func serverThatComesBackWithOtherContentIsBelieved() async throws {
        try await withRedis { redis in
            try await self.withProcesses(1, at: redis.server.port) { processes in
                let process = processes[0]
                try await process.cache.set(Self.key, to: 1)
                #expect(try await process.keeps(Self.key))
                await redis.server.kill()
                #expect(try await eventually { try !process.statistics.isCovered })
                #expect(!process.hasCopy(Self.key))
                try await redis.server.restart()
                #expect(try await eventually { try process.statistics.isCovered })
                #expect(try await eventually { (try? await process.cache.get(Self.key)) == .some(nil) })
                try await redis.cache("shop").set(Self.key, to: 2)
                #expect(try await eventually { try await process.cache.get(Self.key) == 2 })
            }
        }
    }

    @Test func serverThatDoesNotTellOfChangesIsReadWithoutMemory() async throws {
        try await withRedis { redis in
            try await redis.server.command(
                "ACL",
                "SETUSER",
                "poor",
                "on",
                ">x",
                "~*",
                "&*",
                "+@all",
                "-client|tracking"
            )
            var configuration = RedisConfiguration(port: redis.server.port)
            configuration.username = "poor"
            configuration.password = "x"
            let client = try RedisClient(configuration)
            let store = RedisStore(client, RedisStoreOptions(nearCache: .entries(100)))
            let cache = Cache(store, namespace: "shop")
            try await cache.set(Self.key, to: 1)
            #expect(try await eventually { store.nearCacheStatistics(of: "shop")?.trouble != nil })
            #expect(try await cache.get(Self.key) == 1)
            #expect(try await cache.get(Self.key) == 1)
            let statistics = try #require(store.nearCacheStatistics(of: "shop"))
            #expect(!statistics.isCovered)
            #expect(statistics.entries == 0)
            #expect(statistics.trouble == .unsupported)
            await client.shutdown()
        }
    }

    // MARK: Strict reads

    @Test func strictReadSeesWhatOthersHaveChangedWhateverIsHeard() async throws {
        try await withRedis { redis in
            try await withTrackingProxy(to: redis.server.port) { proxy in
                try await self.withProcesses(1, at: proxy.port) { processes in
                    let process = processes[0]
                    let writer = redis.cache("shop")
                    func changesAreSeen(_ rounds: Range<Int>) async throws {
                        for round in rounds {
                            try await writer.set(Self.key, to: round, tags: ["t"])
                            #expect(try await process.cache.get(Self.key, freshness: .strict) == round)
                            if round % 3 == 0 {
                                try await writer.invalidate(tags: ["t"])
                                #expect(try await process.cache.get(Self.key, freshness: .strict) == nil)
                            } else if round % 3 == 1 {
                                _ = try await writer.remove(Self.key)
                                #expect(try await process.cache.get(Self.key, freshness: .strict) == nil)
                            }
                        }
                    }
                    try await changesAreSeen(0..<100)
                    // Nobody is told, and nobody knows yet that nobody is.
                    try await writer.set(Self.key, to: -1)
                    #expect(try await process.keeps(Self.key))
                    proxy.holdUp()
                    try await changesAreSeen(100..<150)
                    #expect(try await eventually { try !process.statistics.isCovered })
                    try await changesAreSeen(150..<200)
                    proxy.mend()
                    #expect(try await eventually { try process.statistics.isCovered })
                    try await changesAreSeen(200..<250)
                }
            }
        }
    }

    @Test func strictReadReplacesTheCopyThatOthersRead() async throws {
        try await withRedis { redis in
            try await self.withProcesses(1, at: redis.server.port) { processes in
                let process = processes[0]
                let writer = redis.cache("shop")
                for round in 0..<20 {
                    try await writer.set(Self.key, to: 2 * round)
                    #expect(try await process.keeps(Self.key))
                    try await writer.set(Self.key, to: 2 * round + 1)
                    #expect(try await process.cache.get(Self.key, freshness: .strict) == 2 * round + 1)
                    #expect(try await process.cache.get(Self.key) == 2 * round + 1)
                }
            }
        }
    }

    // MARK: Life

    @Test func listensFromTheFirstUseUntilTheStoreEnds() async throws {
        try await withRedis { redis in
            func tracking() async throws -> Int {
                let clients = try await redis.server.command("CLIENT", "LIST")
                return clients.split(separator: "\n").count { $0.contains("flags=t") }
            }
            let store = RedisStore(redis.client, RedisStoreOptions(nearCache: .entries(100)))
            #expect(store.nearCacheStatistics(of: "shop") == nil)
            var cache: Cache? = Cache(store, namespace: "shop")
            let second = Cache(store, namespace: "shop")
            #expect(store.nearCacheStatistics(of: "shop")?.isCovered == false)
            #expect(try await tracking() == 0)
            try await cache?.set(Self.key, to: 1)
            _ = try await second.get(Self.key)
            #expect(try await eventually { store.nearCacheStatistics(of: "shop")?.isCovered == true })
            #expect(try await tracking() == 1, "caches of one namespace listen together")
            await store.shutdown()
            #expect(try await eventually { try await tracking() == 0 })
            #expect(try await second.get(Self.key) == 1, "the store goes on without")
            #expect(store.nearCacheStatistics(of: "shop")?.entries == 0 || second.counters.hits == 2)
            cache = Cache(.redis(redis.client, nearCache: .entries(100)), namespace: "other")
            try await cache?.set(Self.key, to: 1)
            #expect(try await eventually { try await tracking() == 1 })
            cache = nil
            #expect(try await eventually { try await tracking() == 0 }, "the last cache takes it along")
        }
    }

    @Test func statisticsAddUp() async throws {
        try await withRedis { redis in
            try await self.withProcesses(1, at: redis.server.port) { processes in
                let process = processes[0]
                try await process.cache.set(Self.key, to: 1)
                #expect(try await process.keeps(Self.key))
                let before = try process.statistics
                for _ in 0..<90 { _ = try await process.cache.get(Self.key) }
                for _ in 0..<10 { _ = try await process.cache.get(CacheKey<Int>("nothing")) }
                let after = try process.statistics
                #expect(after.hits - before.hits == 90)
                #expect(after.misses - before.misses == 10)
                #expect(after.limit == 1_000)
                #expect(after.entries >= 1)
                #expect(after.invalidations >= 1)
                #expect(after.hitRatio > 0.5 && after.hitRatio < 1)
            }
        }
    }

    // MARK: What every store promises

    @Test(arguments: StoreConformance.checks)
    func nearCacheConforms(_ check: StoreCheck) async throws {
        try await withRedis { redis in
            let clock = ManualClock()
            let store = RedisStore(
                redis.client,
                RedisStoreOptions(nearCache: .entries(1_000), clock: CacheClock(clock))
            )
            let subject = StoreUnderTest(store, drift: .seconds(29)) { duration in
                try await redis.pass(duration)
                clock.advance(by: duration)
            }
            try await check.run(on: subject)
            await store.shutdown()
        }
    }
}

/// Looks again and again until `condition` holds, at most until `limit` is over: for what comes over a wire.
///
/// - Returns: Whether it held in time.
func eventually(atMost limit: Duration = .seconds(30), _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now.advanced(by: limit)
    while true {
        if try await condition() { return true }
        if ContinuousClock.now >= end { return false }
        try await Task.sleep(for: .milliseconds(2))
    }
}
