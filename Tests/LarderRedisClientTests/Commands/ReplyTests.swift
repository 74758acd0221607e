import NIOCore
import Testing

@testable import LarderRedisClient

@Suite("Replies of typed commands", .timeLimit(.minutes(1)))
struct ReplyTests {
    @Test func scoredMembersReadTheSameFromBothProtocols() throws {
        let expected = [
            RedisScored("a", score: 1), RedisScored("b", score: .infinity), RedisScored("c", score: -.infinity),
        ]
        let resp2 = RESPValue.array([.bulk("a"), .bulk("1"), .bulk("b"), .bulk("inf"), .bulk("c"), .bulk("-inf")])
        let resp3 = RESPValue.array([
            .array([.bulk("a"), .double(1)]), .array([.bulk("b"), .double(.infinity)]),
            .array([.bulk("c"), .double(-.infinity)]),
        ])
        for reply in [resp2, resp3] {
            #expect(try decode(.zrangeWithScores("k", as: String.self), reply) == expected)
            #expect(try decode(.zpopMin("k", as: String.self), reply) == expected)
        }
    }

    @Test func hashesReadTheSameFromBothProtocols() throws {
        let resp2 = RESPValue.array([.bulk("f"), .bulk("1"), .bulk("g"), .bulk("2")])
        let resp3 = RESPValue.map([
            .init(key: .bulk("f"), value: .bulk("1")), .init(key: .bulk("g"), value: .bulk("2")),
        ])
        for reply in [resp2, resp3] {
            #expect(try decode(.hgetAll("k", as: Int.self), reply) == ["f": 1, "g": 2])
        }
        let fields = [RedisField(name: "f", value: 1), RedisField(name: "g", value: 2)]
        let nested = RESPValue.array([.array([.bulk("f"), .bulk("1")]), .array([.bulk("g"), .bulk("2")])])
        for reply in [resp2, nested] {
            #expect(try decode(.hrandFieldWithValues("k", count: 2, as: Int.self), reply) == fields)
        }
    }

    @Test func setSaysWhetherItsConditionHeld() throws {
        #expect(try decode(.set("k", "v"), .simpleString("OK")))
        #expect(try !decode(.set("k", "v", if: .absent), .null))
        #expect(throws: RedisError.self) { try decode(.set("k", "v"), .integer(1)) }
    }

    @Test func timesToLiveAreToldApart() throws {
        #expect(try decode(.ttl("k"), .integer(-2)) == .noSuchKey)
        #expect(try decode(.ttl("k"), .integer(-1)) == .forever)
        #expect(try decode(.ttl("k"), .integer(0)) == .expires(after: .zero))
        #expect(try decode(.ttl("k"), .integer(1_500)) == .expires(after: .milliseconds(1_500)))
        #expect(try decode(.expireTime("k"), .integer(-2)) == .noSuchKey)
        #expect(try decode(.expireTime("k"), .integer(-1)) == .never)
        #expect(try decode(.expireTime("k"), .integer(5)) == .at(RedisTime(milliseconds: 5)))
    }

    @Test func absenceIsNil() throws {
        #expect(try decode(.type(of: "k"), .simpleString("none")) == nil)
        #expect(try decode(.type(of: "k"), .simpleString("zset")) == .sortedSet)
        #expect(try decode(.bitPosition("k", of: true), .integer(-1)) == nil)
        #expect(try decode(.linsert("k", "a", .after, "b"), .integer(-1)) == nil)
        #expect(try decode(.lpop("k", count: 2, as: String.self), .null) == [])
        #expect(try decode(.lmpop(["k"], from: .front, as: String.self), .null) == nil)
        #expect(try decode(.clientGetName(), .bulk("")) == nil)
        #expect(try decode(.clientGetName(), .null) == nil)
    }

