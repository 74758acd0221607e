import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

@Suite("Hashes, lists, sets, sorted sets against a server", .timeLimit(.minutes(2)))
struct CollectionCommandTests {
    @Test(arguments: CommandFixture.Version.allCases)
    func hashes(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let key = fixture.key("h")
            try await #expect(client.hset(key, "a", "1"))
            try await #expect(!client.hset(key, "a", 1))
            try await #expect(client.hset(key, ["a": 2, "b": 3]) == 1)
            try await #expect(!client.hsetNX(key, "a", 9))
            try await #expect(client.hget(key, "a") == ByteBuffer(string: "2"))
            try await #expect(client.hget(key, "a", as: Int.self) == 2)
            try await #expect(client.hget(key, "z") == nil)
            try await #expect(client.hmget(key, ["b", "z", "a"], as: Int.self) == [3, nil, 2])
            try await #expect(client.hgetAll(key, as: Int.self) == ["a": 2, "b": 3])
            try await #expect(client.hgetAll("absent", as: Int.self) == [:])
            try await #expect(Set(client.hkeys(key)) == ["a", "b"])
            try await #expect(Set(client.hvals(key, as: Int.self)) == [2, 3])
            try await #expect(client.hlen(key) == 2)
            try await #expect(client.hstrlen(key, "a") == 1)
            try await #expect(client.hexists(key, "a"))
            try await #expect(client.hincrBy(key, "a", 5) == 7)
            try await #expect(client.hincrByFloat(key, "a", 0.25) == 7.25)
            try await #expect(["a", "b"].contains(client.hrandField(key)))
            try await #expect(client.hrandField("absent") == nil)
            try await #expect(Set(client.hrandField(key, count: 5)) == ["a", "b"])
            let fields = try await client.hrandFieldWithValues(key, count: 5, as: Double.self)
            #expect(Set(fields) == [RedisField(name: "a", value: 7.25), RedisField(name: "b", value: 3)])
            try await #expect(client.hdel(key, ["a", "z"]) == 1)
            var many: [String: Int] = [:]
            for index in 0..<1_000 { many["field\(index)"] = index }
            let big = fixture.key("big")
            try await client.hset(big, many)
            var seen: [String: Int] = [:]
            for try await field in client.hscan(big, count: 100, as: Int.self) { seen[field.name] = field.value }
            #expect(seen == many)
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func lists(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let (key, other) = (fixture.key("l"), fixture.key("m"))
            try await #expect(client.lpushX(key, ["x"]) == 0)
            try await #expect(client.rpush(key, ["b", "c"]) == 2)
            try await #expect(client.lpush(key, ["a"]) == 3)
            try await #expect(client.rpushX(key, ["d"]) == 4)
            try await #expect(client.lrange(key, as: String.self) == ["a", "b", "c", "d"])
            try await #expect(client.lrange(key, from: -2, as: String.self) == ["c", "d"])
            try await #expect(client.lindex(key, 1, as: String.self) == "b")
            try await #expect(client.lindex(key, 9) == nil)
            try await #expect(client.linsert(key, "bb", .after, "b") == 5)
            try await #expect(client.linsert(key, "x", .before, "absent") == nil)
            try await client.lset(key, 2, "b")
            await #expect(throws: RedisError.self) { try await client.lset(key, 20, "b") }
            try await #expect(client.lpos(key, "b") == 1)
            try await #expect(client.lpos(key, "b", rank: -1) == 2)
            try await #expect(client.lpos(key, "absent") == nil)
            try await #expect(client.lpos(key, "b", count: 0) == [1, 2])
            try await #expect(client.lrem(key, "b", count: 1) == 1)
            try await client.ltrim(key, from: 0, through: 2)
            try await #expect(client.llen(key) == 3)
            try await #expect(client.lmove(from: key, .front, to: other, .back, as: String.self) == "a")
            try await #expect(client.lmove(from: "absent", .front, to: other, .back) == nil)
            try await #expect(
                client.lmpop([key, other], from: .front, count: 9, as: String.self)
                    == RedisPopped(key: key, value: ["b", "c"])
            )
            try await #expect(client.lmpop([key], from: .front) == nil)
            try await client.rpush(key, ["1", "2", "3", "4"])
            try await #expect(client.lpop(key, as: Int.self) == 1)
            try await #expect(client.rpop(key, as: Int.self) == 4)
            try await #expect(client.rpop(key, count: 5, as: Int.self) == [3, 2])
            try await #expect(client.lpop(key, count: 5, as: Int.self) == [])
            try await #expect(client.lpop(key) == nil)
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func sets(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let (a, b, c) = (fixture.key("a"), fixture.key("b"), fixture.key("c"))
            try await #expect(client.sadd(a, ["1", "2", "3"]) == 3)
            try await client.sadd(b, [2, 3, 4])
            try await #expect(Set(client.smembers(a, as: Int.self)) == [1, 2, 3])
            try await #expect(client.sismember(a, "1"))
            try await #expect(client.smismember(a, ["1", "9"]) == [true, false])
            try await #expect(client.scard(a) == 3)
            try await #expect(Set(client.sinter([a, b], as: Int.self)) == [2, 3])
            try await #expect(Set(client.sunion([a, b], as: Int.self)) == [1, 2, 3, 4])
            try await #expect(client.sdiff([a, b], as: Int.self) == [1])
            try await #expect(client.sinterCard([a, b]) == 2)
            try await #expect(client.sinterCard([a, b], limit: 1) == 1)
            try await #expect(client.sunionStore([a, b], into: c) == 4)
            try await #expect(client.sinterStore([a, b], into: c) == 2)
            try await #expect(client.sdiffStore([a, b], into: c) == 1)
            try await #expect(client.smove("1", from: c, to: b))
            try await #expect(client.srem(a, ["1", "9"]) == 1)
            try await #expect(client.srandMember(a, as: Int.self) != nil)
            try await #expect(client.srandMember(a, count: -5, as: Int.self).count == 5)
            try await #expect(Set(client.spop(a, count: 9, as: Int.self)) == [2, 3])
            try await #expect(client.spop(a) == nil)
            try await client.sadd(c, (0..<1_000).map { $0 })
            var seen: Set<Int> = []
            for try await member in client.sscan(c, count: 50, as: Int.self) { seen.insert(member) }
            #expect(seen == Set(0..<1_000))
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func sortedSets(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let key = fixture.key("z")
            try await #expect(client.zadd(key, ["a": 1, "b": 2.5, "top": .infinity, "low": -.infinity]) == 4)
            try await #expect(client.zadd(key, ["a": 3, "new": 1], if: .present, counting: .changed) == 1)
            try await #expect(client.zadd(key, ["a": 1], if: .less, counting: .changed) == 1)
            try await #expect(client.zscore(key, "top") == .infinity)
            try await #expect(client.zscore(key, "absent") == nil)
            try await #expect(client.zmscore(key, ["low", "absent", "b"]) == [-.infinity, nil, 2.5])
            try await #expect(client.zaddIncr(key, "a", by: 1) == 2)
            try await #expect(client.zaddIncr(key, "a", by: -1, if: .greater) == nil)
            try await #expect(client.zincrBy(key, "a", -1) == 1)
            try await #expect(client.zcard(key) == 4)
            try await #expect(client.zcount(key, from: .excluding(1), through: .highest) == 2)
            try await #expect(client.zrank(key, "a") == 1)
            try await #expect(client.zrank(key, "a", reversed: true) == 2)
            try await #expect(client.zrank(key, "absent") == nil)
            try await #expect(client.zrange(key, as: String.self) == ["low", "a", "b", "top"])
            try await #expect(client.zrange(key, through: 1, reversed: true, as: String.self) == ["top", "b"])
            let all = [
                RedisScored("low", score: -.infinity), RedisScored("a", score: 1), RedisScored("b", score: 2.5),
                RedisScored("top", score: .infinity),
            ]
            try await #expect(client.zrangeWithScores(key, as: String.self) == all)
            try await #expect(client.zrangeByScore(key, from: 1, through: 3, as: String.self) == ["a", "b"])
            try await #expect(
                client.zrangeByScore(key, from: 1, through: .highest, limit: .init(1), reversed: true, as: String.self)
                    == ["top"]
            )
            try await #expect(
                client.zrangeByScoreWithScores(key, from: 1, through: 3, as: String.self) == Array(all[1...2])
            )
            try await #expect(client.zrandMember(key) != nil)
            try await #expect(Set(client.zrandMember(key, count: 9, as: String.self)) == Set(all))
            try await #expect(client.zrangeStore(key, from: 0, through: 1, into: fixture.key("s")) == 2)
            try await #expect(
                client.zrangeStoreByScore(key, from: 1, through: 3, reversed: true, into: fixture.key("s")) == 2
            )
            try await #expect(client.zpopMin(key, as: String.self) == [all[0]])
            try await #expect(client.zpopMax(key, count: 2, as: String.self) == [all[3], all[2]])
            try await #expect(
                client.zmpop(["absent", key], from: .lowest, as: String.self) == RedisPopped(key: key, value: [all[1]])
            )
            try await #expect(client.zmpop([key], from: .highest) == nil)
            try await #expect(client.zpopMin(key) == [])
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func sortedSetRangesAndAlgebra(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let (a, b, d) = (fixture.key("a"), fixture.key("b"), fixture.key("d"))
            try await client.zadd(a, ["x": 1, "y": 2])
            try await client.zadd(b, ["y": 10, "z": 20])
            let sum = [RedisScored("x", score: 1), RedisScored("y", score: 12), RedisScored("z", score: 20)]
            try await #expect(client.zunion([a, b], as: String.self) == sum)
            try await #expect(
                client.zinter([a, b], weights: [2, 1], aggregate: .max, as: String.self) == [
                    RedisScored("y", score: 10)
                ]
            )
            try await #expect(client.zdiff([a, b], as: String.self) == [RedisScored("x", score: 1)])
            try await #expect(client.zunionStore([a, b], into: d) == 3)
            try await #expect(client.zinterStore([a, b], into: d) == 1)
            try await #expect(client.zdiffStore([a, b], into: d) == 1)
            try await #expect(client.zinterCard([a, b]) == 1)
            let words = fixture.key("words")
            try await client.zadd(words, ["a": 0, "b": 0, "c": 0, "d": 0])
            try await #expect(
                client.zrangeByLex(words, from: .including("b"), through: .excluding("d"), as: String.self) == [
                    "b", "c",
                ]
            )
            try await #expect(
                client.zrangeByLex(
                    words,
                    from: .lowest,
                    through: .highest,
                    limit: .init(2),
                    reversed: true,
                    as: String.self
                )
                    == ["d", "c"]
            )
            try await #expect(client.zlexCount(words, from: .excluding("a"), through: .highest) == 3)
            try await #expect(client.zremRangeByLex(words, from: .lowest, through: .including("a")) == 1)
            try await #expect(client.zremRange(words, from: 0, through: 0) == 1)
            try await #expect(client.zremRangeByScore(words, from: 0, through: 0) == 2)
            try await client.zadd(words, ["p": 1, "q": .infinity])
            var seen: [RedisScored<String>] = []
            for try await member in client.zscan(words, as: String.self) { seen.append(member) }
            #expect(Set(seen) == [RedisScored("p", score: 1), RedisScored("q", score: .infinity)])
            try await #expect(client.zrem(words, ["p", "absent"]) == 1)
        }
    }
}
