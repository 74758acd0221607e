import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct HandshakeTests {
    static func configuration(_ change: (inout RedisConfiguration) -> Void = { _ in }) -> RedisConfiguration {
        var configuration = RedisConfiguration()
        change(&configuration)
        return configuration
    }

    /// A command's words.
    static func words(_ command: RedisCommand) -> String {
        (0..<command.elementCount).compactMap { index in
            command.withElement(index) { String(decoding: $0, as: UTF8.self) }
        }.joined(separator: " ")
    }

    static let unknown = RESPValue.error(RedisServerError("ERR unknown command `HELLO`"))

    @Test func resp3SaysAllInOneRound() {
        var handshake = Handshake(
            Self.configuration {
                $0.username = "ann"
                $0.password = "pw"
                $0.clientName = "shop"
                $0.database = 3
            }
        )
        let sent = handshake.start().map(Self.words)
        #expect(sent == ["HELLO 3 AUTH ann pw SETNAME shop", "SELECT 3", "CLIENT SETINFO LIB-NAME larder"])
        guard case .wait = handshake.receive(.map([])), case .wait = handshake.receive(.simpleString("OK")),
            case .finish(3) = handshake.receive(Self.unknown)
        else {
            Issue.record("handshake did not finish")
            return
        }
    }

    @Test func serverWithoutHelloIsSpokenToInRESP2() {
        var handshake = Handshake(
            Self.configuration {
                $0.password = "pw"
                $0.clientName = "shop"
                $0.database = 1
            }
        )
        _ = handshake.start()
        // The rest of the first round fails because nobody is authenticated; that is no reason to give up.
        let noAuth = RESPValue.error(RedisServerError("NOAUTH Authentication required."))
        guard case .wait = handshake.receive(Self.unknown), case .wait = handshake.receive(noAuth),
            case .send(let commands) = handshake.receive(noAuth)
        else {
            Issue.record("no second round")
            return
        }
        #expect(
            commands.map(Self.words)
                == ["AUTH pw", "CLIENT SETNAME shop", "SELECT 1", "CLIENT SETINFO LIB-NAME larder"]
        )
        for _ in 0..<3 { _ = handshake.receive(.simpleString("OK")) }
        guard case .finish(2) = handshake.receive(.simpleString("OK")) else {
            Issue.record("handshake did not finish")
            return
        }
    }

    @Test(arguments: ["WRONGPASS invalid username-password pair", "NOAUTH HELLO must be called with authentication"])
    func refusedPasswordIsSaidSo(message: String) {
        var handshake = Handshake(Self.configuration { $0.password = "secret" })
        _ = handshake.start()
        guard case .fail(let error) = handshake.receive(.error(RedisServerError(message))) else {
            Issue.record("did not fail")
            return
        }
        #expect(error.code == .authenticationFailed)
        #expect(!"\(error)".contains("secret"))
    }

    @Test func forcedRESP2SendsNoHello() {
        var handshake = Handshake(Self.configuration { $0.protocolVersion = .resp2 })
        #expect(handshake.start().map(Self.words) == ["CLIENT SETINFO LIB-NAME larder"])
    }

    @Test func databaseOutOfRangeFails() {
        var handshake = Handshake(Self.configuration { $0.database = 99 })
        _ = handshake.start()
        _ = handshake.receive(.map([]))
        guard case .fail(let error) = handshake.receive(.error(RedisServerError("ERR DB index is out of range"))) else {
            Issue.record("did not fail")
            return
        }
        #expect(error.message.contains("database 99"))
    }
}
