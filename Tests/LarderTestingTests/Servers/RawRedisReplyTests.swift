@testable import LarderTesting
import Testing

@Suite("RawRedisReply")
struct RawRedisReplyTests {
    private static let text = "*5\r\n+OK\r\n:-3\r\n$4\r\na\r\nb\r\n*2\r\n$0\r\n\r\n*-1\r\n$-1\r\n"

    @Test func replyIsReadOnceItIsCompleteAndNotBefore() throws {
        let bytes = Array(Self.text.utf8)
        for count in 0..<bytes.count {
            var position = 0
            #expect(try RawRedisReply.read(Array(bytes.prefix(count)), at: &position) == nil)
            #expect(position == 0)
        }
        var position = 0
        let reply = try RawRedisReply.read(bytes + Array("-ERR no\r\n".utf8), at: &position)
        #expect(
            reply
                == .array([
                    .status("OK"), .integer(-3), .bulk(Array("a\r\nb".utf8)), .array([.bulk([]), .null]), .null,
                ])
        )
        #expect(position == bytes.count)
        #expect(try RawRedisReply.read(bytes + Array("-ERR no\r\n".utf8), at: &position) == .error("ERR no"))
    }

    @Test(arguments: [
        "\r\n", "?\r\n", ":x\r\n", "$99999999999999999999\r\n", "*x\r\n", String(repeating: "*1\r\n", count: 99),
    ])
    func bytesThatAreNoReplyAreAnError(text: String) {
        #expect(throws: TestServerError.self) {
            var position = 0
            return try RawRedisReply.read(Array(text.utf8), at: &position)
        }
    }

    @Test func nodesOfAClusterAreReadAndBrokenLinesPassedOver() throws {
        let lines = """
            07c37df 127.0.0.1:7002@17002,name slave,fail? e7d1eec 0 1426238317239 4 disconnected
            e7d1eec :7001@0 myself,master - 0 0 5 connected 0-99 200 [93-<-292f8b3]
            broken 127.0.0.1 master - 0 0 5 connected 9-3

            """
        let view = try RedisClusterView(.bulk(Array(lines.utf8)))
        #expect(view.nodes.map(\.id) == ["07c37df", "e7d1eec"])
        #expect(view.nodes[0].port == 7002 && view.nodes[0].busPort == 17_002 && view.nodes[0].primaryID == "e7d1eec")
        #expect(!view.nodes[0].isWell && !view.nodes[0].isPrimary)
        #expect(view.myself.isPrimary && view.myself.isWell && view.myself.epoch == 5)
        #expect(view.myself.slots == [0...99, 200...200])
        #expect(view.myself.owns(200) && !view.myself.owns(93 + 7))
        #expect(throws: TestServerError.self) { try RedisClusterView(.null) }
    }
}
