import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// Removing by a pattern in a cluster, while slots are on their way.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ClusterRemovalTests {
    /// A client in whose scans a test can do something after each page.
    private final class PausingSender: RedisPlacement {
        private let client: RedisClient
        private let pages = Atomic(0)
        private let afterPage: @Sendable (Int, [String]) async throws -> Void

        init(_ client: RedisClient, afterPage: @escaping @Sendable (Int, [String]) async throws -> Void) {
            self.client = client
            self.afterPage = afterPage
        }

        var spreadsKeys: Bool { self.client.spreadsKeys }

        func send(_ command: RedisCommand) async throws -> RESPValue {
            let reply = try await self.client.send(command)
            if command.name == "SCAN", case .array(let parts) = reply, parts.count == 2 {
                let number = self.pages.wrappingAdd(1, ordering: .relaxed).newValue
                try await self.afterPage(number, [String](resp: parts[1]))
            }
            return reply
        }

        func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
            try await self.client.pipeline(commands)
        }
    }

    /// A client that sees nothing in its first scan, and then another server.
    private final class RestartingSender: RedisMeetings {
        private let client: RedisClient
        private let scans = Atomic(0)

        init(_ client: RedisClient) { self.client = client }

        var serverMeetings: UInt64 { self.lastServerChange + 1 }
        var lastServerChange: UInt64 { self.scans.load(ordering: .relaxed) > 0 ? 2 : 1 }
        var serverIdentities: [String] { [] }

        func bound(to meeting: UInt64) -> any RedisCommandSender { self }

        func send(_ command: RedisCommand) async throws -> RESPValue {
            guard command.name == "SCAN", self.scans.add(1, ordering: .relaxed).oldValue == 0 else {
                return try await self.client.send(command)
            }
            return .array([.simpleString("0"), .array([])])
        }

        func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
            try await self.client.pipeline(commands)
        }
    }

    @Test func keysAreLookedForAgainIfAServerWasReplacedMeanwhile() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(url: server.url)
            let cache = Cache(.redis(RestartingSender(client)), namespace: "ns")
            for name in ["a", "b"] { try await cache.set(CacheKey<Int>(name), to: 1) }
            try await #expect(cache.removeAll(matching: "*") == 2)
            try await #expect(cache.get(CacheKey<Int>("a")) == nil)
            await cache.shutdown()
            await client.shutdown()
        }
    }

    @Test func errorOfAServerThatWasReplacedIsThatOfAPart() async throws {
        try await withRedisCluster(primaries: 3, replicas: 1) { cluster in
            let client = try RedisClient(url: cluster.url)
            let space = RedisStore(client).open("ns")
            let keys = (0..<60).map { StoreKey(version: 1, name: "k\($0)") }
            _ = try await space.remove(keys)
            let former = try await cluster.primary(of: 1)
            let part = FailureDomain("\(former.host):\(former.port)")
            #expect(space.failureDomains(of: keys).contains(part))
            try await cluster.failover(1)
            let isReplaced = try await eventually {
                _ = try? await space.remove(keys)
                return !space.failureDomains(of: keys).contains(part)
            }
            #expect(isReplaced)
            // A call that was sent to it before that fails only now.
            let late = RedisError(.timedOut, message: "no reply came in time", server: part.name)
            #expect(space.failureDomain(of: CacheError(.unavailable, "late", underlying: late)) == part)
            let foreign = RedisError(.timedOut, message: "no reply came in time", server: "10.0.0.1:1")
            #expect(space.failureDomain(of: CacheError(.unavailable, "late", underlying: foreign)) == nil)
            // Nobody depends on it.
            #expect(try await space.probe(part))
            await client.shutdown()
        }
    }

    @Test func keyThatLeavesAServerBeforeItIsWalkedForOneThatHasBeenIsRemoved() async throws {
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            let client = try RedisClient(url: cluster.url)
            let move = Mutex<RedisSlotMove?>(nil)
            let moved = Mutex<String?>(nil)
            let names = (0..<90).map { "k\($0)" }
            // A walk over three servers that ends leases, and the one that removes; each has few keys, so they are one page.
            let sender = PausingSender(client) { page, found in
                if page == 4, let first = found.first {
                    let done = try await cluster.shard(owning: RedisKeySlot.slot(of: first))
                    for name in names {
                        let slot = RedisKeySlot.slot(of: "ns:1:\(name)")
                        guard try await cluster.shard(owning: slot) != done else { continue }
                        let begun = try await cluster.beginMove(of: slot, to: done)
                        try await cluster.moveKeys(["ns:1:\(name)"], of: begun)
                        move.withLock { $0 = begun }
                        moved.withLock { $0 = name }
                        return
                    }
                }
                // Only now: the last server of the first round has been walked.
                guard page > 6, let begun = move.withLock({ move in move.take() }) else { return }
                try await cluster.endMove(begun)
            }
            let cache = Cache(.redis(sender), namespace: "ns", defaults: .init(failurePolicy: .throwing))
            for name in names { try await cache.set(CacheKey<Int>(name), to: 1) }
            let removed = try await cache.removeAll(matching: "k*")
            let name = try #require(moved.withLock { $0 })
            let isOpen = move.withLock { $0 != nil }
            #expect(!isOpen)
            #expect(removed == names.count)
            try await #expect(cache.get(CacheKey<Int>(name)) == nil)
            for server in cluster.servers { try await #expect(server.command("KEYS", "ns:1:*") == "*0\r\n") }
            await cache.shutdown()
            await client.shutdown()
        }
    }
}
