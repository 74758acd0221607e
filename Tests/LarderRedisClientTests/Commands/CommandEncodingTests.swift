import NIOCore
import Testing

@testable import LarderRedisClient

@Suite("Encoding of typed commands", .timeLimit(.minutes(1)))
struct CommandEncodingTests {
    @Test func stringCommandsCarryTheirOptions() {
        expect(.get("k"), "GET k")
        expect(.get("k", as: Int.self), "GET k")
        expect(.set("k", "v"), "SET k v")
        expect(.set("k", 5, expiry: .after(.milliseconds(1_500))), "SET k 5 PX 1500")
        expect(.set("k", "v", expiry: .after(.nanoseconds(1))), "SET k v PX 1")
        expect(.set("k", "v", expiry: .at(RedisTime(seconds: 9)), if: .absent), "SET k v PXAT 9000 NX")
        expect(.set("k", "v", expiry: .keep, if: .present), "SET k v KEEPTTL XX")
        expect(.set("k", [UInt8]([0x61, 0x62])), "SET k ab")
        expect(.setGet("k", "v", if: .present), "SET k v GET XX")
        expect(.getEx("k", expiry: .never), "GETEX k PERSIST")
        expect(.getEx("k", expiry: .keep), "GETEX k")
        expect(.getEx("k", expiry: .after(.seconds(1))), "GETEX k PX 1000")
        expect(.getDel("k"), "GETDEL k")
        expect(.mget(["a", "b"]), "MGET a b")
        expect(.mset(["a": 1]), "MSET a 1")
        expect(.msetNX(["a": "x"]), "MSETNX a x")
        expect(.incrBy("k", -3), "INCRBY k -3")
        expect(.decrBy("k", 3), "DECRBY k 3")
        expect(.incrByFloat("k", 0.1), "INCRBYFLOAT k 0.1")
        expect(.getRange("k", from: -3), "GETRANGE k -3 -1")
        expect(.setRange("k", from: 4, "x"), "SETRANGE k 4 x")
    }

    @Test func keyCommandsCarryTheirOptions() {
        expect(.unlink("a"), "UNLINK a")
        expect(.unlink(["a", "b"]), "UNLINK a b")
        expect(.copy("a", to: "b", database: 2, replace: true), "COPY a b DB 2 REPLACE")
        expect(.copy("a", to: "b"), "COPY a b")
        expect(.restore("k", ByteBuffer(string: "x"), expiry: .after(.seconds(2))), "RESTORE k 2000 x")
        expect(
            .restore("k", ByteBuffer(string: "x"), expiry: .at(RedisTime(milliseconds: 5)), replace: true),
            "RESTORE k 5 x REPLACE ABSTTL"
        )
        expect(.expire("k", after: .seconds(1)), "PEXPIRE k 1000")
        expect(.expire("k", after: .seconds(-1), if: .later), "PEXPIRE k -1000 GT")
        expect(.expire("k", at: RedisTime(milliseconds: 7), if: .withoutExpiry), "PEXPIREAT k 7 NX")
        expect(.ttl("k"), "PTTL k")
        expect(.objectEncoding("k"), "OBJECT ENCODING k")
    }

    @Test func publishingCommandsNameTheirChannels() {
        expect(.publish("c", "m"), "PUBLISH c m")
        expect(.spublish("c", 5), "SPUBLISH c 5")
        expect(.pubsubChannels(), "PUBSUB CHANNELS")
        expect(.pubsubChannels(matching: "a*"), "PUBSUB CHANNELS a*")
        expect(.pubsubNumSub(["a", "b"]), "PUBSUB NUMSUB a b")
        expect(.pubsubNumPat(), "PUBSUB NUMPAT")
        expect(.pubsubShardChannels(matching: "a*"), "PUBSUB SHARDCHANNELS a*")
        expect(.pubsubShardNumSub(["a"]), "PUBSUB SHARDNUMSUB a")
    }

    @Test func bitCommandsCarryTheirOptions() {
        expect(.setBit("k", at: 7, to: true), "SETBIT k 7 1")
        expect(.bitCount("k"), "BITCOUNT k")
        expect(.bitCount("k", in: .bytes(from: 1, through: 2)), "BITCOUNT k 1 2")
        expect(.bitPosition("k", of: false, in: .bits(from: 0)), "BITPOS k 0 0 -1 BIT")
        expect(.bitOperation(.xor, ["a", "b"], into: "c"), "BITOP XOR c a b")
        expect(
            .bitField(
                "k",
                [.overflow(.fail), .incrBy(.unsigned(8), at: .element(1), 10), .get(.signed(5), at: .bit(3))]
            ),
            "BITFIELD k OVERFLOW FAIL INCRBY u8 #1 10 GET i5 3"
        )
    }

    @Test func hashAndListCommandsCarryTheirOptions() {
        expect(.hset("k", "f", 1), "HSET k f 1")
        expect(.hset("k", ["f": "v"]), "HSET k f v")
        expect(.hmget("k", ["a", "b"]), "HMGET k a b")
        expect(.hrandFieldWithValues("k", count: -2), "HRANDFIELD k -2 WITHVALUES")
        expect(.lpush("k", ["a", "b"]), "LPUSH k a b")
        expect(.linsert("k", "new", .before, "old"), "LINSERT k BEFORE old new")
        expect(.lrem("k", "v", count: -1), "LREM k -1 v")
        expect(.lpos("k", "v", rank: -1), "LPOS k v RANK -1 MAXLEN 0")
        expect(.lpos("k", "v", count: 0), "LPOS k v RANK 1 COUNT 0 MAXLEN 0")
        expect(.lmove(from: "a", .front, to: "b", .back), "LMOVE a b LEFT RIGHT")
        expect(.lmpop(["a", "b"], from: .back, count: 3), "LMPOP 2 a b RIGHT COUNT 3")
    }

