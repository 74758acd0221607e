import Testing

@testable import LarderRedisClient

/// Who answers what only reads, decided by hand.
@Suite(.timeLimit(.minutes(1))) struct ReadRoutingTests {
    static let a = RedisConfiguration.Address.hostname("a")
    static let b = RedisConfiguration.Address.hostname("b")

    static func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    static func routing() -> ReadRouting<String> {
        var routing = ReadRouting(primary: "primary")
        _ = routing.update(replicas: [Self.a, Self.b]) { $0.description }
        return routing
    }

    @Test func replicasAnswerInTurn() {
        var routing = Self.routing()
        let nodes = (0..<6).compactMap { _ in routing.choose(.replica, tried: [], at: Self.at(0))?.node }
        #expect(nodes.count == 6)
        #expect(nodes.filter { $0 == "a:6379" }.count == 3)
        #expect(nodes.filter { $0 == "b:6379" }.count == 3)
        #expect(nodes[0] != nodes[1])
    }

    @Test func primaryAnswersWhereItIsPreferredOrNoReplicaCan() {
        var routing = Self.routing()
        #expect(routing.choose(.primary, tried: [], at: Self.at(0)) == nil)
        #expect(routing.choose(.replica, tried: [1, 2], at: Self.at(0)) == nil)
        routing.failed(1, at: Self.at(0))
        #expect(routing.choose(.replica, tried: [], at: Self.at(1))?.id == 2)
        routing.failed(2, at: Self.at(0))
        #expect(routing.choose(.replica, tried: [], at: Self.at(1)) == nil)
        // After a rest they are tried again.
        #expect(routing.choose(.replica, tried: [], at: Self.at(1001)) != nil)
        var alone = ReadRouting(primary: "primary")
        #expect(alone.choose(.replica, tried: [], at: Self.at(0)) == nil)
    }

    @Test func replicasComeAndGo() {
        var routing = Self.routing()
        var made: [String] = []
        let c = RedisConfiguration.Address.hostname("c")
        let gone = routing.update(replicas: [Self.b, c]) { address in
            made.append(address.description)
            return address.description
        }
        #expect(gone == ["a:6379"])
        #expect(made == ["c:6379"])
        #expect(routing.replicas.map(\.address) == [Self.b, c])
        // What is heard of one that has gone does no harm.
        routing.answered(1, after: 5, at: Self.at(0))
        routing.failed(1, at: Self.at(0))
    }

    /// Measures every server once.
    static func measure(_ routing: inout ReadRouting<String>, _ durations: [String: Int64], at time: Int64) {
        for _ in durations {
            guard let choice = routing.choose(.nearest, tried: [], at: Self.at(time)) else { return }
            routing.answered(choice.id, after: durations[choice.node] ?? 0, at: Self.at(time))
        }
    }

    @Test func nearestServerAnswersOnceAllAreMeasured() {
        var routing = Self.routing()
        Self.measure(&routing, ["primary": 500, "a:6379": 300, "b:6379": 900], at: 0)
        for _ in 0..<5 { #expect(routing.choose(.nearest, tried: [], at: Self.at(1))?.node == "a:6379") }
        #expect(routing.choose(.nearest, tried: [1], at: Self.at(1))?.node == "primary")
        routing.failed(1, at: Self.at(1))
        #expect(routing.choose(.nearest, tried: [], at: Self.at(2))?.isPrimary == true)
    }

    @Test func littleIsNotWorthAChange() {
        var routing = Self.routing()
        Self.measure(&routing, ["primary": 1000, "a:6379": 500, "b:6379": 520], at: 0)
        #expect(routing.choose(.nearest, tried: [], at: Self.at(1))?.node == "a:6379")
        // The mean moves by a fifth of the difference each time.
        routing.answered(2, after: 320, at: Self.at(1))
        #expect(routing.choose(.nearest, tried: [], at: Self.at(1))?.node == "a:6379")
        for _ in 0..<8 { routing.answered(2, after: 320, at: Self.at(1)) }
        #expect(routing.choose(.nearest, tried: [], at: Self.at(1))?.node == "b:6379")
    }

    @Test func measureThatIsOldIsTakenAnewByOneCommand() {
        var routing = Self.routing()
        Self.measure(&routing, ["primary": 1000, "a:6379": 500, "b:6379": 900], at: 0)
        routing.answered(1, after: 500, at: Self.at(1000))
        let nodes = (0..<4).compactMap { _ in routing.choose(.nearest, tried: [], at: Self.at(1500))?.node }
        #expect(nodes == ["primary", "b:6379", "a:6379", "a:6379"])
    }

    @Test func newPrimaryIsMeasuredAnew() {
        var routing = Self.routing()
        Self.measure(&routing, ["primary": 100, "a:6379": 500, "b:6379": 900], at: 0)
        #expect(routing.primaryRoundTrip == 100)
        routing.primaryChanged()
        #expect(routing.primaryRoundTrip == nil)
        #expect(routing.choose(.nearest, tried: [], at: Self.at(1))?.isPrimary == true)
    }

    @Test(arguments: [
        ("GET", true), ("MGET", true), ("HGETALL", true), ("EVALSHA_RO", true), ("XREAD", true), ("SET", false),
        ("SCAN", false), ("HSCAN", false), ("PING", false), ("INFO", false), ("TOUCH", false), ("EVAL", false),
        ("MULTI", false), ("TIME", false), ("OBJECT", false), ("SCRIPT", false),
    ])
    func replicaMayAnswerWhatReadsKeysAndNothingElse(name: String, may: Bool) {
        #expect(RedisCommand(name, "x").mayBeAnsweredByReplica == may)
        // What its sender says about repeating it has nothing to do with it.
        #expect(RedisCommand(name, "x").repeatable(true).mayBeAnsweredByReplica == may)
        #expect(RedisCommand(name, "x").repeatable(false).mayBeAnsweredByReplica == may)
    }

    @Test func readsGoElsewhereWhereTheServerHasNoAnswerForReasonsOfItsOwn() {
        let policy = RetryPolicy(hasSeveralServers: true)
        let codes: [RedisError.Code] = [
            .connectionFailed, .notSent, .timedOut, .overloaded, .fateUnknown, .server("MASTERDOWN"),
            .server("LOADING"),
        ]
        for code in codes { #expect(policy.readsElsewhere(after: RedisError(code, message: ""))) }
        for code in [.server("WRONGTYPE"), .server("NOPERM"), .replyTooLarge, .serverChanged] as [RedisError.Code] {
            #expect(!policy.readsElsewhere(after: RedisError(code, message: "")))
        }
        let tooLarge = RedisError(.replyTooLarge, message: "")
        #expect(!policy.readsElsewhere(after: RedisError(.fateUnknown, message: "", underlying: tooLarge)))
    }
}
