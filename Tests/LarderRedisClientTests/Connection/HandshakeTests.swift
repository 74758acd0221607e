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

    /// What every connection asks at the end.
    static let lastWords = ["INFO server", "INFO replication", "CLIENT SETINFO LIB-NAME larder"]

    /// Answers to these.
    static func infos(role: String = "master") -> [RESPValue] {
        [
            .bulkString(ByteBuffer(string: "# Server\r\nrun_id:abc\r\ntcp_port:6379\r\n")),
            .bulkString(ByteBuffer(string: "# Replication\r\nrole:\(role)\r\nmaster_replid:def\r\n")),
        ]
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
        #expect(sent == ["HELLO 3 AUTH ann pw SETNAME shop", "SELECT 3"] + Self.lastWords)
        for reply in [.map([]), .simpleString("OK")] + Self.infos() {
            guard case .wait = handshake.receive(reply) else {
                Issue.record("did not wait")
                return
            }
        }
        guard case .finish(let outcome) = handshake.receive(Self.unknown) else {
            Issue.record("handshake did not finish")
            return
        }
        let identity = ServerIdentity(runID: "abc", replicationID: "def", isPrimary: true)
        #expect(outcome == .init(protocolVersion: 3, identity: identity))
    }

    @Test func serverWithoutHelloIsSpokenToInRESP2() {
        var handshake = Handshake(
            Self.configuration {
                $0.password = "pw"
                $0.clientName = "shop"
                $0.database = 1
            }
        )
        #expect(handshake.start().count == 5)
        // The rest of the first round fails because nobody is authenticated; that is no reason to give up.
        let noAuth = RESPValue.error(RedisServerError("NOAUTH Authentication required."))
        for reply in [Self.unknown, noAuth, noAuth, noAuth] {
            guard case .wait = handshake.receive(reply) else {
                Issue.record("did not wait")
                return
            }
        }
        guard case .send(let commands) = handshake.receive(noAuth) else {
            Issue.record("no second round")
            return
        }
        #expect(
            commands.map(Self.words)
                == ["AUTH pw", "CLIENT SETNAME shop", "SELECT 1"] + Self.lastWords
        )
        for _ in 0..<3 { _ = handshake.receive(.simpleString("OK")) }
        let forbidden = RESPValue.error(
            RedisServerError("NOPERM this user has no permissions to run the 'info' command")
        )
        for _ in 0..<2 { _ = handshake.receive(forbidden) }
        guard case .finish(let outcome) = handshake.receive(.simpleString("OK")) else {
            Issue.record("handshake did not finish")
            return
        }
        #expect(outcome == .init(protocolVersion: 2, identity: nil))
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
        #expect(handshake.start().map(Self.words) == Self.lastWords)
    }

    @Test func replicaIsNoPrimary() {
        var handshake = Handshake(Self.configuration(), purpose: .init(needsPrimary: true))
        _ = handshake.start()
        for reply in [.map([])] + Self.infos(role: "slave") { _ = handshake.receive(reply) }
        guard case .fail(let error) = handshake.receive(.simpleString("OK")) else {
            Issue.record("did not fail")
            return
        }
        #expect(error.code == .connectionFailed)
        #expect(error.message.contains("replica"))
    }

    @Test func refusedPreparationFails() {
        var handshake = Handshake(Self.configuration(), purpose: .init(preparation: [RedisCommand("READONLY")]))
        #expect(handshake.start().map(Self.words).contains("READONLY"))
        for reply in [.map([])] + Self.infos() { _ = handshake.receive(reply) }
        let refusal = RedisServerError("ERR This instance has cluster support disabled")
        guard case .fail(let error) = handshake.receive(.error(refusal)) else {
            Issue.record("did not fail")
            return
        }
        #expect(error.code == .connectionFailed)
        #expect(error.message.contains("READONLY"))
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
