import Larder
import LarderRedisClient
import LarderTesting
import Testing

@testable import LarderRedis

/// What becomes of a namespace when its server comes back and has forgotten something.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ServerLossTests {
    static let key = CacheKey<Int>("k")

    /// A cache in a process of its own, as it were: nothing is shared but the server.
    struct Process {
        let client: RedisClient
        let cache: Cache

        init(_ server: RedisServer, _ options: RedisStoreOptions) throws {
            var configuration = RedisConfiguration(host: server.host, port: server.port)
            configuration.reconnect = .init(base: .milliseconds(2), maximum: .milliseconds(20))
            self.client = try RedisClient(configuration)
            self.cache = Cache(
                .redis(self.client, options),
                namespace: "shop",
                defaults: CacheDefaults(failurePolicy: .throwing, circuitBreaker: nil)
            )
        }

        func end() async {
            await self.cache.shutdown()
            await self.client.shutdown()
        }
    }

    /// Runs two processes on a server that keeps its data over restarts.
    func withProcesses(
        _ options: RedisStoreOptions,
        _ body: (RedisServer, Process, Process) async throws -> Void
    ) async throws {
        try await withRedisServer(.init(persistent: true)) { server in
            let processes = try (Process(server, options), Process(server, options))
            do {
                try await body(server, processes.0, processes.1)
            } catch {
                await processes.0.end()
                await processes.1.end()
                throw error
            }
            await processes.0.end()
            await processes.1.end()
        }
    }

    /// Saves a snapshot, lets `change` happen, and starts the server again with what it had before.
    func forget(on server: RedisServer, _ change: () async throws -> Void) async throws {
        try await server.command("CONFIG", "SET", "appendonly", "no")
        try await server.command("CONFIG", "SET", "save", "")
        try await server.command("SAVE")
        try await change()
        await server.kill()
        try await server.restart()
    }

    /// The value by way of a connection that works again.
    func value(in process: Process) async throws -> Int? {
        let deadline = ContinuousClock.now.advanced(by: .seconds(10))
        while true {
            do {
                return try await process.cache.get(Self.key)
            } catch  where ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test func keptNamespaceServesWhatTheServerRemembers() async throws {
        try await self.withProcesses(RedisStoreOptions()) { server, first, _ in
            try await first.cache.set(Self.key, to: 1)
            try await self.forget(on: server) { try await first.cache.remove(Self.key) }
            try await #expect(
                self.value(in: first) == 1,
                "or the server forgets nothing, and the other tests show nothing"
            )
        }
    }

    @Test func coldNamespaceServesNothingOfAnEarlierServer() async throws {
        try await self.withProcesses(RedisStoreOptions(onLoss: .coldAfterLoss)) { server, first, second in
            try await first.cache.set(Self.key, to: 1)
            try await #expect(second.cache.get(Self.key) == 1)
            try await self.forget(on: server) { try await first.cache.remove(Self.key) }
            try await #expect(self.value(in: second) == nil)
            try await second.cache.set(Self.key, to: 2)
            // Whoever comes later finds it done: it is made cold once.
            try await #expect(self.value(in: first) == 2)
            let later = try Process(server, RedisStoreOptions(onLoss: .coldAfterLoss))
            try await #expect(self.value(in: later) == 2)
            await later.end()
        }
    }

    @Test func processThatWasStartedAfterTheLossFindsOut() async throws {
        let options = RedisStoreOptions(onLoss: .coldAfterLoss)
        try await withRedisServer(.init(persistent: true)) { server in
            let first = try Process(server, options)
            try await first.cache.set(Self.key, to: 1)
            try await self.forget(on: server) { try await first.cache.remove(Self.key) }
            await first.end()
            let second = try Process(server, options)
            try await #expect(self.value(in: second) == nil)
            await second.end()
        }
    }

    @Test(arguments: [RedisLossPolicy.keep, .coldAfterLoss])
    func fillThatBeganBeforeTheLossIsNotStored(policy: RedisLossPolicy) async throws {
        try await self.withProcesses(RedisStoreOptions(onLoss: policy)) { server, first, second in
            let begun = AsyncStream.makeStream(of: Void.self)
            let go = AsyncStream.makeStream(of: Void.self)
            async let filled = first.cache.fetch(Self.key) {
                begun.continuation.yield()
                for await _ in go.stream { break }
                return 1
            }
            for await _ in begun.stream { break }
            // The lease is in the snapshot, and the invalidation that ended it is forgotten.
            try await self.forget(on: server) { try await second.cache.remove(Self.key) }
            try await #expect(self.value(in: first) == nil)
            go.continuation.yield()
            try await #expect(filled == 1)
            try await #expect(self.value(in: second) == nil, "it would be what was invalidated")
        }
    }

    @Test func nearCacheHasNothingOfAnEarlierServer() async throws {
        try await self.withProcesses(RedisStoreOptions(nearCache: .entries(100))) { server, first, second in
            try await first.cache.set(Self.key, to: 1)
            for _ in 0..<3 { try await #expect(first.cache.get(Self.key) == 1) }
            await server.kill()
            try await server.restart()
            try await second.cache.set(Self.key, to: 2)
            try await #expect(self.value(in: first) == 2)
        }
    }

    // MARK: Replicas

    @Test func invalidationWaitsForReplicas() async throws {
        try await withRedisReplicaSet(replicas: 1) { set in
            let client = try RedisClient(url: set.primary.url)
            let options = RedisStoreOptions(acknowledgement: .init(replicas: 1, timeout: .seconds(5)))
            let cache = Cache(.redis(client, options), namespace: "shop")
            try await cache.set(Self.key, to: 1, tags: ["t"])
            try await cache.invalidate(tags: ["t"])
            // By now the replica has it, without anybody waiting for it.
            let record = try await set.replicas[0].command("GETRANGE", "{@shop}:tag:t", "0", "7")
            try await #expect(record == set.primary.command("GETRANGE", "{@shop}:tag:t", "0", "7"))
            try await cache.set(Self.key, to: 2)
            try await #expect(cache.remove(Self.key))
            try await #expect(set.replicas[0].command("EXISTS", "shop:1:k").hasPrefix(":0"))
            try await cache.clear()
            await cache.shutdown()
            await client.shutdown()
        }
    }

    @Test func removalOfWhatIsAbsentWaitsForReplicasToo() async throws {
        try await withRedisReplicaSet(replicas: 1) { set in
            let client = try RedisClient(url: set.primary.url)
            let options = RedisStoreOptions(acknowledgement: .init(replicas: 1, timeout: .seconds(5)))
            let cache = Cache(.redis(client, options), namespace: "shop")
            try await #expect(cache.remove(Self.key) == false)
            // From Redis 7.2 on, WAIT waits for nothing on a connection that has written nothing.
            // It lies beside the first key of what removes, the stamp.
            let mark = "{@shop}:stamp:lease:lease"
            try await #expect(set.replicas[0].command("EXISTS", mark) == ":1\r\n")
            let reply = try await set.primary.command("PTTL", mark)
            let left = try #require(Int(reply.dropFirst().filter { !$0.isNewline }))
            #expect((1...10_000).contains(left))
            // It is no entry.
            try await #expect(cache.entryCount() == 0)
            await cache.shutdown()
            await client.shutdown()
        }
    }

    @Test(arguments: ["ns:1:k", "ns:1:{user}:k", "{@ns}:stamp", "ns:1:a{b", "ns:1:{{x}}"])
    func markLiesInTheSlotOfItsKeyAndIsNothingElsesName(key: String) {
        let mark = AcknowledgedSender.mark(beside: key)
        #expect(ScatteringSender.slot(of: Array(mark.utf8)) == ScatteringSender.slot(of: Array(key.utf8)))
        let keys = EntryKeys("ns")
        #expect(keys.parse(mark).map(keys.isOurs) != true)
        #expect(keys.parseLease(mark) == nil)
    }

    @Test func invalidationSaysThatNoReplicaHasIt() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(url: server.url)
            let options = RedisStoreOptions(acknowledgement: .init(replicas: 1, timeout: .milliseconds(20)))
            let cache = Cache(.redis(client, options), namespace: "shop")
            try await cache.set(Self.key, to: 1, tags: ["t"])
            let error = await #expect(throws: CacheError.self) { try await cache.invalidate(tags: ["t"]) }
            #expect(error?.code == .unavailable)
            #expect((error?.underlying as? RedisError)?.code == .notAcknowledged)
            // The primary has it all the same.
            try await #expect(cache.get(Self.key) == nil)
            await cache.shutdown()
            await client.shutdown()
        }
    }
}
