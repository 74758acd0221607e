import NIOCore
import Testing

@testable import LarderRedisClient

/// Patterns and shard channels beside channels.
@Suite(.timeLimit(.minutes(1))) struct SubscriptionKindsTests {
    typealias Bench = SubscriptionBench

    static let moved = RESPValue.error(RedisServerError("MOVED 42 127.0.0.1:7001"))

    @Test(arguments: ["a", "~a", "#a"]) func everyKindIsAskedForAndGivenUpByItsOwnCommand(_ name: String) {
        var lane = Bench()
        lane.subscribe(1, to: name)
        #expect(lane.receive(Bench.message(name, "x"), Bench.message(name, "y")) == ["1: x", "1: y"])
        #expect(lane.lose() == ["1 interrupted"])
        _ = lane.machine.established(at: lane.now)
        #expect(lane.written() == ["subscribe \(name)"])
        #expect(lane.receive(Bench.subscribed(name)) == ["1 resumed"])
        #expect(lane.leave(1, name) == "tell the loop")
        #expect(lane.written() == ["unsubscribe \(name)"])
        #expect(lane.receive(Bench.unsubscribed(name)) == [])
        #expect(lane.machine.nameCount == 0)
    }

    @Test func commandsAreThoseOfTheKind() {
        let commands: [SubscriptionCommand] = [
            .subscribe(Bench.name("a")), .subscribe(Bench.name("~a*")), .subscribe(Bench.name("#a")),
            .unsubscribe(Bench.name("a")), .unsubscribe(Bench.name("~a*")), .unsubscribe(Bench.name("#a")), .ping,
        ]
        #expect(
            commands.map(\.redisCommand.name) == [
                "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "PING",
            ]
        )
    }

    @Test func oneTextIsThreeNames() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        lane.subscribe(2, to: "~a")
        lane.subscribe(3, to: "#a")
        #expect(
            lane.receive(Bench.message("a", "x"), Bench.message("~a", "y", on: "a"), Bench.message("#a", "z"))
                == ["1: x", "2: y", "3: z"]
        )
    }

    @Test func messagesSayTheirChannelAndPattern() {
        var lane = Bench()
        lane.subscribe(1, to: "~a*")
        lane.subscribe(2, to: "#s")
        lane.subscribe(3, to: "c")
        var effects: [Bench.Machine.Effect] = []
        let messages = [
            Bench.message("~a*", "x", on: "ab"), Bench.message("~a*", "y", on: "ac"), Bench.message("#s", "z"),
            Bench.message("c", "w"),
        ]
        #expect(lane.read(messages, &effects) == nil)
        let runs = effects.map { effect in
            guard case .deliver(_, let run) = effect else { return [] as [RedisMessage] }
            return run.messages
        }
        #expect(
            runs == [
                [
                    RedisMessage(channel: "ab", pattern: "a*", payload: ByteBuffer(string: "x")),
                    RedisMessage(channel: "ac", pattern: "a*", payload: ByteBuffer(string: "y")),
                ],
                [RedisMessage(channel: "s", payload: ByteBuffer(string: "z"))],
                [RedisMessage(channel: "c", payload: ByteBuffer(string: "w"))],
            ]
        )
    }

    @Test func orderWithinAReadIsTheServers() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        lane.subscribe(1000, to: "~a*")
        let server: [(name: String, text: String)] = [("a", "1"), ("~a*", "1"), ("a", "2"), ("a", "3"), ("~a*", "2")]
        var effects: [Bench.Machine.Effect] = []
        #expect(lane.read(server.map { Bench.message($0.name, $0.text) }, &effects) == nil)
        let heard = effects.flatMap { effect -> [String] in
            guard case .deliver(_, let run) = effect else { return [] }
            return run.messages.map { ($0.pattern == nil ? "a" : "~a*") + $0.string }
        }
        #expect(heard == server.map { $0.name + $0.text })
        // Neighbours under one name are one.
        #expect(effects.count == 4)
    }

    // MARK: Slots that move

    @Test func shardChannelThatTheServerGivesUpIsAskedForAgain() {
        var lane = Bench()
        lane.subscribe(1, to: "#s")
        lane.subscribe(2, to: "a")
        #expect(lane.receive(Bench.message("#s", "x"), Bench.unsubscribed("#s")) == ["1 interrupted", "1: x"])
        #expect(lane.written() == ["subscribe #s"])
        #expect(lane.receive(Bench.message("a", "y"), Bench.subscribed("#s")) == ["1 resumed", "2: y"])
        #expect(lane.receive(Bench.message("#s", "z")) == ["1: z"])
    }

    @Test func slotThatIsElsewhereEndsTheShardChannelOnly() {
        var lane = Bench()
        lane.subscribe(1, to: "#s")
        lane.subscribe(2, to: "a")
        _ = lane.receive(Bench.unsubscribed("#s"))
        _ = lane.listen(3, to: "#s")
        #expect(lane.written() == ["subscribe #s"])
        #expect(lane.receive(Self.moved) == ["1 ended: server MOVED", "3 failed: server MOVED"])
        #expect(lane.machine.nameCount == 1)
        #expect(lane.receive(Bench.message("a", "y")) == ["2: y"])
    }

    @Test func serverAndClientMayGiveUpAShardChannelAtTheSameTime() {
        var lane = Bench()
        lane.subscribe(1, to: "#s")
        _ = lane.leave(1, "#s")
        #expect(lane.written() == ["unsubscribe #s"])
        // The server's own comes first and looks like the answer.
        #expect(lane.receive(Bench.unsubscribed("#s")) == [])
        #expect(lane.listen(2, to: "#s") == "waits, tell the loop")
        #expect(lane.written() == ["subscribe #s"])
        // The answer then, to a channel that is being asked for again.
        #expect(lane.receive(Bench.unsubscribed("#s")) == [])
        #expect(lane.receive(Bench.subscribed("#s")) == ["2 is heard"])
        #expect(lane.receive(Bench.message("#s", "x")) == ["2: x"])
    }

    @Test func shardChannelGivenUpBehindOtherAnswersIsNotTakenForOne() {
        var lane = Bench()
        lane.subscribe(1, to: "#s")
        lane.subscribe(2, to: "#t")
        _ = lane.listen(3, to: "b")
        #expect(lane.written() == ["subscribe b"])
        #expect(lane.receive(Bench.unsubscribed("#s"), Bench.subscribed("b")) == ["1 interrupted", "3 is heard"])
        #expect(lane.written() == ["subscribe #s"])
        // One that nobody wants any more.
        _ = lane.leave(2, "#t")
        #expect(lane.receive(Bench.unsubscribed("#t")) == [])
        #expect(lane.receive(Bench.unsubscribed("#unknown")) == [])
        #expect(lane.receive(Bench.subscribed("#s")) == ["1 resumed"])
        #expect(lane.written() == [])
        #expect(lane.machine.nameCount == 2)
    }

    @Test(arguments: ["a", "~a"]) func otherKindsAreNotGivenUpByServers(_ name: String) {
        var lane = Bench()
        lane.subscribe(1, to: name)
        var effects: [Bench.Machine.Effect] = []
        #expect(lane.read([Bench.unsubscribed(name)], &effects)?.code == .protocolViolation)
    }

    @Test func whatCameBeforeAViolationIsHeard() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        var effects: [Bench.Machine.Effect] = []
        let violation = lane.read([Bench.message("a", "x"), .integer(1), Bench.message("a", "y")], &effects)
        #expect(violation?.code == .protocolViolation)
        #expect(Bench.text(effects) == ["1: x"])
    }
}
