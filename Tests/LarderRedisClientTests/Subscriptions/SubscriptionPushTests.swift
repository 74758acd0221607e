import NIOCore
import Testing

@testable import LarderRedisClient

/// What servers say to those who subscribe, from the bytes on.
struct SubscriptionPushTests {
    static func read(_ text: String) throws -> [SubscriptionPush] {
        var parser = RESPParser(limits: .init(replySize: 10_000, depth: 8))
        parser.append(ByteBuffer(string: text))
        var pushes: [SubscriptionPush] = []
        while let value = try parser.next() { pushes.append(SubscriptionPush(value)) }
        return pushes
    }

    static func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    @Test(arguments: [(SubscriptionName.Kind.channel, ""), (.shardChannel, "s")])
    func shardChannelsAreNamesOfTheirOwn(_ kind: SubscriptionName.Kind, _ letter: String) throws {
        let name = SubscriptionName(kind, "a")
        let pushes = try Self.read(
            """
            >3\r\n+\(letter)subscribe\r\n$1\r\na\r\n:1\r\n\
            >3\r\n+\(letter)message\r\n$1\r\na\r\n$5\r\nhello\r\n\
            >3\r\n+\(letter)unsubscribe\r\n$1\r\na\r\n:0\r\n
            """
        )
        #expect(
            pushes == [
                .subscribed(name), .message(name, channel: nil, payload: Self.bytes("hello")), .unsubscribed(name),
            ]
        )
    }

    @Test func messageOfAPatternSaysItsChannel() throws {
        let pushes = try Self.read(
            """
            *3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:1\r\n\
            *4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$2\r\nab\r\n$5\r\nhello\r\n\
            *3\r\n$12\r\npunsubscribe\r\n$2\r\na*\r\n:0\r\n
            """
        )
        let name = SubscriptionName(.pattern, "a*")
        #expect(
            pushes == [
                .subscribed(name), .message(name, channel: Self.bytes("ab"), payload: Self.bytes("hello")),
                .unsubscribed(name),
            ]
        )
    }

    @Test(arguments: [">", "*"]) func bothProtocolsAreUnderstood(_ kind: String) throws {
        let pushes = try Self.read(
            """
            \(kind)3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n\
            \(kind)3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n\
            \(kind)3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n
            """
        )
        #expect(
            pushes == [
                .subscribed(SubscriptionName(.channel, "a")),
                .message(SubscriptionName(.channel, "a"), channel: nil, payload: Self.bytes("hello")),
                .unsubscribed(SubscriptionName(.channel, "a")),
            ]
        )
    }

    @Test func pingIsAnsweredInThreeWays() throws {
        // RESP3; RESP2 with a subscription; and that of a server that writes it as a push.
        let pushes = try Self.read("+PONG\r\n*2\r\n$4\r\npong\r\n$0\r\n\r\n>2\r\n$4\r\npong\r\n$0\r\n\r\n")
        #expect(pushes == [.pong, .pong, .pong])
    }

    @Test func errorsAreTheServers() throws {
        try #expect(Self.read("-NOPERM no\r\n") == [.error(RedisServerError("NOPERM no"))])
    }

    @Test func pushesOfOtherKindsConcernNobody() throws {
        let pushes = try Self.read(
            ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n>4\r\n$8\r\nxmessage\r\n$1\r\n*\r\n$1\r\na\r\n$1\r\nx\r\n>0\r\n"
        )
        #expect(pushes == [.foreign, .foreign, .foreign])
    }

    @Test(arguments: [
        "+OK\r\n", ":1\r\n", "$-1\r\n", "$4\r\nPONG\r\n", "*0\r\n", "*1\r\n:1\r\n", "*1\r\n$3\r\nfoo\r\n", "%0\r\n",
        "*2\r\n$7\r\nmessage\r\n$1\r\na\r\n", ">2\r\n$9\r\nsubscribe\r\n$1\r\na\r\n",
        "*3\r\n$9\r\nsubscribe\r\n$-1\r\n:0\r\n", "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n$1\r\n0\r\n",
        "*3\r\n$8\r\npmessage\r\n$1\r\na\r\n$1\r\nb\r\n", "*4\r\n$8\r\nsmessage\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
        "*4\r\n$8\r\npmessage\r\n$1\r\na\r\n*0\r\n$1\r\nc\r\n", "*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n$1\r\nb\r\n",
        ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n*0\r\n", ">3\r\n$7\r\nmessage\r\n:1\r\n$1\r\na\r\n",
    ]) func everythingElseIsUnexpected(_ text: String) throws {
        try #expect(Self.read(text) == [.unexpected])
    }
}
