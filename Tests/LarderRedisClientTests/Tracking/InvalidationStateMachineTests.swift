import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct InvalidationStateMachineTests {
    /// A lane whose time is moved by hand, in milliseconds.
    struct Bench {
        var machine: InvalidationStateMachine
        var now = MonotonicTime(nanoseconds: 1_000_000_000)

        init(connected: Bool = true) {
            let timing = InvalidationTiming(
                interval: 100_000_000,
                patience: 50_000_000,
                longestSilence: 400_000_000,
                refusalPause: 30_000_000_000
            )
            let reconnect = RedisConfiguration.Reconnect(base: .milliseconds(10), maximum: .seconds(1), jitter: 0)
            self.machine = InvalidationStateMachine(timing, backoff: Backoff(reconnect))
            guard connected else { return }
            _ = self.machine.start()
            _ = self.machine.established(at: self.now)
        }

        mutating func pass(_ milliseconds: Int64) { self.now = self.now.advanced(by: milliseconds * 1_000_000) }

        /// What the lane tells of what the server sent, each event as one text.
        mutating func receive(_ values: RESPValue...) -> [String] {
            var events: [InvalidationEvent] = []
            for value in values {
                if let error = self.machine.receive(value, at: self.now, events: &events) {
                    return events.map(Self.text) + ["\(error.code)"]
                }
            }
            return events.map(Self.text)
        }

        /// What a look at the clock leads to, and in how many milliseconds the next one is due.
        mutating func check() -> String {
            guard let check = self.machine.check(at: self.now) else { return "nothing" }
            if check.isDead { return "dead" }
            var parts: [String] = []
            if check.asks { parts.append("ask") }
            if let event = check.event { parts.append(Self.text(event)) }
            return (parts + ["in \((check.next.nanoseconds - self.now.nanoseconds) / 1_000_000)"])
                .joined(separator: ", ")
        }

        mutating func lose(_ code: RedisError.Code = .connectionClosed) -> Int64? {
            self.delay(self.machine.lost(RedisError(code, message: "gone"), at: self.now, chance: 0))
        }

        mutating func failToConnect(_ code: RedisError.Code = .connectionFailed) -> Int64? {
            self.delay(self.machine.connectFailed(RedisError(code, message: "no"), at: self.now, chance: 0))
        }

        private func delay(_ next: MonotonicTime?) -> Int64? {
            next.map { ($0.nanoseconds - self.now.nanoseconds) / 1_000_000 }
        }

        static func text(_ event: InvalidationEvent) -> String {
            switch event {
            case .changed(let names): "changed " + names.map { String(buffer: $0) }.joined(separator: " ")
            case .lost: "lost"
            case .unreachable: "unreachable"
            default: "\(event)"
            }
        }

        static func push(_ names: String...) -> RESPValue {
            .push([Self.bytes("invalidate"), .array(names.map(Self.bytes))])
        }

        static func bytes(_ text: String) -> RESPValue { .bulkString(ByteBuffer(string: text)) }

        /// The answer to `HELLO`.
        static let hello = Self.answer("master")

        static func answer(_ role: String) -> RESPValue {
            .map([
                .init(key: Self.bytes("proto"), value: .integer(3)),
                .init(key: Self.bytes("role"), value: Self.bytes(role)),
            ])
        }

        static let flush = RESPValue.push([Self.bytes("invalidate"), .null])
    }

    // MARK: What the server says

    @Test func eachPushIsOneEvent() {
        var lane = Bench()
        #expect(
            lane.receive(Bench.push("a", "b"), Bench.flush, Bench.push("c")) == ["changed a b", "flushed", "changed c"]
        )
        #expect(lane.receive(Bench.push()) == ["changed "])
    }

    @Test func pushesOfOtherKindsAreLetPass() {
        var lane = Bench()
        #expect(lane.receive(.push([Bench.bytes("message"), Bench.bytes("a")]), .push([])) == [])
        #expect(lane.receive(Bench.push("a")) == ["changed a"])
    }

    @Test(arguments: [
        RESPValue.integer(1), Bench.hello, .null, .array([Bench.bytes("invalidate"), .array([])]),
        .push([Bench.bytes("invalidate")]), .push([Bench.bytes("invalidate"), .integer(1)]),
        .push([Bench.bytes("invalidate"), .array([.null])]),
        .push([Bench.bytes("invalidate"), .array([]), .array([])]),
    ])
    func whatSuchAConnectionCannotCarryEndsIt(_ value: RESPValue) {
        var lane = Bench()
        #expect(lane.receive(Bench.push("a"), value) == ["changed a", "protocolViolation"])
    }

    @Test func errorOfTheServerEndsTheConnection() {
        var lane = Bench()
        #expect(lane.receive(.error(RedisServerError("NOPERM no"))) == ["server NOPERM"])
    }

    @Test(arguments: ["replica", "slave"])
    func serverThatWasDemotedIsLost(role: String) {
        var lane = Bench()
        #expect(lane.check() == "ask, in 50")
        #expect(lane.receive(Bench.push("a"), Bench.answer(role)) == ["changed a", "connectionClosed"])
        #expect(lane.lose() == 0)
    }

    @Test func serverThatDoesNotSayWhatItIsPasses() {
        for answer in [RESPValue.map([]), Bench.answer("sole")] {
            var lane = Bench()
            _ = lane.check()
            #expect(lane.receive(answer) == [])
        }
    }

    // MARK: Silence

    @Test func connectionIsAskedAtOnceAndThenOnceAnInterval() {
        var lane = Bench()
        #expect(lane.check() == "ask, in 50")
        lane.pass(1)
        #expect(lane.receive(Bench.hello) == [])
        lane.pass(49)
        #expect(lane.check() == "in 50")
        // What else comes does not put it off: only an answer shows how far behind the messages are.
        #expect(lane.receive(Bench.push("a")) == ["changed a"])
        lane.pass(50)
        #expect(lane.check() == "ask, in 50")
    }

    @Test func lateAnswerMakesTheLaneSilentAndAQuickOneEndsThat() {
        var lane = Bench()
        #expect(lane.check() == "ask, in 50")
        lane.pass(50)
        #expect(lane.check() == "silent, in 350")
        #expect(lane.check() == "in 350")
        lane.pass(10)
        #expect(lane.receive(Bench.push("a")) == ["changed a"], "it is heard all the same")
        #expect(lane.receive(Bench.hello) == [], "an answer that took 60 ms says how things were then")
        #expect(lane.machine.asksAtOnce(at: lane.now))
        #expect(lane.check() == "ask, in 50")
        lane.pass(50)
        #expect(lane.receive(Bench.hello) == ["resumed"])
        #expect(!lane.machine.asksAtOnce(at: lane.now))
        #expect(lane.check() == "in 50")
    }

    @Test func connectionThatSaysNothingForLongIsDead() {
        var lane = Bench()
        _ = lane.check()
        lane.pass(200)
        #expect(lane.check() == "silent, in 200")
        lane.machine.noteProgress(at: lane.now)
        lane.pass(399)
        #expect(lane.check() == "in 1", "a long message may be under way")
        lane.pass(1)
        #expect(lane.check() == "dead")
    }

    @Test func silenceEndsWithTheConnection() {
        var lane = Bench()
        _ = lane.check()
        lane.pass(60)
        #expect(lane.check() == "silent, in 340")
        #expect(lane.lose() == 0)
        #expect(lane.check() == "nothing")
        #expect(lane.machine.established(at: lane.now) == true)
        #expect(lane.check() == "ask, in 50")
        #expect(lane.receive(Bench.hello) == [])
    }

    // MARK: Connections

    @Test func connectsOnceAndAgainUntilItIsClosed() {
        var lane = Bench(connected: false)
        #expect(!lane.machine.wantsConnection)
        #expect(lane.machine.start() == true)
        #expect(lane.machine.start() == false)
        #expect(lane.failToConnect() == 10)
        #expect(lane.failToConnect() == 20)
        #expect(lane.machine.wantsConnection)
        #expect(lane.machine.established(at: lane.now) == true)
        #expect(lane.receive(Bench.push("a")) == ["changed a"])
        #expect(lane.lose() == 0, "a connection that was of use is replaced at once")
        #expect(lane.machine.established(at: lane.now) == true)
        #expect(lane.lose() == 20, "one that was of none, after a pause")
        lane.machine.close()
        #expect(!lane.machine.wantsConnection)
        #expect(lane.machine.established(at: lane.now) == false)
        #expect(lane.failToConnect() == nil)
        #expect(lane.lose() == nil)
        #expect(lane.receive(Bench.push("a")) == [])
    }

    @Test func serverThatTellsOfNothingIsAskedAgainMuchLater() {
        var lane = Bench(connected: false)
        _ = lane.machine.start()
        #expect(lane.failToConnect(.trackingUnavailable) == 30_000)
    }

    @Test func violationIsNoReasonToHurry() {
        var lane = Bench()
        _ = lane.receive(Bench.push("a"))
        #expect(lane.lose(.protocolViolation) == 10)
    }
}