    @Test func poppedValuesComeWithTheirKey() throws {
        let lists = RESPValue.array([.bulk("k"), .array([.bulk("a"), .bulk("b")])])
        #expect(
            try decode(.lmpop(["k"], from: .front, as: String.self), lists) == RedisPopped(key: "k", value: ["a", "b"])
        )
        let sets = RESPValue.array([.bulk("k"), .array([.array([.bulk("a"), .bulk("2")])])])
        #expect(
            try decode(.zmpop(["k"], from: .lowest, as: String.self), sets)
                == RedisPopped(key: "k", value: [RedisScored("a", score: 2)])
        )
    }

    @Test func rolesAreRead() throws {
        let primary = RESPValue.array([
            .bulk("master"), .integer(9), .array([.array([.bulk("10.0.0.1"), .bulk("6379"), .bulk("8")])]),
        ])
        #expect(
            try decode(.role(), primary)
                == .primary(offset: 9, replicas: [.init(host: "10.0.0.1", port: 6379, offset: 8)])
        )
        let replica = RESPValue.array([
            .bulk("slave"), .bulk("h"), .integer(1), .bulk("connected"), .integer(-1),
        ])
        #expect(try decode(.role(), replica) == .replica(host: "h", port: 1, state: "connected", offset: -1))
        let sentinel = RESPValue.array([.bulk("sentinel"), .array([.bulk("a")])])
        #expect(try decode(.role(), sentinel) == .sentinel(names: ["a"]))
        #expect(throws: RedisError.self) { try decode(.role(), .array([.bulk("master")])) }
        #expect(throws: RedisError.self) { try decode(.role(), .array([])) }
    }

    @Test func slowLogAndClientsAreRead() throws {
        let entry = RESPValue.array([
            .integer(4), .integer(100), .integer(2_500), .array([.bulk("GET"), .bulk("k")]), .bulk("1.2.3.4:5"),
            .bulk(""),
        ])
        let slow = try #require(try decode(.slowLog(), .array([entry])).first)
        #expect(slow.duration == .microseconds(2_500))
        #expect(slow.words == ["GET", "k"])
        #expect(slow.time == RedisTime(seconds: 100))
        let list = "id=3 addr=127.0.0.1:1 name=shop db=2 resp=3 cmd=get user=default age=4 idle=1\nid=4 name= db=0\n"
        let clients = try decode(.clientList(), .verbatimString(format: "txt", ByteBuffer(string: list)))
        #expect(clients.map(\.id) == [3, 4])
        #expect(clients.map(\.name) == ["shop", nil])
        #expect(clients[0].protocolVersion == 3)
        #expect(clients[0].age == .seconds(4))
    }

    @Test func errorsNameTheCommandAndNotTheValue() {
        let wrongType = #expect(throws: RedisError.self) { try decode(.incr("secret-key"), .bulk("secret-value")) }
        #expect(wrongType?.code == .unexpectedReply)
        #expect(wrongType?.command == "INCR")
        #expect(wrongType.map { "\($0)".contains("secret") } == false)
        let server = #expect(throws: RedisError.self) {
            try decode(.get("k"), .error(RedisServerError("WRONGTYPE Operation against a key")))
        }
        #expect(server?.code == .server("WRONGTYPE"))
        #expect(server?.command == "GET")
    }

    @Test func infoIsReadIntoSectionsAndNumbers() {
        let info = RedisInfo(
            """
            # Server\r
            redis_version:7.0.15\r
            run_id:abc\r
            uptime_in_seconds:60\r
            executable:/usr/bin/redis:server\r
            \r
            # Memory\r
            used_memory:1048576\r
            maxmemory:0\r
            maxmemory_policy:noeviction\r
            mem_fragmentation_ratio:1.25\r
            nonsense\r
            # Keyspace\r
            db0:keys=5,expires=2,avg_ttl=0\r
            db3:keys=1,expires=0,avg_ttl=0\r
            """
        )
        #expect(info.version == "7.0.15")
        #expect(info.runID == "abc")
        #expect(info.uptime == .seconds(60))
        #expect(info["executable"] == "/usr/bin/redis:server")
        #expect(info.usedMemory == 1_048_576)
        #expect(info.evictionPolicy == "noeviction")
        #expect(info.double("mem_fragmentation_ratio") == 1.25)
        #expect(info.integer("redis_version") == nil)
        #expect(info.sections["memory"]?["maxmemory"] == "0")
        #expect(info.databases == [0: .init(keys: 5, expiring: 2), 3: .init(keys: 1, expiring: 0)])
        #expect(RedisInfo("").version == nil)
    }

    @Test(arguments: [
        ("plain:key", "plain:key"), ("a*b?c[d]e", "a\\*b\\?c\\[d]e"), ("back\\slash", "back\\\\slash"), ("", ""),
        ("^-]", "^-]"), ("é*", "é\\*"),
    ])
    func globCharactersAreEscaped(text: String, pattern: String) {
        #expect(RedisGlob.escape(text) == pattern)
    }

    private func decode<Response>(_ request: RedisRequest<Response>, _ reply: RESPValue) throws -> Response {
        try request.decode(reply)
    }
}
