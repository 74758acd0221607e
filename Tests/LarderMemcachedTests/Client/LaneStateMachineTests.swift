import DequeModule
import Larder
import NIOCore
import Testing

@testable import LarderMemcached

/// A lane driven by hand: waiters are names, time is a number.
@Suite struct LaneStateMachineTests {
    private typealias Machine = LaneStateMachine<String>

    fileprivate static let far = MonotonicTime(nanoseconds: 1_000_000_000_000)

    /// A lane, and what its event loop would ask it.
    private final class Lane {
        var machine: Machine

        init(requests: Int = 10, bytes: Int = 10_000) {
            self.machine = Machine(
                parameters: .init(limits: .init(requests: requests, bytes: bytes), requestTimeout: 1_000),
                backoff: Backoff(.init(base: .nanoseconds(100), maximum: .nanoseconds(1_000), jitter: 0))
            )
        }

        /// A lane that has a connection and nothing to do.
        static func connected(_ number: UInt64 = 7) -> Lane {
            let lane = Lane()
            lane.submit("first")
            lane.serve()
            #expect(lane.established(number))
            lane.serve()
            lane.answer(.noop)
            return lane
        }

        @discardableResult
        func submit(
            _ name: String,
            _ request: MetaRequest = .noop,
            deadline: MonotonicTime = LaneStateMachineTests.far,
            bound: UInt64 = 0
        ) -> Machine.Submission {
            self.machine.submit(deadline: deadline, bound: bound) {
                $0.append(request, waiter: name, deadline: deadline)
            }
        }

        func submit(_ name: String, batch: [MetaRequest]) {
            _ = self.machine.submit(deadline: LaneStateMachineTests.far, bound: 0) {
                $0.append(batch: batch, waiter: name, deadline: LaneStateMachineTests.far)
            }
        }

        @discardableResult
        func serve(canWrite: Bool = true) -> (Machine.Service, String) {
            var buffer = ByteBuffer()
            let service = self.machine.service(buffer: &buffer, canWrite: canWrite)
            return (service, String(buffer: buffer))
        }

        @discardableResult
        func answer(_ statuses: MetaReply.Status...) -> (Bool, [String]) {
            var replies = Deque(statuses.map { MetaReply($0) })
            var ready: Deque<(String, RequestOutcome)> = []
            let wereDue = self.machine.answer(&replies, ready: &ready)
            return (wereDue, ready.map(\.0))
        }

        @discardableResult
        func established(_ number: UInt64) -> Bool { self.machine.established(number: number) }

        func lost() -> Machine.Loss {
            let error = MemcachedError(.connectionClosed, message: "")
            return self.machine.lost(error, at: MonotonicTime(nanoseconds: 0), chance: 0)
        }

        func connectFailed() -> (failed: [String], until: MonotonicTime)? {
            let error = MemcachedError(.connectionFailed, message: "")
            return self.machine.connectFailed(error, at: MonotonicTime(nanoseconds: 0), chance: 0)
        }

        @discardableResult
        func backoffEnded() -> Bool { self.machine.backoffEnded() }

        func patrol(_ hasLeft: (String) -> Bool) -> (left: [String], continues: Bool) {
            self.machine.patrol(where: hasLeft)
        }

        func sweep(at now: Int64) -> [(String, wasWritten: Bool)] {
            var expired: [(String, wasWritten: Bool)] = []
            _ = self.machine.sweep(at: MonotonicTime(nanoseconds: now), expired: &expired)
            return expired
        }

        func health(at now: MonotonicTime) -> Machine.Health { self.machine.health(at: now, interval: 1_000_000_000) }

        func beginShutdown() -> Bool { self.machine.beginShutdown(MemcachedError(.shutdown, message: "")) }

        func close() -> Machine.Loss { self.machine.close(MemcachedError(.connectionClosed, message: "")) }
    }

    private static func isQueued(_ submission: Machine.Submission) -> Bool {
        if case .refused = submission { false } else { true }
    }

    private static func refusal(_ submission: Machine.Submission) -> MemcachedError.Code? {
        if case .refused(let error) = submission { error.code } else { nil }
    }

    @Test func firstRequestConnectsAndIsWrittenThen() {
        let lane = Lane()
        guard case .queuedNeedsService = lane.submit("a") else {
            Issue.record("nobody told the event loop")
            return
        }
        guard case .queued = lane.submit("b", .delete("k")) else {
            Issue.record("the event loop was told twice")
            return
        }
        let (service, text) = lane.serve()
        #expect(service.connect && !service.write && text.isEmpty)
        #expect(!lane.serve().0.connect)
        #expect(lane.established(1))
        let (next, written) = lane.serve()
        #expect(next.write)
        #expect(written == "mn\r\nmd k\r\n")
        let (wereDue, ready) = lane.answer(.noop, .done)
        #expect(wereDue)
        #expect(ready == ["a", "b"])
    }

    @Test func batchIsAnsweredAsOne() {
        let lane = Lane.connected()
        lane.submit("a", batch: [.noop, .delete("k"), .noop])
        #expect(lane.serve().1 == "mn\r\nmd k\r\nmn\r\n")
        #expect(lane.answer(.noop, .notFound).1.isEmpty)
        #expect(lane.answer(.noop).1 == ["a"])
    }

    @Test func replyThatNobodyAskedForIsSeen() {
        let lane = Lane.connected()
        #expect(!lane.answer(.done).0)
        lane.submit("a")
        // Not written yet, so no reply can be due.
        #expect(!lane.answer(.noop).0)
    }

