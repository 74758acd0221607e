import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// What verbs cost, and what foreign data does.
@Suite(.timeLimit(.minutes(2))) struct RedisStoreTrafficTests {
    @Test func eachVerbIsOneRoundTrip() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            let key = CacheKey<Int>("k")
            let text = CacheKey<String>("text")
            let verbs: [(String, String, () async throws -> Void)] = [
                ("get", "mget", { _ = try await cache.get(key) }),
                ("contains", "mget", { _ = try await cache.contains(key) }),
                ("getMany", "mget", { _ = try await cache.getMany((0..<100).map { CacheKey<Int>("k\($0)") }) }),
                ("hit of fetch", "mget", { _ = try await cache.fetch(key) { 1 } }),
                ("set", "evalsha", { try await cache.set(key, to: 1) }),
                ("setMany", "evalsha", { try await cache.setMany([key: 1, "l": 2, "m": 3]) }),
                ("add", "evalsha", { try await cache.add(key, 1) }),
                ("replace", "evalsha", { try await cache.replace(key, with: 1) }),
                ("increment", "evalsha", { try await cache.increment(key) }),
                ("append", "evalsha", { try await cache.append(text, "x") }),
                ("touch", "evalsha", { try await cache.touch(key) }),
                ("remove", "evalsha", { try await cache.remove(CacheKey<Int>("other")) }),
                ("removeMany", "evalsha", { try await cache.removeMany(["x", "y"] as [CacheKey<Int>]) }),
            ]
            // The first time, scripts are sent whole.
            for (_, _, perform) in verbs { try await perform() }
            try await cache.set(key, to: 1)
            for (name, command, perform) in verbs {
                let counts = try await redis.commands(of: perform)
                #expect(counts["mget", default: 0] + counts["evalsha", default: 0] == 1, "\(name): \(counts)")
                #expect(counts[command] == 1, "\(name): \(counts)")
                #expect(counts["eval"] == nil, "\(name): \(counts)")
                if command == "mget" { #expect(counts == ["mget": 1], "\(name)") }
            }
            let clear = try await redis.commands { try await cache.clear() }
            #expect(clear == ["mset": 1])
            let miss = try await redis.commands { _ = try await cache.fetch("missing") { 1 } }
            // The read, the lease, the commit.
            #expect(miss["mget"] == 1)
            #expect(miss["evalsha", default: 0] + miss["eval", default: 0] >= 2)
            let second = try await redis.commands { _ = try await cache.fetch("missing2") { 1 } }
            #expect(second["mget"] == 1)
            #expect(second["evalsha"] == 2)
            let many = try await redis.commands {
                _ = try await cache.fetchMany((0..<50).map { CacheKey<Int>("m\($0)") }) { missing in
                    Dictionary(uniqueKeysWithValues: missing.map { ($0, 1) })
                }
            }
            #expect(many["mget"] == 1)
            #expect(many["evalsha"] == 2)
        }
    }

    @Test func scriptsThatTheServerForgetsAreSentAgain() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            let key = CacheKey<Int>("k")
            for round in 1...3 {
                try await cache.set(key, to: round)
                try await redis.server.command("SCRIPT", "FLUSH")
                try await #expect(cache.increment(key) == round + 1)
                try await redis.server.command("SCRIPT", "FLUSH")
                try await #expect(cache.remove(key))
                try await redis.server.command("SCRIPT", "FLUSH")
                let value = try await cache.fetch(key) {
                    try await redis.server.command("SCRIPT", "FLUSH")
                    return 9
                }
                #expect(value == 9)
                try await #expect(cache.get(key) == 9)
            }
        }
    }

    /// How a foreign value comes under our key; `ns:1:k` holds an entry of ours beforehand.
    struct Foreign: CustomTestStringConvertible {
        var testDescription: String
        var commands: [[String]]
    }

    static let foreign: [Foreign] = [
        Foreign(testDescription: "a list", commands: [["DEL", "ns:1:k"], ["RPUSH", "ns:1:k", "a"]]),
        Foreign(testDescription: "a hash", commands: [["DEL", "ns:1:k"], ["HSET", "ns:1:k", "a", "b"]]),
        Foreign(testDescription: "a sorted set", commands: [["DEL", "ns:1:k"], ["ZADD", "ns:1:k", "1", "b"]]),
        Foreign(testDescription: "a stream", commands: [["DEL", "ns:1:k"], ["XADD", "ns:1:k", "*", "a", "b"]]),
        Foreign(testDescription: "nothing but text", commands: [["SET", "ns:1:k", "a text without a header"]]),
        Foreign(testDescription: "empty text", commands: [["SET", "ns:1:k", ""]]),
        Foreign(testDescription: "long text", commands: [["SET", "ns:1:k", String(repeating: "L\u{1}", count: 500)]]),
        Foreign(testDescription: "a number", commands: [["SET", "ns:1:k", "42"]]),
        Foreign(testDescription: "a truncated header", commands: [Self.cut(20)]),
        Foreign(testDescription: "a header that lacks a byte", commands: [Self.cut(39)]),
        Foreign(testDescription: "another format version", commands: [["SETRANGE", "ns:1:k", "1", "\u{2}"]]),
        Foreign(testDescription: "an entry with unknown flags", commands: [["SETRANGE", "ns:1:k", "4", "\u{2}"]]),
        Foreign(testDescription: "an entry with tags", commands: [["SETRANGE", "ns:1:k", "6", "\u{30}"]]),
        Foreign(
            testDescription: "an entry of another generation",
            commands: [["SETRANGE", "ns:1:k", "32", "abcdefgh"]]
        ),
    ]

    private static func cut(_ length: Int) -> [String] {
        [
            "EVAL", "redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, \(length))) return 1", "1",
            "ns:1:k",
        ]
    }

    @Test func whatAnotherCacheHasCompressedIsAnEntryThatThisOneCannotRead() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            let key = CacheKey<Int>("k")
            func plant() async throws {
                try await cache.set(key, to: 1)
                try await redis.raw(["SETRANGE", "ns:1:k", "3", "\u{1}"])
            }
            try await plant()
            try await #expect(cache.get(key) == nil)
            try await #expect(cache.getMany([key]) == [:])
            // The other cache reads it, so it is there, keeps its place, and is not counted on.
            try await #expect(cache.contains(key))
            try await #expect(cache.add(key, 2) == false)
            let error = await #expect(throws: CacheError.self) { try await cache.increment(key, by: 1, initial: 10) }
            #expect(error?.code == .notAnInteger)
            let filled = try await cache.fetchReportingOutcome(key) { _ in 3 }
            #expect(filled.value == 3)
            try await #expect(cache.get(key) == 3)
            try await plant()
            try await cache.set(key, to: 4)
            try await #expect(cache.get(key) == 4)
            try await plant()
            try await #expect(cache.remove(key))
        }
    }

    @Test(arguments: foreign)
    func foreignDataIsAbsentForEveryVerbAndReplacedByWrites(_ foreign: Foreign) async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            let key = CacheKey<Int>("k")
            func plant() async throws {
                try await cache.set(key, to: 1)
                for command in foreign.commands { try await redis.raw(command) }
            }
            try await plant()
            try await #expect(cache.get(key) == nil)
            try await plant()
            try await #expect(cache.getMany([key]) == [:])
            try await #expect(cache.contains(key) == false)
            try await #expect(cache.ttl(of: key) == nil)
            try await plant()
            var names: [String] = []
            for try await name in cache.keys() { names.append(name) }
            #expect(names == [])
            try await plant()
            try await #expect(cache.touch(key) == false)
            try await #expect(cache.replace(key, with: 2) == false)
            try await plant()
            try await #expect(cache.add(key, 2))
            try await #expect(cache.get(key) == 2)
            try await plant()
            try await #expect(cache.increment(key, by: 1, initial: 10) == 11)
            try await plant()
            try await #expect(cache.append(CacheKey<String>("k"), "text") == 4)
            try await plant()
            let filled = try await cache.fetchReportingOutcome(key) { _ in 3 }
            #expect(filled.value == 3)
            try await #expect(cache.get(key) == 3)
            try await plant()
            try await #expect(cache.remove(key) == false)
            try await plant()
            try await #expect(cache.removeAll(matching: "*") == 0)
            try await cache.set(key, to: 4)
            try await #expect(cache.get(key) == 4)
            #expect(cache.counters.unavailable == 0)
        }
    }

    @Test func foreignKeysInTheNamespaceDoNotStopAWalk() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            try await cache.set(CacheKey<Int>("k"), to: 1)
            for name in [
                "ns:1:a}b", "ns:1:", "ns:x:y", "ns:01:k", "ns:+1:k", "ns:", "ns:99999999999999999999:k", "nsx",
            ] {
                try await redis.server.command("SET", name, "foreign")
            }
            try await #expect(cache.entryCount() == 1)
            try await #expect(cache.removeAll(matching: "*") == 1)
            try await #expect(redis.server.command("EXISTS", "ns:1:a}b", "ns:x:y", "nsx") == ":3\r\n")
        }
    }

    @Test func foreignLeaseKeysAreTakenOver() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            try await redis.server.command("RPUSH", "{ns:1:k}:lease", "a")
            _ = try await cache.fetch("k") { 1 }
            try await #expect(cache.get(CacheKey<Int>("k")) == 1)
            #expect(cache.counters.unavailable == 0)
        }
    }

    @Test func removeAllWalksInBatchesAndKeysIsNeverSent() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            let others = redis.cache("ns2")
            let values = Dictionary(uniqueKeysWithValues: (0..<5_000).map { (CacheKey<Int>("n\($0)"), $0) })
            try await cache.setMany(values)
            try await others.setMany(["n1": 1, "n2": 2] as [CacheKey<Int>: Int])
            try await cache.set(CacheKey<Int>("stays"), to: 1)
            try await #expect(cache.entryCount() == 5_001)
            let counts = try await redis.commands { try await #expect(cache.removeAll(matching: "n*") == 5_000) }
            #expect(counts["scan", default: 0] >= 10 && counts["scan", default: 0] < 40)
            #expect(counts["evalsha", default: 0] + counts["eval", default: 0] < 45)
            try await #expect(cache.entryCount() == 1)
            try await #expect(others.entryCount() == 2)
            try await #expect(redis.commandCounts()["keys"] == nil)
        }
    }
}

extension RedisUnderTest {
    /// Sends a command past the client.
    func raw(_ words: [String]) async throws {
        var command = RedisCommand(words[0])
        for word in words.dropFirst() { command.append(word) }
        _ = try await self.client.send(command)
    }
}
