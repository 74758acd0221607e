import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisLeaderboardTests {
    @Test func aLeaderboardIsASortedSetThatEveryProgramReads() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let board = collections.leaderboard("views", of: Int.self, lifetime: .fixed(.hours(1)), limit: 2)
            try await board.set([(42, 1.5), (7, 3), (1, 0)])
            let key = "@shop:leaderboard:views"
            let reply = try await redis.server.command("ZRANGE", key, "0", "-1", "WITHSCORES")
            #expect(reply == "*4\r\n$2\r\n42\r\n$3\r\n1.5\r\n$1\r\n7\r\n$1\r\n3\r\n")
            try await redis.server.command("ZADD", key, "9", "13")
            let top = try await board.top(1).map(\.member)
            #expect(top == [13])
            let left = try await redis.client.send(RedisCommand("PTTL", key), as: Int.self)
            #expect((3_500_000...3_600_000).contains(left))
        }
    }

    @Test func eachCallIsOneRoundTrip() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let board = collections.leaderboard("b", of: Int.self, lifetime: .sliding(.hours(1)), limit: 50)
            try await board.set((0..<100).map { (member: $0, score: Double($0)) })
            _ = try await board.around(70, onEachSide: 2)
            _ = try await board.range(scores: .atLeast(60), limit: 2)
            let around = try await redis.commands { _ = try await board.around(70, onEachSide: 2) }
            #expect(around == ["evalsha": 1, "zrevrank": 1, "zrevrange": 1])
            let range = try await redis.commands { _ = try await board.range(scores: .atLeast(60), limit: 2) }
            #expect(range == ["evalsha": 1, "zrevrank": 1, "zrevrangebyscore": 1])
            let set = try await redis.commands { try await board.set(3, to: 99) }
            #expect(set == ["evalsha": 1, "zadd": 1, "zremrangebyrank": 1, "pexpire": 1])
            let rank = try await redis.commands { _ = try await board.rank(of: 3) }
            #expect(rank == ["zrevrank": 1])
        }
    }

    @Test func somethingElseOfThatNameIsATypedError() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            for kind in ["leaderboard", "distinct", "stream"] {
                try await redis.server.command("HSET", "@shop:\(kind):x", "f", "v")
            }
            let board = collections.leaderboard("x", of: Int.self, lifetime: .fixed(.hours(1)))
            let count = collections.distinctCount("x", of: Int.self, lifetime: .fixed(.hours(1)))
            let stream = collections.stream("x", of: Int.self, lifetime: .fixed(.hours(1)))
            let calls: [@Sendable () async throws -> Void] = [
                { try await board.set(1, to: 1) }, { try await board.increment(1) },
                { _ = try await board.rank(of: 1) }, { _ = try await board.around(1, onEachSide: 1) },
                { _ = try await board.top(1) }, { _ = try await board.range(scores: .all) },
                { try await board.remove(1) }, { try await board.replace(withUnionOf: [board]) },
                { try await count.add(1) }, { _ = try await count.count() }, { try await count.merge([count]) },
                { try await stream.append(1) }, { _ = try await stream.range() }, { _ = try await stream.count() },
                { _ = try await stream.lastID() }, { _ = try await stream.trim(to: .count(1)) },
                { _ = try await stream.group("g").read(as: "c") }, { try await stream.group("g").create() },
                { _ = try await stream.group("g").claim(idleFor: .zero, as: "c") },
                { _ = try await stream.group("g").unacknowledged(of: "c") },
                { _ = try await stream.group("g").pending() }, { _ = try await stream.group("g").consumers() },
                { try await stream.group("g").acknowledge([.zero]) }, { try await stream.group("g").remove() },
            ]
            for (index, call) in calls.enumerated() {
                var code: CacheError.Code?
                do {
                    try await call()
                } catch let error as CacheError {
                    code = error.code
                }
                #expect(code == .wrongType, "call \(index)")
            }
        }
    }

    @Test(arguments: Spread.allCases) func leaderboardsThatLieApartAreNotUnited(_ spread: Spread) async throws {
        try await withSpreadRedis(spread) { redis in
            try await redis.withClient { client in
                let collections = Collections(.redis(client), namespace: "shop")
                let (one, two) = (
                    collections.leaderboard("one", of: Int.self), collections.leaderboard("two", of: Int.self)
                )
                let (first, second) = (
                    collections.distinctCount("one", of: Int.self), collections.distinctCount("two", of: Int.self)
                )
                let calls: [@Sendable () async throws -> Void] = [
                    { _ = try await one.union(with: [two]) }, { try await one.replace(withUnionOf: [two]) },
                    { _ = try await first.count(with: [second]) }, { try await first.merge([second]) },
                ]
                for call in calls {
                    await #expect {
                        try await call()
                    } throws: {
                        ($0 as? CacheError)?.code == .keysApart
                    }
                }
            }
        }
    }

    @Test func thousandsOfMembersGoInOneCall() async throws {
        try await withRedis { redis in
            let collections = Collections(.redis(redis.client), namespace: "shop")
            let board = collections.leaderboard("b", of: Int.self, lifetime: .fixed(.hours(1)))
            let changed = try await board.set((0..<20_001).map { (member: $0, score: Double($0)) })
            let removed = try await board.remove(contentsOf: 0..<10_001)
            let rank = try await board.rank(of: 20_000)
            let count = try await board.count()
            #expect((changed, removed, rank, count) == (20_001, 10_001, 0, 10_000))
            let distinct = collections.distinctCount("d", of: Int.self, lifetime: .fixed(.hours(1)))
            try await distinct.add(contentsOf: 0..<20_000)
            let found = try await distinct.count()
            #expect(abs(found - 20_000) < 500)
        }
    }
}
