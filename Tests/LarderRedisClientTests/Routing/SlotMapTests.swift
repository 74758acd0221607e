import LarderTesting
import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct SlotMapTests {
    static func text(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }

    static func node(_ host: RESPValue, _ port: Int64, _ more: RESPValue...) -> RESPValue {
        .array([host, .integer(port)] + more)
    }

    static func range(_ from: Int64, _ to: Int64, _ nodes: RESPValue...) -> RESPValue {
        .array([.integer(from), .integer(to)] + nodes)
    }

    static func map(_ ranges: RESPValue...) throws -> SlotMap {
        try SlotMap(slots: .array(ranges), askedHost: "asked")
    }

    static let someone = node(text("10.0.0.1"), 6379, text("id1"), .array([]))

    @Test func rangesComeInOrderWithTheirServers() throws {
        let map = try Self.map(
            Self.range(5461, 16_383, Self.node(Self.text("10.0.0.2"), 7000, Self.text("id2"))),
            Self.range(0, 5460, Self.someone, Self.node(Self.text("::1"), 7001, Self.text("id3"), .map([])))
        )
        let primary = ClusterNode(address: NodeAddress(host: "10.0.0.1", port: 6379), id: "id1")
        let replica = ClusterNode(address: NodeAddress(host: "::1", port: 7001), id: "id3")
        let other = ClusterNode(address: NodeAddress(host: "10.0.0.2", port: 7000), id: "id2")
        #expect(
            map.ranges == [
                SlotRange(slots: 0...5460, primary: primary, replicas: [replica]),
                SlotRange(slots: 5461...16_383, primary: other, replicas: []),
            ]
        )
        #expect(map.ownedSlotCount == 16_384)
        #expect(map.primaries == [primary, other])
        #expect("\(replica.address)" == "[::1]:7001")
    }

    @Test func aServerWithSeveralRangesIsOnePrimary() throws {
        let map = try Self.map(Self.range(0, 0, Self.someone), Self.range(2, 9, Self.someone))
        #expect(map.primaries.count == 1)
        #expect(map.ownedSlotCount == 9)
    }

    @Test func aHostThatIsMissingIsTheOneThatWasAsked() throws {
        for host in [RESPValue.null, Self.text("")] {
            let map = try Self.map(Self.range(0, 1, Self.node(host, 7000, Self.text("id"))))
            #expect(map.ranges.first?.primary.address == NodeAddress(host: "asked", port: 7000))
        }
    }

    @Test func anUnknownEndpointIsLookedForBesideIt() throws {
        let ip = RESPValue.array([Self.text("ip"), Self.text("10.0.0.9")])
        let ipOfRESP3 = RESPValue.map([.init(key: Self.text("ip"), value: Self.text("10.0.0.9"))])
        for metadata in [ip, ipOfRESP3] {
            let map = try Self.map(Self.range(0, 1, Self.node(Self.text("?"), 7000, Self.text("id"), metadata)))
            #expect(map.ranges.first?.primary.address.host == "10.0.0.9")
        }
        // Only the server that was asked can have no address of its own.
        let empty = RESPValue.array([Self.text("ip"), Self.text("")])
        let map = try Self.map(Self.range(0, 1, Self.node(Self.text("?"), 7000, Self.text("id"), empty)))
        #expect(map.ranges.first?.primary.address.host == "asked")
    }

    @Test func slotsOfAnUnknownPrimaryAreNobodysAndAnUnknownReplicaIsNone() throws {
        let unknown = Self.node(Self.text("?"), 7000, Self.text("id"), .array([]))
        let noPort = Self.node(Self.text("10.0.0.3"), 0, Self.text("id"))
        let map = try Self.map(
            Self.range(0, 9, unknown, Self.someone),
            Self.range(10, 19, Self.someone, unknown, noPort)
        )
        #expect(map.ranges.map(\.slots) == [10...19])
        #expect(map.ranges.first?.replicas == [])
    }

    @Test func aServerWithoutSlotsHasAnEmptyMap() throws {
        #expect(try SlotMap(slots: .array([]), askedHost: "asked").ranges.isEmpty)
    }

    @Test func aServersErrorIsThrown() {
        let error = RESPValue.error(RedisServerError("ERR This instance has cluster support disabled"))
        #expect {
            _ = try SlotMap(slots: error, askedHost: "asked")
        } throws: {
            ($0 as? RedisError)?.code == .server("ERR")
        }
    }

    static let malformed: [RESPValue] = [
        .null, .integer(1), text("slots"), .array([.integer(1)]), .array([.array([])]),
        .array([range(0, 1)]), .array([range(-1, 1, someone)]), .array([range(0, 16_384, someone)]),
        .array([range(5, 4, someone)]), .array([range(.min, .max, someone)]),
        .array([.array([text("0"), .integer(1), someone])]),
        .array([range(0, 5, someone), range(5, 9, someone)]), .array([range(0, 9, someone), range(2, 3, someone)]),
        .array([range(0, 1, .null)]), .array([range(0, 1, .array([text("a")]))]),
        .array([range(0, 1, node(text("a"), 65_536))]), .array([range(0, 1, node(text("a"), -1))]),
        .array([range(0, 1, node(.integer(1), 1))]), .array([range(0, 1, node(text("a b"), 1))]),
        .array([range(0, 1, node(text("a\r\nb"), 1))]), .array([range(0, 1, node(text("a"), 1, .integer(1)))]),
        .array([range(0, 1, node(text(String(repeating: "a", count: 256)), 1))]),
        .array([range(0, 1, .array([.bulkString(ByteBuffer(bytes: [0xFF])), .integer(1)]))]),
        .array([range(0, 1, node(text("?"), 1, text("id"), .array([text("ip")])))]),
        .array([range(0, 1, node(text("?"), 1, text("id"), .integer(1)))]),
        .array([range(0, 1, node(text("?"), 1, text("id"), .array([text("ip"), text("a/b")])))]),
        .array(Array(repeating: range(0, 0, someone), count: 16_385)),
        .array([.array([.integer(0), .integer(1)] + Array(repeating: someone, count: 1001))]),
        .array((0..<1001).map { range($0, $0, node(text("h\($0)"), 1)) }),
    ]

    @Test(arguments: malformed.indices)
    func aMapThatIsNoneIsATypedError(index: Int) {
        #expect {
            _ = try SlotMap(slots: Self.malformed[index], askedHost: "asked")
        } throws: {
            ($0 as? RedisError)?.code == .unexpectedReply
        }
    }

    @Test func aThousandServersAreNotTooMany() throws {
        let map = try SlotMap(
            slots: .array((0..<1000).map { Self.range($0, $0, Self.node(Self.text("h\($0)"), 1)) }),
            askedHost: "asked"
        )
        #expect(map.primaries.count == 1000)
    }

    /// Values of any shape that look a little like a map of slots.
    static func randomValue(_ depth: Int, _ generator: inout SeededGenerator) -> RESPValue {
        switch Int.random(in: 0..<(depth > 0 ? 12 : 7), using: &generator) {
        case 0: .null
        case 1: .integer(Int64.random(in: -2...16_390, using: &generator))
        case 2: .integer([.min, .max, 65_535, 65_536, 0, 1][Int.random(in: 0..<6, using: &generator)])
        case 3: Self.text(["", "?", "host", "ip", "10.0.0.1"][Int.random(in: 0..<5, using: &generator)])
        case 4:
            .bulkString(
                ByteBuffer(
                    bytes: (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                        UInt8.random(in: 0...255, using: &generator)
                    }
                )
            )
        case 5: .simpleString("x")
        case 6: .double(1)
        case 7:
            .map([.init(key: Self.randomValue(depth - 1, &generator), value: Self.randomValue(depth - 1, &generator))])
        default:
            .array((0..<Int.random(in: 0...5, using: &generator)).map { _ in Self.randomValue(depth - 1, &generator) })
        }
    }

    @Test func randomRepliesAreMapsOrTypedErrors() {
        var generator = SeededGenerator(seed: 1)
        var (maps, errors) = (0, 0)
        for _ in 0..<5000 {
            // Mostly a range with a server, in which some piece is something else.
            func piece(_ usual: RESPValue) -> RESPValue {
                Int.random(in: 0..<8, using: &generator) == 0 ? Self.randomValue(3, &generator) : usual
            }
            let node = RESPValue.array([
                piece(Self.text("host")), piece(.integer(7000)), piece(Self.text("id")), piece(.array([])),
            ])
            let range = RESPValue.array([piece(.integer(0)), piece(.integer(16_383)), piece(node), piece(node)])
            do {
                let map = try SlotMap(slots: piece(.array([piece(range)])), askedHost: "asked")
                #expect(map.ownedSlotCount <= KeySlot.count)
                maps += 1
            } catch {
                #expect(error.code == .unexpectedReply)
                errors += 1
            }
        }
        #expect(maps > 500 && errors > 500)
    }
}
