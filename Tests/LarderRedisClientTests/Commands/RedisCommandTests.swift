import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct RedisCommandTests {
    static func wire(_ command: RedisCommand) -> String {
        var buffer = ByteBuffer()
        buffer.write(command)
        #expect(buffer.readableBytes == command.encodedSize)
        return String(buffer: buffer)
    }

    @Test func commandsAreArraysOfBulkStrings() {
        #expect(Self.wire(RedisCommand("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(Self.wire(RedisCommand("GET", "käse")) == "*2\r\n$3\r\nGET\r\n$5\r\nkäse\r\n")
        #expect(
            Self.wire(RedisCommand("SET", "a", [UInt8]([0x0D, 0x0A]), "EX", 60))
                == "*5\r\n$3\r\nSET\r\n$1\r\na\r\n$2\r\n\r\n\r\n$2\r\nEX\r\n$2\r\n60\r\n"
        )
        #expect(Self.wire(RedisCommand("SET", "a", "")) == "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n")
        let keys = (0..<12).map(String.init)
        #expect(Self.wire(RedisCommand("MGET", arguments: keys)).hasPrefix("*13\r\n$4\r\nMGET\r\n$1\r\n0\r\n"))
    }

    @Test func elementsOfAnotherCommandAreAppendedAsTheyAre() {
        let other = RedisCommand("EVALSHA", "hash", 1, "", [UInt8]([0x0D, 0x0A]), "last")
        for index in 0...7 {
            var command = RedisCommand("EVAL", "source")
            command.append(elementsOf: other, from: index)
            var expected = RedisCommand("EVAL", "source")
            for place in index..<max(index, 6) {
                _ = other.withElement(place) { expected.append(bytes: $0) }
            }
            #expect(Self.wire(command) == Self.wire(expected))
        }
    }

    @Test func numbersAreWrittenAsRedisReadsThem() {
        let command = RedisCommand("X", Int64.min, UInt64.max, 1.5, 2.0, -Double.infinity, Double.nan)
        #expect(
            Self.wire(command)
                == "*7\r\n$1\r\nX\r\n$20\r\n-9223372036854775808\r\n$20\r\n18446744073709551615\r\n$3\r\n1.5\r\n$1\r\n2\r\n$4\r\n-inf\r\n$3\r\nnan\r\n"
        )
    }

    @Test func missingOptionalsAddNothing() {
        #expect(Self.wire(RedisCommand("PING", String?.none)) == "*1\r\n$4\r\nPING\r\n")
    }

    @Test func nameIsReadBackInCapitals() {
        #expect(RedisCommand("get", "a").name == "GET")
        #expect(RedisCommand("").name == "")
        #expect(RedisCommand("ZREVRANGEBYSCORE", "a").name == "ZREVRANGEBYSCORE")
        #expect(RedisCommand(String(repeating: "x", count: 200)).name.utf8.count == 32)
    }

    @Test(arguments: [
        RedisCommand("SELECT", 1), RedisCommand("subscribe", "a"), RedisCommand("MULTI"), RedisCommand("Watch", "k"),
        RedisCommand("MONITOR"), RedisCommand("CLIENT", "REPLY", "OFF"), RedisCommand("client", "tracking", "on"),
        RedisCommand("AUTH", "x"), RedisCommand("HELLO", 3), RedisCommand("RESET"), RedisCommand("QUIT"),
        RedisCommand("SCRIPT", "DEBUG", "YES"),
    ])
    func commandsThatChangeTheirConnectionAreKnown(command: RedisCommand) {
        #expect(command.isolation == .changesConnection)
    }

    @Test(arguments: [
        RedisCommand("BLPOP", "a", 0), RedisCommand("WAIT", 1, 0), RedisCommand("bzpopmin", "a", 0),
        RedisCommand("XREAD", "COUNT", 1, "block", 0, "STREAMS", "s", "$"),
    ])
    func commandsThatBlockAreKnown(command: RedisCommand) {
        #expect(command.isolation == .blocks)
    }

    @Test(arguments: [
        RedisCommand("GET", "SELECT"), RedisCommand("CLIENT", "ID"), RedisCommand("SCRIPT", "LOAD", "x"),
        RedisCommand("XREAD", "STREAMS", "BLOCK", "0"), RedisCommand(""), RedisCommand("CLIENT"),
    ])
    func otherCommandsMayShareAConnection(command: RedisCommand) {
        #expect(command.isolation == .ordinary)
    }

    @Test func argumentsAreNeverPrinted() {
        let command = RedisCommand("SET", "key", "secret")
        var dumped = ""
        dump(command, to: &dumped)
        for text in ["\(command)", String(reflecting: command), dumped] {
            #expect(!text.contains("secret"))
            #expect(text.contains("SET"))
        }
        let error = RedisError(
            RedisServerError("ERR unknown command 'SETT', with args beginning with: 'key' 'secret'")
        )
        #expect(error.code == .server("ERR"))
        #expect(error.message == "ERR unknown command 'SETT'")
    }

    @Test func onlyReadsAreRepeatableUnlessSaidSo() {
        #expect(RedisCommand("get", "a").isRepeatable)
        #expect(!RedisCommand("SET", "a", "b").isRepeatable)
        #expect(!RedisCommand("INCR", "a").isRepeatable)
        #expect(RedisCommand("SET", "a", "b").repeatable().isRepeatable)
        #expect(!RedisCommand("GET", "a").repeatable(false).isRepeatable)
    }
}
