import Larder
import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

@testable import LarderRedis

/// Near caches over a cluster, whose primaries all have to be heard.
@Suite(.serialized, .timeLimit(.minutes(5))) struct NearClusterTests {
    private typealias Process = NearCacheTests.Process

    private static let keys = (0..<24).map { CacheKey<Int>("k\($0)") }

    private func withProcesses(
        on cluster: RedisClusterDeployment,
        _ body: (Process, Process) async throws -> Void
    ) async throws {
        var configuration = RedisConfiguration()
        configuration.topology = .cluster([.hostname("127.0.0.1", port: cluster.servers[0].port)])
        let (a, b) = (try Process(configuration), try Process(configuration))
        do {
            for process in [a, b] {
                #expect(try !process.isCovered, "nobody knows the primaries yet")
                #expect(try await process.listens())
            }
            try await body(a, b)
        } catch {
            for process in [a, b] { await process.client.shutdown() }
            throw error
        }
        for process in [a, b] { await process.client.shutdown() }
    }

    // MARK: Changes

    @Test func changesOnEveryShardReachOtherProcesses() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            try await self.withProcesses(on: cluster) { a, b in
                for (number, key) in Self.keys.enumerated() {
                    try await a.cache.set(key, to: number, tags: ["all", "t\(number % 4)"])
                }
                for key in Self.keys { #expect(try await b.keeps(key)) }
                for (number, key) in Self.keys.enumerated() where number % 4 == 0 {
                    try await a.cache.set(key, to: 100 + number, tags: ["all"])
                    #expect(try await eventually { try await b.cache.get(key) == 100 + number })
                }
                for (number, key) in Self.keys.enumerated() where number % 4 == 1 {
                    _ = try await a.cache.remove(key)
                    #expect(try await eventually { try await b.cache.get(key) == nil })
                }
                try await a.cache.invalidate(tags: ["t2"])
                for (number, key) in Self.keys.enumerated() {
                    let expected: Int? =
                        switch number % 4 {
                        case 0: 100 + number
                        case 1, 2: nil
                        default: number
                        }
                    #expect(try await eventually { try await b.cache.get(key) == expected }, "\(key.name)")
                    #expect(try await a.cache.get(key) == expected, "its own change a process sees at once")
                }
                for key in Self.keys {
                    try await a.cache.set(key, to: -1, tags: ["all"])
                    #expect(try await b.keeps(key))
                }
                try await a.cache.clear()
                for key in Self.keys { #expect(try await eventually { try await b.cache.get(key) == nil }) }
                let latency = try #require(try a.statistics.pushLatency)
                #expect(latency.median < 1_000_000)
            }
        }
    }

    @Test func whatIsReadOverARedirectionIsNotKept() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            try await self.withProcesses(on: cluster) { a, b in
                let key = Self.keys[0]
                let name = "shop:1:\(key.name)"
                try await a.cache.set(key, to: 1)
                #expect(try await b.keeps(key))
                let slot = try await cluster.slot(of: name)
                let target = (try await cluster.shard(owning: slot) + 1) % 3
                let move = try await cluster.beginMove(of: slot, to: target)
                try await cluster.moveKeys([name], of: move)
                #expect(try await eventually { !b.hasCopy(key) }, "it has left its server")
                for _ in 0..<20 {
                    #expect(try await b.cache.get(key) == 1)
                    #expect(!b.hasCopy(key))
                }
                try await cluster.endMove(move)
                #expect(try await b.keeps(key))
                try await a.cache.set(key, to: 2)
                #expect(try await eventually { try await b.cache.get(key) == 2 })
            }
        }
    }

    // MARK: Generations

    @Test func taggedReadThatMissesItsCopyAsksOnlyForTheEntry() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            try await self.withProcesses(on: cluster) { a, b in
                let home = try await cluster.shard(owning: cluster.slot(of: "{@shop}:stamp"))
                var elsewhere: [CacheKey<Int>] = []
                for key in Self.keys {
                    let slot = try await cluster.slot(of: "shop:1:\(key.name)")
                    if try await cluster.shard(owning: slot) != home { elsewhere.append(key) }
                }
                #expect(elsewhere.count > 4)
                for (number, key) in elsewhere.enumerated() {
                    try await a.cache.set(key, to: number, tags: ["t", "u"])
                }
                // One of them teaches the process the generations, as soon as the pushes of the writes are over.
                let server = try await cluster.primary(of: home)
                let (first, others) = (elsewhere[0], elsewhere.dropFirst())
                #expect(try await b.keeps(first))
                let isTaught = try await eventually {
                    _ = try await a.cache.remove(first)
                    try await a.cache.set(first, to: 0, tags: ["t", "u"])
                    #expect(try await b.keeps(first))
                    return try await Self.reads(server) { _ = try await b.cache.get(first, freshness: .tracked) } == 0
                }
                #expect(isTaught)
                let haveCopies = others.contains { b.hasCopy($0) }
                #expect(!haveCopies)
                var values: [Int?] = []
                let reads = try await Self.reads(server) {
                    for key in others { values.append(try await b.cache.get(key)) }
                }
                #expect(values == others.indices.map { $0 })
                #expect(reads == 0, "what is the namespace's own is known")
                // A strict read asks for all of it.
                let strict = try await Self.reads(server) {
                    for key in others { _ = try await b.cache.get(key, freshness: .strict) }
                }
                #expect(strict >= others.count)
                // What is known ends with the push.
                try await a.cache.invalidate(tags: ["u"])
                for key in elsewhere { #expect(try await eventually { try await b.cache.get(key) == nil }) }
                try await b.cache.set(first, to: 7, tags: ["t", "u"])
                #expect(try await b.cache.get(first) == 7)
                try await b.cache.invalidate(tags: ["t"])
                #expect(try await b.cache.get(first) == nil, "its own change a process sees at once")
            }
        }
    }

    /// How many commands that read strings a server executed for a body.
    private static func reads(_ server: RedisServer, _ body: () async throws -> Void) async throws -> Int {
        func count() async throws -> Int {
            let reply = try await server.command("INFO", "commandstats")
            return reply.split(whereSeparator: \.isNewline).reduce(0) { sum, line in
                guard line.hasPrefix("cmdstat_mget:") || line.hasPrefix("cmdstat_get:"),
                    let calls = line.split(separator: ":").last?.split(separator: ",").first
                else { return sum }
                return sum + (Int(calls.dropFirst("calls=".count)) ?? 0)
            }
        }
        let before = try await count()
        try await body()
        return try await count() - before
    }

    // MARK: Faults

    /// Changes and reads go on, from both processes, while something happens to the cluster; once all is quiet, what they read
    /// must be what is there.
    private func change(
        _ cluster: RedisClusterDeployment,
        _ a: Process,
        _ b: Process,
        while body: @escaping @Sendable () async throws -> Void
    ) async throws {
        let end = End()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for process in [a, b] {
                for task in 0..<2 {
                    group.addTask {
                        var number = task
                        while !end.isReached.load(ordering: .relaxed) {
                            number += 2
                            await Self.change(process.cache, number)
                        }
                    }
                    group.addTask {
                        while !end.isReached.load(ordering: .relaxed) {
                            // Errors are what a failover looks like; what counts is what is read afterwards.
                            for key in Self.keys { _ = try? await process.cache.get(key) }
                            try await Task.sleep(for: .milliseconds(1))
                        }
                    }
                }
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body()) } catch { result = .failure(error) }
            end.isReached.store(true, ordering: .relaxed)
            try await group.waitForAll()
            try result.get()
        }
        try await cluster.awaitReady()
        try await self.nothingIsStale(a, b)
    }

    private static func change(_ cache: Cache, _ number: Int) async {
        let key = Self.keys[number % Self.keys.count]
        do {
            switch number % 7 {
            case 0: _ = try await cache.remove(key)
            case 1: try await cache.invalidate(tags: ["t\(number % 3)"])
            case 2 where number % 70 == 2: try await cache.clear()
            default: try await cache.set(key, to: number, tags: ["t\(number % 3)", "all"])
            }
            try await Task.sleep(for: .milliseconds(2))
        } catch {
            // As long as nobody is the primary there is nothing to change.
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private func nothingIsStale(_ a: Process, _ b: Process) async throws {
        for process in [a, b] {
            let isCovered = try await eventually {
                _ = try? await process.cache.get(CacheKey<Int>("nobody's"))
                return try process.isCovered
            }
            let trouble = try process.statistics.trouble
            #expect(isCovered, "\(trouble?.description ?? "")")
        }
        // On every shard: when these have been heard, so has everything before them.
        for number in 0..<Self.keys.count {
            let key = CacheKey<Int>("quiet\(number)")
            let last = try await a.cache.get(key, freshness: .strict) ?? 0
            let isWritten = try await eventually {
                do { try await a.cache.set(key, to: last + 1) } catch is CacheError { return false }
                return true
            }
            #expect(isWritten)
            #expect(try await eventually { try await b.cache.get(key) == last + 1 })
        }
        for key in Self.keys {
            for process in [a, b] {
                let tracked = try await process.cache.get(key)
                let strict = try await process.cache.get(key, freshness: .strict)
                #expect(tracked == strict, "\(key.name)")
                #expect(try await process.cache.get(key) == strict, "\(key.name)")
            }
        }
        #expect(Self.keys.contains { a.hasCopy($0) || b.hasCopy($0) }, "memory is used")
    }

    @Test func failoversLeaveNothingStale() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            try await self.withProcesses(on: cluster) { a, b in
                for kind in [RedisClusterDeployment.FailoverKind.coordinated, .takeover] {
                    try await self.change(cluster, a, b) { try await cluster.failover(0, kind) }
                }
                try await self.change(cluster, a, b) {
                    let killed = try await cluster.killPrimary(of: 1)
                    _ = try await cluster.awaitNewPrimary(of: 1, not: killed)
                    try await cluster.restart(killed)
                }
                #expect(try a.statistics.timesEmptied > 0)
                #expect(try a.statistics.hits > 0)
            }
        }
    }

    @Test func movedSlotsLeaveNothingStale() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            try await self.withProcesses(on: cluster) { a, b in
                try await self.change(cluster, a, b) { try await cluster.moveSlots(0...2_000, to: 1) }
                let added = try await cluster.addShard()
                try await self.change(cluster, a, b) { try await cluster.moveSlots(4_000...8_000, to: added) }
                #expect(try a.statistics.timesEmptied > 0, "a server that nobody listened to has become a primary")
            }
        }
    }
}

extension NearCacheTests.Process {
    fileprivate var isCovered: Bool { get throws { try self.statistics.isCovered } }
}

/// When those who change and read in the background stop.
private final class End: Sendable {
    let isReached = Atomic(false)
}
