import DequeModule
import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct LaneStateMachineTests {
    typealias Lane = LaneStateMachine<String, Int>

    static let soon = MonotonicTime(nanoseconds: 1_000_000_000)
    static let start = MonotonicTime(nanoseconds: 0)
    static let refused = RedisError(.connectionFailed, message: "refused")

    static func lane(commands: Int = 100, bytes: Int = 10_000, reconnects: Bool = true, connected: Bool = true) -> Lane
    {
        Lane(
            parameters: .init(
                limits: .init(commands: commands, bytes: bytes),
                commandTimeout: 1_000_000_000,
                reconnects: reconnects
            ),
            backoff: Backoff(.init(base: .milliseconds(10), maximum: .seconds(1), jitter: 0)),
            isConnected: connected
        )
    }

    /// Lets `name` send a command.
    @discardableResult
    static func send(
        _ name: String,
        deadline: MonotonicTime = soon,
        bound: UInt64 = .max,
        on lane: inout Lane
    ) -> Lane.Submission {
        lane.submit(waiter: name, deadline: deadline, bound: bound) {
            $0.append(RedisCommand("GET", name), waiter: name, deadline: deadline)
        }
    }

    static func written(_ lane: inout Lane) -> String {
        var buffer = ByteBuffer()
        return lane.service(buffer: &buffer, canWrite: true).write ? String(buffer: buffer) : ""
    }

    static func answer(_ replies: RESPValue..., on lane: inout Lane) -> [String] {
        var replies = Deque(replies)
        var ready: Deque<(String, CommandOutcome)> = []
        #expect(lane.answer(&replies, ready: &ready) == true)
        return ready.map { name, outcome in
            switch outcome {
            case .reply(.simpleString(let text)): "\(name): \(text)"
            case .replies(let replies): "\(name): \(replies.count) replies"
            default: "\(name): ?"
            }
        }
    }

    /// Lets `name` leave early, and everybody be asked for it.
    static func leave(_ name: String, on lane: inout Lane) -> [String] {
        (0..<2).flatMap { _ in lane.patrol { $0 == name }.left }
    }

    @Test func oneBatchWakesTheEventLoopOnce() {
        var lane = Self.lane()
        guard case .queuedNeedsService = Self.send("a", on: &lane),
            case .queued = Self.send("b", on: &lane)
        else {
            Issue.record("expected one wake-up")
            return
        }
        #expect(Self.written(&lane) == "*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n")
        #expect(Self.written(&lane) == "")
        guard case .queuedNeedsService = Self.send("c", on: &lane) else {
            Issue.record("expected a wake-up for the next batch")
            return
        }
    }

    @Test func repliesGoToCallersInOrder() {
        var lane = Self.lane()
        for name in ["a", "b", "c"] { Self.send(name, on: &lane) }
        _ = Self.written(&lane)
        #expect(Self.answer(.simpleString("1"), .simpleString("2"), on: &lane) == ["a: 1", "b: 2"])
        #expect(Self.answer(.simpleString("3"), on: &lane) == ["c: 3"])
        #expect(lane.queue.isEmpty)
        #expect(lane.queue.bytesInFlight == 0)
    }

    @Test func replyOfACallerThatLeftReachesNobody() {
        var lane = Self.lane()
        for name in ["a", "b", "c"] { Self.send(name, on: &lane) }
        _ = Self.written(&lane)
        #expect(Self.leave("b", on: &lane) == ["b"])
        #expect(Self.leave("b", on: &lane) == [])
        #expect(
            Self.answer(.simpleString("1"), .simpleString("2"), .simpleString("3"), on: &lane) == ["a: 1", "c: 3"]
        )
    }

    @Test func patrolAsksThoseWhoHaveWaitedForOneAlready() {
        var lane = Self.lane()
        var asked: [String] = []
        func patrol() -> (left: [String], continues: Bool) {
            asked = []
            return lane.patrol {
                asked.append($0)
                return $0 == "b"
            }
        }
        for name in ["a", "b", "c"] { Self.send(name, on: &lane) }
        _ = Self.written(&lane)
        #expect(patrol() == ([], true))
        #expect(asked == [])
        #expect(Self.answer(.simpleString("1"), on: &lane) == ["a: 1"])
        Self.send("d", on: &lane)
        #expect(patrol() == (["b"], true))
        #expect(asked == ["b", "c"])
        #expect(patrol() == ([], true))
        #expect(asked == ["c", "d"])
        _ = Self.written(&lane)
        #expect(
            Self.answer(.simpleString("2"), .simpleString("3"), .simpleString("4"), on: &lane) == ["c: 3", "d: 4"]
        )
        #expect(patrol() == ([], false))
    }

    @Test func patrolBeginsWithTheFirstCommandAndEndsWhenNothingHappens() {
        var lane = Self.lane()
        var buffer = ByteBuffer()
        Self.send("a", on: &lane)
        #expect(lane.service(buffer: &buffer, canWrite: true).patrol == true)
        Self.send("b", on: &lane)
        #expect(lane.service(buffer: &buffer, canWrite: true).patrol == false)
        _ = Self.answer(.null, .null, on: &lane)
        // Commands came since the patrol before, so more will come.
        #expect(lane.patrol { _ in false }.continues == true)
        #expect(lane.patrol { _ in false }.continues == false)
        Self.send("c", on: &lane)
        #expect(lane.service(buffer: &buffer, canWrite: true).patrol == true)
    }

    @Test func pipelineGetsItsRepliesTogetherAlsoWhenItsCallerLeavesHalfway() {
        var lane = Self.lane()
        let commands = [RedisCommand("A"), RedisCommand("B"), RedisCommand("C")]
        for name in ["p", "q"] {
            _ = lane.submit(waiter: name, deadline: Self.soon, bound: .max) {
                $0.append(pipeline: commands, waiter: name, deadline: Self.soon)
            }
        }
        Self.send("z", on: &lane)
        _ = Self.written(&lane)
        #expect(lane.queue.commandsInFlight == 7)
        #expect(Self.answer(.null, on: &lane) == [])
        #expect(Self.leave("p", on: &lane) == ["p"])
        #expect(Self.answer(.null, .null, .null, .null, on: &lane) == [])
        #expect(Self.answer(.null, .simpleString("1"), on: &lane) == ["q: 3 replies", "z: 1"])
        #expect(lane.queue.isEmpty)
    }

    @Test func replyToNothingIsNoticed() {
        var lane = Self.lane()
        var ready: Deque<(String, CommandOutcome)> = []
        var replies: Deque<RESPValue> = [.null]
        #expect(lane.answer(&replies, ready: &ready) == false)
        Self.send("a", on: &lane)
        replies = [.null]
        #expect(lane.answer(&replies, ready: &ready) == false)
        #expect(ready.isEmpty)
    }

    @Test func tooManyCommandsOrBytesAreRefused() {
        var lane = Self.lane(commands: 2)
        Self.send("a", on: &lane)
        Self.send("b", on: &lane)
        _ = Self.written(&lane)
        // Callers that have left count until the server answers: what the server owes is what takes its memory and ours.
        _ = Self.leave("a", on: &lane)
        guard case .refused(let error) = Self.send("c", on: &lane) else {
            Issue.record("expected a refusal")
            return
        }
        #expect(error.code == .overloaded)
        _ = Self.answer(.null, on: &lane)
        guard case .queuedNeedsService = Self.send("d", on: &lane) else {
            Issue.record("expected room")
            return
        }
        var small = Self.lane(bytes: 10)
        guard case .queuedNeedsService = Self.send("large", on: &small),
            case .refused = Self.send("b", on: &small)
        else {
            Issue.record("expected one large command alone")
            return
        }
    }

    @Test func expiredCallersAreFreedAndTheNextDeadlineIsKnown() {
        var lane = Self.lane()
        Self.send("a", deadline: .init(nanoseconds: 10_000_000), on: &lane)
        Self.send("b", deadline: .init(nanoseconds: 50_000_000), on: &lane)
        var buffer = ByteBuffer()
        #expect(lane.service(buffer: &buffer, canWrite: true).sweep == .init(nanoseconds: 10_000_000))
        var expired: [(String, wasWritten: Bool)] = []
        let next = lane.sweep(at: .init(nanoseconds: 10_000_000), expired: &expired)
        #expect(expired.map(\.0) == ["a"])
        #expect(expired.map(\.wasWritten) == [true])
        #expect(next == .init(nanoseconds: 50_000_000))
        #expect(Self.answer(.simpleString("1"), .simpleString("2"), on: &lane) == ["b: 2"])
    }

    @Test func lostConnectionFailsWhatWasWrittenAndCarriesTheRestOver() {
        var lane = Self.lane()
        Self.send("a", on: &lane)
        _ = Self.written(&lane)
        Self.send("b", on: &lane)
        Self.send("left", on: &lane)
        _ = Self.leave("left", on: &lane)
        let loss = lane.lost(Self.refused, at: Self.start, chance: 0)
        #expect(loss.written == ["a"])
        #expect(loss.unwritten == [])
        #expect(loss.reconnectAt == Self.start)
        #expect(lane.established() == .wanted(turnedAway: []))
        #expect(Self.written(&lane) == "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n")
        #expect(Self.answer(.simpleString("1"), on: &lane) == ["b: 1"])
        #expect(lane.queue.isEmpty)
        #expect(lane.queue.bytesInFlight == 0)
    }

    @Test func lentConnectionIsNotReplaced() {
        var lane = Self.lane(reconnects: false)
        Self.send("a", on: &lane)
        _ = Self.written(&lane)
        Self.send("b", on: &lane)
        let loss = lane.lost(Self.refused, at: Self.start, chance: 0)
        #expect(loss.written == ["a"])
        #expect(loss.unwritten == ["b"])
        guard case .refused = Self.send("c", on: &lane) else {
            Issue.record("expected a refusal")
            return
        }
    }

    @Test func failedAttemptIsToldToThoseWhoWaitAndToThoseWhoCannot() {
        var lane = Self.lane(connected: false)
        Self.send("a", on: &lane)
        var buffer = ByteBuffer()
        #expect(lane.service(buffer: &buffer, canWrite: false).connect == true)
        var failed: [String] = []
        guard case .retry(let time) = lane.connectFailed(Self.refused, at: Self.start, chance: 0, failed: &failed)
        else {
            Issue.record("expected another attempt")
            return
        }
        #expect(failed == ["a"])
        #expect(time == .init(nanoseconds: 10_000_000))
        // Too impatient for the next attempt: hears of the last one at once.
        guard case .refused(let error) = Self.send("b", deadline: .init(nanoseconds: 5_000_000), on: &lane)
        else {
            Issue.record("expected a refusal")
            return
        }
        #expect(error.code == .connectionFailed)
        Self.send("c", on: &lane)
        #expect(lane.backoffEnded() == true)
        #expect(lane.established() == .wanted(turnedAway: []))
        #expect(Self.written(&lane).contains("c"))
    }

    @Test func pauseEndsEarlyForThoseWhoWait() {
        var lane = Self.lane(connected: false)
        // There is no pause to end.
        #expect(lane.pauseEndsEarly() == false)
        Self.send("a", on: &lane)
        _ = Self.written(&lane)
        var failed: [String] = []
        _ = lane.connectFailed(Self.refused, at: Self.start, chance: 0, failed: &failed)
        Self.send("b", on: &lane)
        #expect(lane.pauseEndsEarly() == true)
        // The timer that comes after all finds nothing to do.
        #expect(lane.backoffEnded() == false)
        #expect(lane.established() == .wanted(turnedAway: []))
        #expect(Self.written(&lane).contains("b"))
        #expect(lane.pauseEndsEarly() == false)
    }

    @Test func nobodyWaitingMeansNoAttempt() {
        var lane = Self.lane(connected: false)
        Self.send("a", on: &lane)
        _ = Self.written(&lane)
        var failed: [String] = []
        _ = lane.connectFailed(Self.refused, at: Self.start, chance: 0, failed: &failed)
        #expect(lane.backoffEnded() == false)
        guard case .queuedNeedsService = Self.send("b", on: &lane) else {
            Issue.record("expected a new attempt")
            return
        }
    }

    @Test func channelThatTakesNoMoreKeepsCommandsForAnotherConnection() {
        var lane = Self.lane()
        Self.send("a", on: &lane)
        var buffer = ByteBuffer()
        #expect(lane.service(buffer: &buffer, canWrite: false).write == false)
        let loss = lane.lost(Self.refused, at: Self.start, chance: 0)
        #expect(loss.written == [])
        #expect(lane.established() == .wanted(turnedAway: []))
        #expect(Self.written(&lane).contains("a"))
    }

    /// A lane with a connection whose socket senders may write on.
    static func laneWithSocket() -> Lane {
        var lane = Self.lane(connected: false)
        Self.send("first", on: &lane)
        _ = Self.written(&lane)
        _ = lane.established(socket: 7)
        _ = Self.written(&lane)
        _ = Self.answer(.null, on: &lane)
        return lane
    }

    @Test func loneCommandIsWrittenByItsSender() throws {
        var lane = Self.laneWithSocket()
        guard case .writeDirectly(var write) = Self.send("a", on: &lane) else {
            Issue.record("expected a direct write")
            return
        }
        #expect(write.socket == 7)
        #expect(String(buffer: write.bytes) == "*2\r\n$3\r\nGET\r\n$1\r\na\r\n")
        // Until it is written, the event loop must not write what comes after it.
        guard case .queuedNeedsService = Self.send("b", on: &lane) else {
            Issue.record("expected a wake-up")
            return
        }
        #expect(Self.written(&lane) == "")
        // The socket took a part: the rest goes before everything else.
        write.bytes.moveReaderIndex(forwardBy: 17)
        #expect(lane.directWriteEnded(write) == true)
        #expect(Self.written(&lane) == "a\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n")
        #expect(Self.answer(.simpleString("1"), .simpleString("2"), on: &lane) == ["a: 1", "b: 2"])
    }

    @Test func senderThatWroteOnALostConnectionDoesNotSpeakForTheNext() {
        var lane = Self.laneWithSocket()
        guard case .writeDirectly(let write) = Self.send("a", on: &lane) else {
            Issue.record("expected a direct write")
            return
        }
        Self.send("b", on: &lane)
        #expect(Self.written(&lane) == "")
        #expect(lane.lost(Self.refused, at: Self.start, chance: 0).written == ["a"])
        #expect(lane.established(socket: 8) == .wanted(turnedAway: []))
        #expect(lane.directWriteEnded(write) == false)
        #expect(Self.written(&lane) == "*2\r\n$3\r\nGET\r\n$1\r\nb\r\n")
    }

    @Test func senderWithCompanyLeavesTheWritingToTheEventLoop() {
        var lane = Self.laneWithSocket()
        guard case .writeDirectly(var write) = Self.send("a", on: &lane) else {
            Issue.record("expected a direct write")
            return
        }
        write.bytes.clear()
        #expect(lane.directWriteEnded(write) == false)
        for _ in 2...5 { Self.send("x", on: &lane) }
        _ = Self.written(&lane)
        _ = Self.answer(.null, .null, .null, .null, .null, on: &lane)
        guard case .queuedNeedsService = Self.send("b", on: &lane) else {
            Issue.record("expected the event loop to write")
            return
        }
    }

    @Test func shutdownRefusesNewCommandsAndEndsWhenNobodyWaits() {
        var lane = Self.lane()
        Self.send("a", on: &lane)
        _ = Self.written(&lane)
        let error = RedisError(.shutdown, message: "shut down")
        #expect(lane.beginShutdown(error) == false)
        guard case .refused(let refusal) = Self.send("b", on: &lane) else {
            Issue.record("expected a refusal")
            return
        }
        #expect(refusal.code == .shutdown)
        #expect(!lane.isDrained)
        #expect(Self.answer(.simpleString("1"), on: &lane) == ["a: 1"])
        #expect(lane.isDrained)
    }

    @Test func backoffDoublesUpToItsMaximum() {
        var backoff = Backoff(.init(base: .milliseconds(10), maximum: .milliseconds(35), jitter: 0.5))
        #expect(backoff.next(chance: 0) == 10_000_000)
        #expect(backoff.next(chance: 1) == 10_000_000)
        #expect(backoff.next(chance: 0) == 35_000_000)
        for _ in 0..<100 { #expect(backoff.next(chance: 0) == 35_000_000) }
        backoff.reset()
        #expect(backoff.next(chance: 0) == 10_000_000)
    }

    // MARK: Commands bound to a server

    @Test func boundCommandIsRefusedByALaterServer() {
        var lane = Self.lane(connected: false)
        Self.send("a", on: &lane)
        #expect(lane.established(number: 7) == .wanted(turnedAway: []))
        guard case .refused(let error) = Self.send("b", bound: 6, on: &lane) else {
            Issue.record("not refused")
            return
        }
        #expect(error.code == .serverChanged)
        if case .refused = Self.send("c", bound: 7, on: &lane) { Issue.record("refused") }
    }

    @Test func whatWaitsWithABoundCommandDoesNotReachALaterServer() {
        var lane = Self.lane(connected: false)
        Self.send("a", on: &lane)
        Self.send("b", bound: 3, on: &lane)
        #expect(lane.established(number: 4) == .wanted(turnedAway: ["a", "b"]))
        #expect(Self.written(&lane) == "")
    }

    @Test func whatWaitsForAnEarlierServerIsWrittenToIt() {
        var lane = Self.lane(connected: false)
        Self.send("a", bound: 4, on: &lane)
        #expect(lane.established(number: 4) == .wanted(turnedAway: []))
        #expect(Self.written(&lane).contains("a"))
    }
}
