import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

@Suite("Strings, keys, expiry, bits against a server", .timeLimit(.minutes(2)))
struct StringCommandTests {
    @Test(arguments: CommandFixture.Version.allCases)
    func strings(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let key = fixture.key("a")
            let other = fixture.key("b")
            try await #expect(client.get(key) == nil)
            try await #expect(client.set(key, "one"))
            try await #expect(client.get(key) == ByteBuffer(string: "one"))
            try await #expect(client.get(key, as: String.self) == "one")
            try await #expect(!client.set(key, "two", if: .absent))
            try await #expect(client.set(key, "two", if: .present))
            try await #expect(!client.set(other, "x", if: .present))
            try await #expect(client.setGet(key, "three", as: String.self) == "two")
            try await #expect(client.setGet(other, "x", if: .absent, as: String.self) == nil)
            try await #expect(client.mget([key, "absent", other], as: String.self) == ["three", nil, "x"])
            try await #expect(client.getDel(other, as: String.self) == "x")
            try await #expect(client.exists(other) == false)
            let binary: [UInt8] = [0, 13, 10, 255]
            try await client.set(key, binary)
            try await #expect(client.get(key, as: [UInt8].self) == binary)
            try await client.mset([key: "p", other: "q"])
            try await #expect(!client.msetNX([key: "r", fixture.key("c"): "s"]))
            try await #expect(client.exists(fixture.key("c")) == false)
            try await #expect(client.append(key, "qrs") == 4)
            try await #expect(client.strlen(key) == 4)
            try await #expect(client.getRange(key, from: 1, through: 2, as: String.self) == "qr")
            try await #expect(client.setRange(key, from: 1, "XY") == 4)
            try await #expect(client.get(key, as: String.self) == "pXYs")
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func numbers(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let key = fixture.key("n")
            try await #expect(client.incr(key) == 1)
            try await #expect(client.incrBy(key, 41) == 42)
            try await #expect(client.decr(key) == 41)
            try await #expect(client.decrBy(key, 1) == 40)
            try await #expect(client.incrByFloat(key, 0.5) == 40.5)
            let notInteger = await #expect(throws: RedisError.self) { try await client.incr(key) }
            #expect(notInteger?.code == .server("ERR"))
            #expect(notInteger?.command == "INCR")
            try await client.set(key, Int.max)
            await #expect(throws: RedisError.self) { try await client.incr(key) }
            try await #expect(client.get(key, as: Int.self) == .max)
            try await client.lpush(fixture.key("list"), ["x"])
            let wrongType = await #expect(throws: RedisError.self) { try await client.get(fixture.key("list")) }
            #expect(wrongType?.code == .server("WRONGTYPE"))
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func keys(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let (a, b, c) = (fixture.key("a"), fixture.key("b"), fixture.key("c"))
            try await client.mset([a: "1", b: "2"])
            try await #expect(client.exists([a, b, c, a]) == 3)
            try await #expect(client.type(of: a) == .string)
            try await #expect(client.type(of: c) == nil)
            try await client.rename(a, to: c)
            try await #expect(!client.renameNX(b, to: c))
            await #expect(throws: RedisError.self) { try await client.rename(a, to: b) }
            try await #expect(client.copy(c, to: a))
            try await #expect(!client.copy(c, to: b))
            try await #expect(client.copy(c, to: b, replace: true))
            try await #expect(client.touch([a, "absent"]) == 1)
            try await #expect(client.randomKey() != nil)
            try await #expect(client.objectEncoding(a) == "int")
            try await #expect(client.objectIdleTime(a) != nil)
            try await #expect(client.objectEncoding("absent") == nil)
            let dump = try #require(try await client.dump(a))
            try await #expect(client.dump("absent") == nil)
            let restored = fixture.key("restored")
            try await client.restore(restored, dump, expiry: .after(.seconds(100)))
            try await #expect(client.get(restored, as: String.self) == "1")
            let busy = await #expect(throws: RedisError.self) { try await client.restore(restored, dump) }
            #expect(busy?.code == .server("BUSYKEY"))
            try await client.restore(restored, dump, replace: true)
            try await #expect(client.ttl(restored) == .forever)
            try await #expect(client.unlink(a))
            try await #expect(client.unlink([a, b]) == 1)
            try await #expect(client.del([c, restored]) == 2)
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func expiry(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let key = fixture.key("a")
            try await #expect(client.ttl(key) == .noSuchKey)
            try await #expect(client.expireTime(key) == .noSuchKey)
            try await client.set(key, "x")
            try await #expect(client.ttl(key) == .forever)
            try await #expect(client.expireTime(key) == .never)
            try await #expect(client.expire(key, after: .seconds(100)))
            guard case .expires(let left) = try await client.ttl(key) else {
                Issue.record("no expiry")
                return
            }
            #expect(left > .seconds(90) && left <= .seconds(100))
            try await #expect(!client.expire(key, after: .seconds(50), if: .later))
            try await #expect(client.expire(key, after: .seconds(200), if: .later))
            try await #expect(!client.expire(key, after: .seconds(200), if: .withoutExpiry))
            let end = try await client.time().advanced(by: .seconds(1_000))
            try await #expect(client.expire(key, at: end))
            try await #expect(client.expireTime(key) == .at(RedisTime(milliseconds: end.milliseconds)))
            try await client.set(key, "y", expiry: .keep)
            try await #expect(client.expireTime(key) == .at(RedisTime(milliseconds: end.milliseconds)))
            try await #expect(client.getEx(key, expiry: .keep, as: String.self) == "y")
            try await #expect(client.persist(key))
            try await #expect(!client.persist(key))
            try await #expect(client.getEx(key, expiry: .after(.seconds(9)), as: String.self) == "y")
            try await #expect(client.ttl(key) != .forever)
            try await #expect(client.getEx(key, expiry: .never, as: String.self) == "y")
            try await #expect(client.ttl(key) == .forever)
            try await client.set(key, "z", expiry: .at(end))
            try await #expect(client.expireTime(key) == .at(RedisTime(milliseconds: end.milliseconds)))
            try await #expect(client.expire(key, after: .zero))
            try await #expect(client.exists(key) == false)
            await #expect(throws: RedisError.self) { try await client.set(key, "x", expiry: .after(.zero)) }
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func bitsAndHyperLogLogs(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let (a, b, c) = (fixture.key("a"), fixture.key("b"), fixture.key("c"))
            try await #expect(!client.setBit(a, at: 9, to: true))
            try await #expect(client.getBit(a, at: 9))
            try await #expect(client.bitCount(a) == 1)
            try await #expect(client.bitCount(a, in: .bits(from: 0, through: 8)) == 0)
            try await #expect(client.bitPosition(a, of: true) == 9)
            try await #expect(client.bitPosition(b, of: true) == nil)
            try await client.set(b, "a")
            try await #expect(client.bitOperation(.or, [a, b], into: c) == 2)
            try await #expect(client.bitCount(c) == 4)
            let field = fixture.key("field")
            let results = try await client.bitField(
                field,
                [
                    .set(.unsigned(8), at: .element(1), to: 250), .overflow(.fail),
                    .incrBy(.unsigned(8), at: .element(1), 10), .get(.unsigned(8), at: .bit(8)),
                ]
            )
            #expect(results == [0, nil, 250])
            try await #expect(client.pfAdd(fixture.key("p"), ["x", "y"]))
            try await #expect(!client.pfAdd(fixture.key("p"), ["x"]))
            try await client.pfAdd(fixture.key("q"), ["z"])
            try await #expect(client.pfCount([fixture.key("p"), fixture.key("q")]) == 3)
            try await client.pfMerge([fixture.key("p"), fixture.key("q")], into: fixture.key("r"))
            try await #expect(client.pfCount([fixture.key("r")]) == 3)
        }
    }
}
