import Testing

@testable import LarderRedisClient

/// When servers are asked, driven by hand.
@Suite(.timeLimit(.minutes(1))) struct DiscoveryStateMachineTests {
    typealias Machine = DiscoveryStateMachine<String>

    static let a = RedisConfiguration.Address.hostname("a")
    static let b = RedisConfiguration.Address.hostname("b")

    static func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    static func set(_ primary: RedisConfiguration.Address) -> ServerSet { ServerSet(primary: primary) }

    static let trouble = RedisError(.connectionFailed, message: "down")

    /// A machine that knows `a`.
    static func settled(at time: Int64 = 0) -> Machine {
        var machine = Machine()
        _ = machine.want(1, "first", at: Self.at(time), chance: 0)
        _ = machine.begins(1)
        _ = machine.ended(1, .found(Self.set(Self.a)), at: Self.at(time), chance: 0)
        return machine
    }

    static func action(_ want: Machine.Want) -> Machine.Action? {
        if case .waiting(let action) = want { action } else { nil }
    }

    @Test func oneRoundServesAllWhoWait() {
        var machine = Machine()
        #expect(Self.action(machine.want(1, "x", at: Self.at(0), chance: 0)) == .begin(round: 1, after: 0))
        #expect(Self.action(machine.want(2, "y", at: Self.at(0), chance: 0)) == .nothing)
        #expect(machine.begins(1)?.known == nil)
        #expect(Self.action(machine.want(3, "z", at: Self.at(1), chance: 0)) == .nothing)
        #expect(machine.doubt(nil, at: Self.at(1), chance: 0) == .nothing)
        let ending = machine.ended(1, .found(Self.set(Self.a)), at: Self.at(2), chance: 0)
        #expect(ending?.waiters == ["x", "y", "z"])
        #expect(ending?.next == .nothing)
        guard case .found(let set) = machine.want(4, "w", at: Self.at(3), chance: 0) else {
            Issue.record("what is known was not told")
            return
        }
        #expect(set.primary == Self.a)
    }

    @Test func whoLeavesIsNotTold() {
        var machine = Machine()
        _ = machine.want(1, "x", at: Self.at(0), chance: 0)
        #expect(machine.leave(1) == "x")
        #expect(machine.leave(1) == nil)
        _ = machine.begins(1)
        #expect(machine.ended(1, .found(Self.set(Self.a)), at: Self.at(0), chance: 0)?.waiters == [])
    }

    @Test func doubtBeginsARoundUnlessItIsOfAnotherServer() {
        var machine = Self.settled()
        #expect(machine.doubt(Self.b, at: Self.at(5000), chance: 0) == .nothing)
        #expect(!machine.isInDoubt)
        #expect(machine.doubt(Self.a, at: Self.at(5000), chance: 0) == .begin(round: 2, after: 0))
        #expect(machine.isInDoubt)
        #expect(Self.action(machine.want(2, "x", at: Self.at(5000), chance: 0)) == .nothing)
        #expect(machine.begins(2)?.known == Self.a)
        let ending = machine.ended(2, .found(Self.set(Self.b)), at: Self.at(5001), chance: 0)
        #expect(ending?.former == Self.set(Self.a))
        #expect(ending?.waiters == ["x"])
    }

    @Test func pausesBetweenRoundsGrowToAHundredMilliseconds() {
        var machine = Self.settled()
        var pauses: [Int64] = []
        for round in 2...9 {
            guard case .begin(let number, let pause) = machine.doubt(Self.a, at: Self.at(0), chance: 0) else {
                Issue.record("no round \(round)")
                return
            }
            pauses.append(pause / 1_000_000)
            #expect(machine.begins(number) != nil)
            _ = machine.ended(number, .found(Self.set(Self.a)), at: Self.at(0), chance: 0)
        }
        #expect(pauses == [5, 10, 20, 40, 80, 100, 100, 100])
        // Chance makes them shorter, by half at most; what has passed since counts.
        #expect(machine.doubt(Self.a, at: Self.at(20), chance: 1) == .begin(round: 10, after: 30_000_000))
        _ = machine.begins(10)
        _ = machine.ended(10, .found(Self.set(Self.a)), at: Self.at(100), chance: 0)
        // Once things have been calm, there is none.
        #expect(machine.doubt(Self.a, at: Self.at(1200), chance: 0) == .begin(round: 11, after: 0))
    }

    @Test func whereNoPrimaryIsThereYetThoseWhoWaitGoOnWaiting() {
        var machine = Machine()
        _ = machine.want(1, "x", at: Self.at(0), chance: 0)
        _ = machine.begins(1)
        let ending = machine.ended(1, .failed(Self.trouble, isFinal: false), at: Self.at(0), chance: 0)
        #expect(ending?.waiters == [])
        #expect(ending?.next == .begin(round: 2, after: 5_000_000))
        #expect(machine.trouble?.message == "down")
        _ = machine.leave(1)
        _ = machine.begins(2)
        // Nobody waits any more, so nobody is asked.
        #expect(machine.ended(2, .failed(Self.trouble, isFinal: false), at: Self.at(9), chance: 0)?.next == .nothing)
    }

    @Test func finalFailureIsToldAtOnceAndTheNextWhoWantsBeginsAnew() {
        var machine = Machine()
        _ = machine.want(1, "x", at: Self.at(0), chance: 0)
        _ = machine.begins(1)
        let ending = machine.ended(1, .failed(Self.trouble, isFinal: true), at: Self.at(0), chance: 0)
        #expect(ending?.waiters == ["x"])
        #expect(ending?.next == .nothing)
        #expect(Self.action(machine.want(2, "y", at: Self.at(0), chance: 0)) == .begin(round: 2, after: 5_000_000))
    }

    @Test func connectionsToAServerThatSaysItIsNoPrimaryAreClosedWhereThereIsNoOther() {
        var machine = Self.settled()
        _ = machine.doubt(nil, at: Self.at(5000), chance: 0)
        _ = machine.begins(2)
        let ending = machine.ended(2, .failed(Self.trouble, isFinal: false), at: Self.at(5001), chance: 0)
        #expect(ending?.closesConnections == true)
        // Once; one that only could not be reached has perhaps too many clients.
        _ = machine.doubt(Self.a, at: Self.at(5002), chance: 0)
        _ = machine.begins(3)
        let next = machine.ended(3, .failed(Self.trouble, isFinal: false), at: Self.at(5003), chance: 0)
        #expect(next?.closesConnections == false)
        // Nor where another one was found.
        _ = machine.doubt(nil, at: Self.at(5004), chance: 0)
        _ = machine.begins(4)
        let last = machine.ended(4, .found(Self.set(Self.b)), at: Self.at(5005), chance: 0)
        #expect(last?.closesConnections == false)
    }

    @Test func failedCheckChangesNothing() {
        var machine = Self.settled()
        #expect(machine.check(at: Self.at(9000), chance: 0) == .begin(round: 2, after: 0))
        #expect(machine.begins(2)?.known == Self.a)
        guard case .found = machine.want(2, "x", at: Self.at(9000), chance: 0) else {
            Issue.record("a check made somebody wait")
            return
        }
        let ending = machine.ended(2, .failed(Self.trouble, isFinal: true), at: Self.at(9001), chance: 0)
        #expect(ending?.next == .nothing)
        #expect(!machine.isInDoubt)
        #expect(machine.known?.primary == Self.a)
    }

    @Test func announcementMakesTheRoundBeforeItVoid() {
        var machine = Self.settled()
        #expect(machine.announced(Self.a, at: Self.at(1)) == .nothing)
        _ = machine.doubt(Self.a, at: Self.at(2000), chance: 0)
        _ = machine.begins(2)
        #expect(machine.announced(Self.b, at: Self.at(2001)) == .begin(round: 3, after: 0))
        #expect(machine.ended(2, .found(Self.set(Self.a)), at: Self.at(2002), chance: 0) == nil)
        let begin = machine.begins(3)
        #expect(begin?.hint == Self.b)
        #expect(!machine.isAsking(2))
        #expect(machine.ended(3, .found(Self.set(Self.b)), at: Self.at(2003), chance: 0)?.former == Self.set(Self.a))
        // A message is acted on once.
        _ = machine.check(at: Self.at(9000), chance: 0)
        #expect(machine.begins(4)?.hint == nil)
    }

    @Test func nothingBeginsAfterTheEnd() {
        var machine = Machine()
        _ = machine.want(1, "x", at: Self.at(0), chance: 0)
        let shutdown = RedisError(.shutdown, message: "over")
        #expect(machine.close(shutdown) == ["x"])
        #expect(machine.close(shutdown) == [])
        #expect(machine.begins(1) == nil)
        #expect(machine.doubt(nil, at: Self.at(1), chance: 0) == .nothing)
        #expect(machine.announced(Self.b, at: Self.at(1)) == .nothing)
        #expect(machine.check(at: Self.at(1), chance: 0) == .nothing)
        guard case .refused(let error) = machine.want(2, "y", at: Self.at(1), chance: 0) else {
            Issue.record("not refused")
            return
        }
        #expect(error.code == .shutdown)
    }
}