    @Test func writingWaitsUntilTheChannelTakesMore() {
        let lane = Lane.connected()
        lane.submit("a")
        #expect(!lane.serve(canWrite: false).0.write)
        #expect(lane.serve().1 == "mn\r\n")
    }

    @Test func whoIsBoundToAnotherConnectionIsRefused() {
        let lane = Lane.connected(7)
        #expect(Self.isQueued(lane.submit("a", bound: 7)))
        #expect(Self.refusal(lane.submit("b", bound: 6)) == .notSent)
        let loss = lane.lost()
        // Not carried by the next connection, whichever comes.
        #expect(loss.unwritten == ["a"])
        #expect(Self.refusal(lane.submit("c", bound: 7)) == .notSent)
        #expect(Self.isQueued(lane.submit("d")))
        #expect(lane.serve().0.connect)
        #expect(lane.established(8))
        #expect(lane.serve().1 == "mn\r\n")
    }

    @Test func lossTellsWhatWasWrittenFromWhatWasNot() {
        let lane = Lane.connected()
        lane.submit("a")
        lane.serve()
        lane.submit("b")
        let loss = lane.lost()
        #expect(loss.written == ["a"])
        #expect(loss.unwritten == ["b"])
        #expect(loss.pauseUntil == nil)
        #expect(!lane.machine.isActive)
    }

    @Test func connectionsThatAreOfNoUseAreFollowedByLongerAndLongerPauses() {
        let lane = Lane()
        var pauses: [Int64] = []
        for _ in 0..<6 {
            lane.submit("a")
            lane.serve()
            let failure = lane.connectFailed()
            #expect(failure?.failed == ["a"])
            pauses.append(failure?.until.nanoseconds ?? -1)
            // Who cannot live to see the next attempt is refused with the reason.
            #expect(Self.refusal(lane.submit("b", deadline: .init(nanoseconds: 10))) == .connectionFailed)
            #expect(!lane.backoffEnded())
        }
        #expect(pauses == [100, 200, 400, 800, 1_000, 1_000])
    }

    @Test func whoWaitsThroughAPauseIsCarriedByTheNextAttempt() {
        let lane = Lane()
        lane.submit("a")
        lane.serve()
        _ = lane.connectFailed()
        #expect(Self.isQueued(lane.submit("b")))
        #expect(lane.backoffEnded())
        #expect(lane.established(3))
        #expect(lane.serve().1 == "mn\r\n")
    }

    @Test func serverThatAcceptsAndClosesIsNotAskedInABusyLoop() {
        let lane = Lane.connected()
        #expect(lane.lost().pauseUntil == nil)
        for _ in 0..<3 {
            lane.submit("a")
            lane.serve()
            lane.established(9)
            let loss = lane.lost()
            #expect(loss.pauseUntil != nil)
            lane.backoffEnded()
        }
    }

    @Test func callerWhoseTimeIsUpLeavesAndItsReplyReachesNobody() {
        let lane = Lane.connected()
        lane.submit("a", deadline: .init(nanoseconds: 50))
        lane.serve()
        lane.submit("b", deadline: .init(nanoseconds: 60))
        lane.submit("c")
        let expired = lane.sweep(at: 70)
        #expect(expired.map(\.0) == ["a", "b"])
        #expect(expired.map(\.wasWritten) == [true, false])
        lane.serve()
        #expect(lane.answer(.noop, .noop, .noop).1 == ["c"])
    }

    @Test func cancelledCallerLeavesAtTheSecondLook() {
        let lane = Lane.connected()
        lane.submit("a")
        lane.submit("b")
        lane.serve()
        #expect(lane.patrol { $0 == "a" }.left.isEmpty)
        #expect(lane.patrol { $0 == "a" }.left == ["a"])
        #expect(lane.answer(.noop, .noop).1 == ["b"])
        #expect(!lane.patrol { _ in true }.continues)
    }

    @Test func moreThanTheBoundsIsRefusedAtOnce() {
        let lane = Lane(requests: 2, bytes: 1_000)
        #expect(Self.isQueued(lane.submit("a")))
        #expect(Self.isQueued(lane.submit("b")))
        #expect(Self.refusal(lane.submit("c")) == .overloaded)
        let other = Lane(requests: 10, bytes: 200)
        let large = MetaRequest.set("k", Array(repeating: 0, count: 5_000))
        // One that fits nowhere passes alone.
        #expect(Self.isQueued(other.submit("a", large)))
        #expect(Self.refusal(other.submit("b")) == .overloaded)
    }

    @Test func silenceWithARepliesDueIsDeathAndWithoutOneAQuestion() {
        let lane = Lane.connected()
        let start = MonotonicTime.now
        guard case .well = lane.health(at: start) else {
            Issue.record("a connection that has just answered is not well")
            return
        }
        let later = start.advanced(by: 2_000_000_000)
        guard case .ask = lane.health(at: later) else {
            Issue.record("an idle connection is not asked")
            return
        }
        lane.submit("a")
        lane.serve()
        guard case .dead = lane.health(at: later) else {
            Issue.record("a connection that owes a reply is not dead")
            return
        }
    }

    @Test func shutdownWaitsForThoseWhoWaitAndRefusesOthers() {
        let lane = Lane.connected()
        lane.submit("a")
        lane.serve()
        #expect(!lane.beginShutdown())
        #expect(Self.refusal(lane.submit("b")) == .shutdown)
        #expect(lane.answer(.noop).1 == ["a"])
        #expect(lane.machine.isDrained)
        let loss = lane.close()
        #expect(loss.written.isEmpty && loss.unwritten.isEmpty)
        #expect(lane.machine.closeError?.code == .shutdown)
    }
}
