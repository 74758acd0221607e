import Larder
import LarderRedis
import LarderTesting
import Testing

/// What lies in Redis, looked at past the client.
@Suite(.timeLimit(.minutes(2))) struct RedisStoreLayoutTests {
    private func exists(_ redis: RedisUnderTest, _ key: String) async throws -> Bool {
        try await redis.server.command("EXISTS", key) == ":1\r\n"
    }

    private func left(_ redis: RedisUnderTest, _ key: String) async throws -> Int {
        let reply = try await redis.server.command("PTTL", key)
        return Int(reply.dropFirst().filter { !$0.isNewline }) ?? .min
    }

    @Test func entriesAreNamedByNamespaceVersionAndKey() async throws {
        try await withRedis { redis in
            try await redis.cache("bookshop").set(CacheKey<String>("book:42"), to: "Emma")
            try await redis.cache("bookshop", version: 7).set(CacheKey<String>("book:42"), to: "Emma")
            try await redis.cache("a:b").set(CacheKey<String>("k"), to: "x")
            try await redis.cache("").set(CacheKey<String>("k"), to: "x")
            for key in ["bookshop:1:book:42", "bookshop:7:book:42", "a:b:1:k", ":1:k"] {
                #expect(try await self.exists(redis, key), "\(key)")
            }
            for namespace in ["bookshop", "a:b", ""] {
                for key in ["{@\(namespace)}:stamp", "{@\(namespace)}:serial"] {
                    #expect(try await self.exists(redis, key), "\(key)")
                }
            }
            try await #expect(redis.server.command("DBSIZE") == ":10\r\n")
            // The value can be read by people.
            let value = try await redis.server.command("GETRANGE", "bookshop:1:book:42", "40", "-1")
            #expect(value == "$4\r\nEmma\r\n")
            try await #expect(redis.server.command("GETRANGE", "bookshop:1:book:42", "0", "0") == "$1\r\nL\r\n")
        }
    }

    @Test func entriesEndInRedisAfterTimeToLiveAndGrace() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            try await cache.set(CacheKey<Int>("short"), to: 1, ttl: .seconds(100))
            let short = try await self.left(redis, "ns:1:short")
            #expect(short <= 100_000 && short > 80_000)
            try await cache.set(CacheKey<Int>("milli"), to: 1, ttl: .milliseconds(99_999))
            let at = try await redis.server.command("PEXPIRETIME", "ns:1:milli")
            #expect(at.hasPrefix(":"))
            try await cache.set(CacheKey<Int>("forever"), to: 1, ttl: nil)
            let forever = try await self.left(redis, "ns:1:forever")
            #expect(forever <= 90 * 86_400_000 && forever > 90 * 86_400_000 - 20_000)
            try await #expect(cache.ttl(of: CacheKey<Int>("forever")) == .forever)
            try await #expect(self.left(redis, "{@ns}:stamp") == -1)
            try await cache.append(CacheKey<String>("text"), "x", ttl: .seconds(50))
            try await cache.increment(CacheKey<Int>("count"), initial: 1, ttl: .seconds(50))
            for name in ["text", "count"] {
                let left = try await self.left(redis, "ns:1:\(name)")
                #expect(left <= 50_000 && left > 30_000)
            }
        }
    }

    @Test func leaseLiesInTheSlotOfItsEntryAndEnds() async throws {
        try await withRedis { redis in
            let cache = redis.cache("{ns}")
            let plain = redis.cache("ns")
            let names = [
                ("k", plain, "{ns:1:k}:lease"), ("{user}:x", plain, "ns:1:{user}:x:lease"),
                ("k", cache, "{ns}:1:k:lease"),
                ("{k", plain, "{ns:1:{k}:lease"),
            ]
            for (name, cache, lease) in names {
                _ = try await cache.fetch(CacheKey<Int>(name)) {
                    #expect(try await self.exists(redis, lease), "\(lease)")
                    let left = try await self.left(redis, lease)
                    #expect(left <= 5_000 && left > 2_000)
                    return 1
                }
                #expect(try await self.exists(redis, lease) == false, "\(lease)")
            }
        }
    }

    @Test(arguments: ["a}b", "}", "{}", "{}{a}", "a}{b}", "}{x}", "{a}:lease", "x{a}y:lease"])
    func keyWhoseLeaseWouldLieElsewhereIsRefusedByEveryVerb(_ name: String) async throws {
        try await withRedis { redis in
            // "a}{b}" has a hash tag, which makes it fine.
            let isFine = name == "a}{b}" || name == "}{x}"
            let cache = redis.cache()
            let key = CacheKey<Int>(name)
            func check(_ verb: String, _ body: () async throws -> Void) async {
                do {
                    try await body()
                    #expect(isFine, "\(verb) of \(name)")
                } catch {
                    #expect((error as? CacheError)?.code == .invalidKey && !isFine, "\(verb) of \(name): \(error)")
                }
            }
            await check("set") { try await cache.set(key, to: 1) }
            await check("get") { _ = try await cache.get(key) }
            await check("getMany") { _ = try await cache.getMany([key, "other"]) }
            await check("fetch") { _ = try await cache.fetch(key) { 1 } }
            await check("contains") { _ = try await cache.contains(key) }
            await check("increment") { try await cache.increment(key, initial: 1) }
            await check("touch") { try await cache.touch(key) }
            await check("remove") { try await cache.remove(key) }
        }
    }

    @Test func lostStampMakesMissesAndOldEntriesNeverComeBack() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            let key = CacheKey<Int>("k")
            try await cache.set(key, to: 1)
            try await redis.server.command("DEL", "{@ns}:stamp")
            try await #expect(cache.get(key) == nil)
            try await #expect(cache.contains(key) == false)
            try await #expect(cache.add(key, 2))
            try await #expect(cache.get(key) == 2)
            try await cache.set("other", to: 1)
            for broken in ["", "short", "seventeen bytes!!"] {
                try await redis.server.command("SET", "{@ns}:stamp", broken)
                try await #expect(cache.get(key) == nil)
                try await #expect(cache.get(CacheKey<Int>("other")) == nil)
                let filled = try await cache.fetch(key) { 3 }
                #expect(filled == 3)
                try await #expect(cache.get(key) == 3)
                try await #expect(cache.get(CacheKey<Int>("other")) == nil)
            }
            try await redis.server.command("DEL", "{@ns}:stamp")
            try await redis.server.command("RPUSH", "{@ns}:stamp", "a", "list")
            try await #expect(cache.get(key) == nil)
            try await cache.set(key, to: 4)
            try await #expect(cache.get(key) == 4)
        }
    }

    @Test(arguments: Manner.allCases)
    func lostSerialIsLostWithItsStamp(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let space = TagSpace(redis)
            for broken in [["DEL", "{@ns}:serial"], ["SET", "{@ns}:serial", "short"]] {
                try await space.write("k", 1, tags: ["a"])
                try await space.space.invalidate(["b"], .dead)
                let lease = try await space.take("l", tags: ["b"])
                let stamp = try await redis.server.command("GET", "{@ns}:stamp")
                try await redis.raw(broken)
                try await space.write("other", 2)
                try await #expect(redis.server.command("GET", "{@ns}:stamp") != stamp)
                try await #expect(space.value("k") == nil)
                try await #expect(space.commit(lease) == false)
                try await #expect(space.value("other") == 2)
                try await #expect(space.take("m").serial == 0)
                _ = try await space.space.remove(["m", "l"].map(TagSpace.key))
            }
        }
    }

    @Test func stampLostDuringAFillRefusesItsCommit() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            let fetched = try await cache.fetchReportingOutcome("k") { _ in
                try await redis.server.command("DEL", "{@ns}:stamp")
                return 1
            }
            guard case .filled(let info) = fetched.outcome else {
                Issue.record("\(fetched.outcome)")
                return
            }
            #expect(!info.isStored)
            try await #expect(cache.get(CacheKey<Int>("k")) == nil)
        }
    }

    @Test func deadEntriesLeaveRedisWhenTheyAreMet() async throws {
        try await withRedis { redis in
            let cache = redis.cache()
            let keys = (0..<100).map { CacheKey<Int>("n\($0)") }
            try await cache.setMany(Dictionary(uniqueKeysWithValues: keys.map { ($0, 1) }), ttl: nil)
            try await cache.clear()
            try await #expect(redis.server.command("DBSIZE") == ":102\r\n")
            try await #expect(cache.get(keys[0]) == nil)
            try await #expect(redis.server.command("DBSIZE") == ":101\r\n")
            let counts = try await redis.commands { try await #expect(cache.getMany(keys) == [:]) }
            #expect(counts["evalsha"] == 1)
            try await #expect(redis.server.command("DBSIZE") == ":2\r\n")
            try await cache.set(keys[1], to: 1)
            try await cache.clear()
            try await #expect(cache.entryCount() == 0)
            try await #expect(redis.server.command("DBSIZE") == ":2\r\n")
        }
    }

    @Test func entryForEverIsRenewedWhenItIsReadButNotOneThatTookItsPlace() async throws {
        try await withRedis { redis in
            try await redis.cache().set(CacheKey<Int>("k"), to: 1, ttl: nil)
            try await redis.server.command("PEXPIRE", "ns:1:k", "1000000")
            try await #expect(redis.cache().get(CacheKey<Int>("k")) == 1)
            #expect(try await self.left(redis, "ns:1:k") > 89 * 86_400_000)

            let sender = InterceptingSender(redis.client)
            let cache = Cache(.redis(sender), namespace: "ns")
            sender.after("MGET") { try await redis.cache().set(CacheKey<Int>("k"), to: 2, ttl: .seconds(60)) }
            try await #expect(cache.get(CacheKey<Int>("k")) == 1)
            #expect(try await self.left(redis, "ns:1:k") <= 60_000)
            try await #expect(cache.get(CacheKey<Int>("k")) == 2)
        }
    }
}
