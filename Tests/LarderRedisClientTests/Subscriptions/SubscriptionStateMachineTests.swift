import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct SubscriptionStateMachineTests {
    typealias Bench = SubscriptionBench

    // MARK: Listeners and confirmations

    @Test func firstListenerConnectsAndSubscribes() {
        var lane = Bench(connected: false)
        #expect(lane.listen(1, to: "a") == "waits, tell the loop")
        #expect(lane.listen(2, to: "b") == "waits")
        let service = lane.service()
        #expect(service.connect)
        #expect(service.commands.isEmpty)
        #expect(service.sweep == Bench.soon)
        #expect(lane.machine.established(at: lane.now) == true)
        #expect(lane.written() == ["subscribe a", "subscribe b"])
        #expect(
            lane.receive(Bench.subscribed("a"), Bench.subscribed("b"), unordered: true) == ["1 is heard", "2 is heard"]
        )
        #expect(lane.written() == [])
    }

    @Test func listenersOfAChannelShareOneSubscription() {
        var lane = Bench()
        _ = lane.listen(1, to: "a")
        #expect(lane.listen(2, to: "a") == "waits")
        #expect(lane.written() == ["subscribe a"])
        #expect(lane.listen(3, to: "a") == "waits")
        #expect(lane.written() == [])
        #expect(lane.receive(Bench.subscribed("a")) == ["1 is heard", "2 is heard", "3 is heard"])
        #expect(lane.listen(4, to: "a") == "listens")
        #expect(lane.receive(Bench.message("a", "x")) == ["1: x", "2: x", "3: x", "4: x"])
        for id in 1...3 as ClosedRange<UInt64> { #expect(lane.leave(id, "a") == "") }
        #expect(lane.written() == [])
        #expect(lane.leave(4, "a") == "tell the loop")
        #expect(lane.written() == ["unsubscribe a"])
        #expect(lane.receive(Bench.unsubscribed("a")) == [])
        #expect(lane.machine.nameCount == 0)
        #expect(lane.leave(4, "a") == "")
    }

    @Test func messageThatNobodyWantsAnyMoreReachesNobody() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        _ = lane.leave(1, "a")
        #expect(lane.receive(Bench.message("a", "x")) == [])
        #expect(lane.written() == ["unsubscribe a"])
        #expect(lane.receive(Bench.message("a", "y"), Bench.message("never asked for", "z")) == [])
        #expect(lane.receive(Bench.unsubscribed("a"), Bench.message("a", "late")) == [])
    }

    @Test func whoComesBeforeTheUnsubscriptionWasSentKeepsTheChannel() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        _ = lane.leave(1, "a")
        #expect(lane.listen(2, to: "a") == "listens")
        #expect(lane.written() == [])
        #expect(lane.receive(Bench.message("a", "x")) == ["2: x"])
    }

    @Test func whoComesDuringTheUnsubscriptionIsSubscribedAfterIt() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        _ = lane.leave(1, "a")
        #expect(lane.written() == ["unsubscribe a"])
        #expect(lane.listen(2, to: "a") == "waits")
        #expect(lane.written() == [])
        #expect(lane.receive(Bench.message("a", "not confirmed yet")) == [])
        #expect(lane.receive(Bench.unsubscribed("a")) == [])
        #expect(lane.written() == ["subscribe a"])
        #expect(lane.receive(Bench.subscribed("a")) == ["2 is heard"])
    }

    @Test func whoLeavesBeforeTheConfirmationIsNotHeardOf() {
        var lane = Bench()
        _ = lane.listen(1, to: "a")
        #expect(lane.written() == ["subscribe a"])
        #expect(lane.leave(1, "a") == "1 waited")
        #expect(lane.written() == [])
        #expect(lane.receive(Bench.subscribed("a")) == [])
        #expect(lane.written() == ["unsubscribe a"])
    }

    @Test func channelsAreComparedByTheirBytes() {
        var lane = Bench()
        // One character to Swift's strings, two names to Redis.
        lane.subscribe(1, to: "caf\u{E9}")
        lane.subscribe(2, to: "cafe\u{301}")
        #expect(lane.receive(Bench.message("cafe\u{301}", "x")) == ["2: x"])
    }

    @Test func listenersAndChannelsAreBounded() {
        var lane = Bench(connected: false, maximum: 2)
        #expect(lane.listen(1, to: "a") == "waits, tell the loop")
        #expect(lane.listen(2, to: "a") == "waits")
        #expect(lane.listen(3, to: "a") == "refused: overloaded")
        _ = lane.leave(2, "a")
        #expect(lane.listen(3, to: "b") == "waits")
        #expect(lane.machine.nameCount == 2)
    }

    @Test func channelsThatComeAndGoWhileTheServerHangsAreBounded() {
        var lane = Bench(maximum: 10)
        var refused = 0
        for id in 1...1000 as ClosedRange<UInt64> {
            if lane.listen(id, to: "\(id)") == "refused: overloaded" { refused += 1 }
            _ = lane.written()
            _ = lane.leave(id, "\(id)")
        }
        #expect(refused == 990)
        #expect(lane.machine.nameCount == 10)
    }

    @Test func channelsThatComeAndGoWithoutAConnectionLeaveNothing() {
        var lane = Bench(connected: false)
        for id in 1...1000 as ClosedRange<UInt64> {
            _ = lane.listen(id, to: "\(id)")
            _ = lane.leave(id, "\(id)")
        }
        #expect(lane.machine.nameCount == 0)
        _ = lane.machine.established(at: lane.now)
        #expect(lane.written() == [])
    }

    @Test func nothingIsWrittenThatTheConnectionDoesNotTake() {
        var lane = Bench()
        _ = lane.listen(1, to: "a")
        #expect(lane.machine.service(canWrite: false, at: lane.now).commands == [])
        #expect(lane.written() == ["subscribe a"])
    }

    // MARK: Deadlines

    @Test func callersWhoseTimeIsUpLeave() {
        var lane = Bench()
        _ = lane.listen(1, to: "a", deadline: MonotonicTime(nanoseconds: 1_000_000_000))
        _ = lane.listen(2, to: "b", deadline: MonotonicTime(nanoseconds: 3_000_000_000))
        #expect(lane.service().sweep == MonotonicTime(nanoseconds: 1_000_000_000))
        let first = lane.machine.sweep(at: MonotonicTime(nanoseconds: 1_000_000_000))
        #expect(first.expired == ["1"])
        #expect(first.next == MonotonicTime(nanoseconds: 3_000_000_000))
        #expect(lane.receive(Bench.subscribed("a"), Bench.subscribed("b"), unordered: true) == ["2 is heard"])
        let second = lane.machine.sweep(at: MonotonicTime(nanoseconds: 3_000_000_000))
        #expect(second.expired == [])
        #expect(second.next == nil)
        // The sweep is asked for anew.
        _ = lane.listen(3, to: "c", deadline: MonotonicTime(nanoseconds: 9_000_000_000))
        #expect(lane.service().sweep == MonotonicTime(nanoseconds: 9_000_000_000))
    }

    // MARK: Refusals

    @Test func forbiddenChannelTakesNoOtherWithIt() {
        var lane = Bench()
        _ = lane.listen(1, to: "a")
        _ = lane.listen(2, to: "a")
        #expect(lane.written() == ["subscribe a"])
        _ = lane.listen(3, to: "b")
        #expect(lane.written() == ["subscribe b"])
        #expect(
            lane.receive(Bench.noPermission, Bench.subscribed("b")) == [
                "1 failed: server NOPERM", "2 failed: server NOPERM", "3 is heard",
            ]
        )
        #expect(lane.machine.nameCount == 1)
        #expect(lane.written() == [])
        #expect(lane.listen(4, to: "a") == "waits, tell the loop")
    }

    @Test func channelThatIsForbiddenAfterAReconnectEnds() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        _ = lane.lose()
        _ = lane.machine.established(at: lane.now)
        #expect(lane.written() == ["subscribe a"])
        #expect(lane.receive(Bench.noPermission) == ["1 ended: server NOPERM"])
        #expect(lane.machine.nameCount == 0)
        #expect(lane.leave(1, "a") == "")
    }

    @Test func unsubscriptionThatIsRefusedIsNotRepeated() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        _ = lane.leave(1, "a")
        #expect(lane.written() == ["unsubscribe a"])
        #expect(lane.listen(2, to: "a") == "waits")
        #expect(lane.receive(Bench.noPermission) == ["2 is heard"])
        _ = lane.leave(2, "a")
        #expect(lane.written() == ["unsubscribe a"])
        #expect(lane.receive(Bench.noPermission) == [])
        #expect(lane.written() == [])
        #expect(lane.receive(Bench.message("a", "x")) == [])
        // A new connection begins without it.
        #expect(lane.lose() == [])
        #expect(lane.machine.nameCount == 0)
    }

    // MARK: Reconnecting

    @Test func everythingIsSubscribedAgainAndListenersHearOfTheGap() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        lane.subscribe(2, to: "b")
        lane.subscribe(3, to: "gone")
        _ = lane.leave(3, "gone")
        _ = lane.listen(4, to: "c")
        #expect(lane.written() == ["subscribe c", "unsubscribe gone"])
        // 4 waits on: it has not been told that it is heard.
        #expect(lane.lose() == ["1 interrupted", "2 interrupted"])
        #expect(lane.reconnectAt == lane.now)
        #expect(lane.written() == [])
        _ = lane.machine.established(at: lane.now)
        #expect(lane.written() == ["subscribe a", "subscribe b", "subscribe c"])
        #expect(lane.listen(5, to: "a") == "waits")
        #expect(
            lane.receive(Bench.subscribed("a"), Bench.subscribed("b"), Bench.subscribed("c"), unordered: true)
                == ["1 resumed", "2 resumed", "4 is heard", "5 is heard"]
        )
        #expect(lane.receive(Bench.message("a", "x")) == ["1: x", "5: x"])
    }

    @Test func connectionLostTwiceIsToldOnce() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        #expect(lane.lose() == ["1 interrupted"])
        _ = lane.machine.established(at: lane.now)
        #expect(lane.written() == ["subscribe a"])
        #expect(lane.lose() == [])
        // It was of no use, so the next attempt waits.
        #expect(lane.reconnectAt == lane.now.advanced(by: 20_000_000))
        _ = lane.machine.established(at: lane.now)
        #expect(lane.written() == ["subscribe a"])
        #expect(lane.receive(Bench.subscribed("a")) == ["1 resumed"])
    }

    @Test func failedAttemptIsToldToThoseWhoWaitForIt() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        _ = lane.lose()
        #expect(lane.listen(2, to: "a") == "waits")
        #expect(lane.listen(3, to: "b") == "waits")
        #expect(lane.fail() == ["2 failed: connectionFailed", "3 failed: connectionFailed"])
        #expect(lane.machine.nameCount == 1)
        #expect(lane.listen(4, to: "b", deadline: lane.now) == "refused: connectionFailed")
        #expect(lane.listen(5, to: "b") == "waits")
        #expect(lane.machine.backoffEnded() == true)
        _ = lane.machine.established(at: lane.now)
        #expect(lane.written() == ["subscribe a", "subscribe b"])
    }

    @Test func nobodyListensNothingConnects() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        _ = lane.leave(1, "a")
        _ = lane.lose()
        #expect(lane.reconnectAt == nil)
        _ = lane.service()
        #expect(lane.listen(2, to: "a") == "waits, tell the loop")
        #expect(lane.service().connect == true)
        _ = lane.leave(2, "a")
        #expect(lane.fail() == [])
        #expect(lane.machine.backoffEnded() == false)
        _ = lane.listen(3, to: "a")
        #expect(lane.service().connect == true)
    }

    // MARK: What must not be

    @Test(arguments: [
        RESPValue.simpleString("OK"), .null, .integer(1), .array([]), .simpleString("PONG"),
        SubscriptionBench.subscribed("b"), SubscriptionBench.unsubscribed("a"),
        .array([.bulkString(ByteBuffer(string: "message"))]),
    ]) func whatFitsNothingClosesTheConnection(_ value: RESPValue) {
        var lane = Bench()
        _ = lane.listen(1, to: "a")
        _ = lane.written()
        var effects: [Bench.Machine.Effect] = []
        #expect(lane.read([value], &effects)?.code == .protocolViolation)
        #expect(effects.isEmpty)
        _ = lane.lose(RedisError(.protocolViolation, message: "?"))
        #expect(lane.reconnectAt == lane.now.advanced(by: 10_000_000))
    }

    @Test func confirmationAndErrorThatNobodyAskedForCloseTheConnection() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        var effects: [Bench.Machine.Effect] = []
        #expect(lane.read([Bench.subscribed("a")], &effects)?.code == .protocolViolation)
        #expect(lane.read([Bench.noPermission], &effects)?.code == .server("NOPERM"))
        #expect(effects.isEmpty)
    }

    @Test func foreignPushesAreLetPass() {
        var lane = Bench()
        _ = lane.listen(1, to: "a")
        _ = lane.written()
        let foreign = RESPValue.push([.bulkString(ByteBuffer(string: "invalidate")), .null])
        #expect(lane.receive(foreign, Bench.subscribed("a"), foreign) == ["1 is heard"])
    }

    // MARK: Health

    @Test func silentConnectionIsAskedAndThenDead() {
        var lane = Bench()
        let second: Int64 = 1_000_000_000
        #expect(lane.health() == .well(checkAt: MonotonicTime(nanoseconds: second)))
        lane.now = MonotonicTime(nanoseconds: second)
        #expect(lane.health() == .ask(checkAt: MonotonicTime(nanoseconds: 2 * second)))
        lane.now = MonotonicTime(nanoseconds: second + 5)
        #expect(lane.receive(Bench.pong) == [])
        lane.now = MonotonicTime(nanoseconds: 2 * second)
        #expect(lane.health() == .well(checkAt: MonotonicTime(nanoseconds: 2 * second + 5)))
        lane.now = MonotonicTime(nanoseconds: 2 * second + 5)
        #expect(lane.health() == .ask(checkAt: MonotonicTime(nanoseconds: 3 * second + 5)))
        lane.now = MonotonicTime(nanoseconds: 3 * second + 5)
        #expect(lane.health() == .dead)
        _ = lane.lose()
        #expect(lane.health() == .none)
    }

    @Test func commandAfterALongSilenceHasItsOwnTime() {
        var lane = Bench()
        let second: Int64 = 1_000_000_000
        lane.now = MonotonicTime(nanoseconds: 10 * second)
        _ = lane.listen(1, to: "a")
        #expect(lane.written() == ["subscribe a"])
        #expect(lane.health() == .well(checkAt: MonotonicTime(nanoseconds: 11 * second)))
        lane.now = MonotonicTime(nanoseconds: 11 * second)
        #expect(lane.health() == .dead)
    }

    // MARK: The end

    @Test func closingTellsAllWhoWaitAndAllWhoListen() {
        var lane = Bench()
        lane.subscribe(1, to: "a")
        _ = lane.listen(2, to: "b")
        var effects: [Bench.Machine.Effect] = []
        lane.machine.close(RedisError(.shutdown, message: "over"), effects: &effects)
        #expect(Bench.text(effects) == ["1 ended: shutdown", "2 failed: shutdown"])
        #expect(lane.listen(3, to: "a") == "refused: shutdown")
        #expect(lane.leave(1, "a") == "")
        #expect(lane.machine.established(at: lane.now) == false)
        #expect(lane.lose() == [])
        #expect(lane.machine.nameCount == 0)
    }
}