    @Test func sortedSetCommandsCarryTheirOptions() {
        expect(.zadd("k", ["m": 1.5]), "ZADD k 1.5 m")
        expect(.zadd("k", ["m": .infinity], if: .greater, counting: .changed), "ZADD k XX GT CH inf m")
        expect(.zaddIncr("k", "m", by: 2, if: .absent), "ZADD k NX INCR 2 m")
        expect(.zincrBy("k", "m", -.infinity), "ZINCRBY k -inf m")
        expect(.zcount("k", from: .lowest, through: .excluding(5)), "ZCOUNT k -inf (5")
        expect(.zcount("k", from: 1, through: 2.5), "ZCOUNT k 1 2.5")
        expect(.zlexCount("k", from: .including("a"), through: .highest), "ZLEXCOUNT k [a +")
        expect(.zrank("k", "m", reversed: true), "ZREVRANK k m")
        expect(.zrange("k"), "ZRANGE k 0 -1")
        expect(.zrangeWithScores("k", from: 1, through: 2, reversed: true), "ZRANGE k 1 2 REV WITHSCORES")
        expect(
            .zrangeByScore("k", from: 1, through: 9, limit: .init(5, offset: 2), reversed: true),
            "ZRANGE k 9 1 BYSCORE REV LIMIT 2 5"
        )
        expect(
            .zrangeByScoreWithScores("k", from: .excluding(1), through: .highest),
            "ZRANGE k (1 inf BYSCORE WITHSCORES"
        )
        expect(.zrangeByLex("k", from: .lowest, through: .excluding("b")), "ZRANGE k - (b BYLEX")
        expect(.zrangeStore("a", from: 0, through: 1, into: "b"), "ZRANGESTORE b a 0 1")
        expect(
            .zunion(["a", "b"], weights: [1, 0.5], aggregate: .max),
            "ZUNION 2 a b WEIGHTS 1 0.5 AGGREGATE MAX WITHSCORES"
        )
        expect(.zinterStore(["a"], into: "d"), "ZINTERSTORE d 1 a AGGREGATE SUM")
        expect(.zdiff(["a", "b"]), "ZDIFF 2 a b WITHSCORES")
        expect(.zinterCard(["a", "b"], limit: 3), "ZINTERCARD 2 a b LIMIT 3")
        expect(.zmpop(["a"], from: .lowest), "ZMPOP 1 a MIN COUNT 1")
    }

    @Test func serverCommandsCarryTheirOptions() {
        expect(.info(["memory", "server"]), "INFO memory server")
        expect(.flushDB(), "FLUSHDB ASYNC")
        expect(.flushAll(.sync), "FLUSHALL SYNC")
        expect(.configSet(["maxmemory": "1mb"]), "CONFIG SET maxmemory 1mb")
        expect(.bgSave(schedule: true), "BGSAVE SCHEDULE")
        expect(.memoryUsage("k", samples: 0), "MEMORY USAGE k SAMPLES 0")
        expect(.clientKill(id: 4), "CLIENT KILL ID 4")
        expect(.aclDryRun("u", RedisCommand("GET", "k")), "ACL DRYRUN u GET k")
        expect(.eval("return 1", keys: ["a"], arguments: [5]), "EVAL return 1 1 a 5")
        expect(.evalSHA("abc"), "EVALSHA abc 0")
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.nanoseconds(1), 1), (.milliseconds(5), 5), (.microseconds(5_001), 6),
            (.seconds(-1), -1_000), (.seconds(Int64.max), Int64.max), (.seconds(Int64.min), Int64.min),
        ] as [(Duration, Int64)]
    )
    func durationsAreRoundedUpToMilliseconds(duration: Duration, milliseconds: Int64) {
        #expect(duration.redisMilliseconds == milliseconds)
    }

    @Test func momentsKeepTheirMicroseconds() {
        let time = RedisTime(microseconds: 1_700_000_000_000_005)
        #expect(time.seconds == 1_700_000_000)
        #expect(time.milliseconds == 1_700_000_000_000)
        #expect(time.description == "1700000000.000005")
        #expect(RedisTime(microseconds: -1).description == "-0.000001")
        #expect(time.duration(to: time.advanced(by: .milliseconds(3))) == .milliseconds(3))
        #expect(RedisTime(seconds: .max).microseconds == .max)
        #expect(RedisTime(seconds: 1) < RedisTime(milliseconds: 1_001))
    }

    @Test func onlyCommandsThatReadMayBeRepeated() {
        #expect(isRepeatable(.get("k")))
        #expect(isRepeatable(.objectEncoding("k")))
        #expect(isRepeatable(.configGet(["*"])))
        #expect(isRepeatable(.clientList()))
        #expect(isRepeatable(.memoryUsage("k")))
        #expect(isRepeatable(.touch(["k"])))
        #expect(isRepeatable(.scriptExists(["k"])))
        #expect(!isRepeatable(.set("k", "v")))
        #expect(!isRepeatable(.incr("k")))
        #expect(!isRepeatable(.unlink("k")))
        #expect(!isRepeatable(.configSet(["a": "b"])))
        #expect(!isRepeatable(.clientKill(id: 1)))
        #expect(!isRepeatable(.getEx("k", expiry: .never)))
        #expect(!isRepeatable(.memoryPurge()))
        #expect(!isRepeatable(.scriptFlush()))
    }

    private func isRepeatable<Response>(_ request: RedisRequest<Response>) -> Bool { request.command.isRepeatable }

    private func expect<Response>(
        _ request: RedisRequest<Response>,
        _ line: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(request.command.line == line, sourceLocation: sourceLocation)
    }
}
