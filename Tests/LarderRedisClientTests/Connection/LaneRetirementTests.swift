import DequeModule
import NIOCore
import Testing

@testable import LarderRedisClient

/// What a lane does with a server that is not needed any more.
@Suite(.timeLimit(.minutes(1))) struct LaneRetirementTests {
    private typealias Base = LaneStateMachineTests

    @Test func quietConnectionIsClosedAtOnceAndTheLaneConnectsAgain() {
        var lane = Base.lane()
        #expect(lane.retire().closesConnection == true)
        #expect(!lane.isActive && lane.closeError == nil)
        // The connection's end is nobody's loss.
        #expect(lane.lost(Base.refused, at: Base.start, chance: 0).reconnectAt == nil)
        guard case .queuedNeedsService = Base.send("a", on: &lane) else {
            Issue.record("expected a wake-up")
            return
        }
        var buffer = ByteBuffer()
        #expect(lane.service(buffer: &buffer, canWrite: false).connect)
    }

    @Test func repliesUnderWayAreWaitedFor() {
        var lane = Base.lane()
        for name in ["a", "b"] { Base.send(name, on: &lane) }
        #expect(lane.retire().turnedAway == [])
        #expect(Base.written(&lane).contains("a"))
        #expect(Base.answer(.simpleString("1"), on: &lane) == ["a: 1"])
        #expect(lane.finishRetiring() == false)
        #expect(Base.answer(.simpleString("2"), on: &lane) == ["b: 2"])
        #expect(lane.isRetiring)
        #expect(lane.finishRetiring() == true)
        #expect(!lane.isActive)
        #expect(lane.finishRetiring() == false)
    }

    @Test func commandsThatWaitForAConnectionAreTurnedAway() {
        var lane = Base.lane(connected: false)
        Base.send("a", on: &lane)
        let retirement = lane.retire()
        #expect(retirement.turnedAway == ["a"] && !retirement.closesConnection)
        // The attempt under way succeeds all the same.
        #expect(lane.established() == .wanted(turnedAway: []))
        #expect(lane.finishRetiring() == true)
    }

    @Test func commandsThatWaitForTheNextAttemptAreTurnedAway() {
        var lane = Base.lane(connected: false)
        Base.send("a", on: &lane)
        var failed: [String] = []
        _ = lane.connectFailed(Base.refused, at: Base.start, chance: 0, failed: &failed)
        Base.send("b", on: &lane)
        #expect(lane.retire().turnedAway == ["b"])
        #expect(lane.backoffEnded() == false)
    }

    @Test func laneWithoutAConnectionHasNothingToLetGo() {
        var lane = Base.lane(connected: false)
        #expect(lane.retire().closesConnection == false)
        #expect(!lane.isRetiring)
        Base.send("a", on: &lane)
        #expect(lane.established() == .wanted(turnedAway: []))
        #expect(lane.finishRetiring() == false)
    }

    @Test func laneThatIsUsedAgainBeforeItHasAConnectionKeepsIt() {
        var lane = Base.lane(connected: false)
        Base.send("a", on: &lane)
        #expect(lane.retire().turnedAway == ["a"])
        Base.send("b", on: &lane)
        #expect(lane.established() == .wanted(turnedAway: []))
        #expect(Base.written(&lane).contains("b"))
        #expect(Base.answer(.simpleString("1"), on: &lane) == ["b: 1"])
        #expect(lane.finishRetiring() == false)
        #expect(lane.isActive)
    }

    @Test func laneThatRetiresInAPauseKeepsItsNextConnection() {
        var lane = Base.lane(connected: false)
        Base.send("a", on: &lane)
        var failed: [String] = []
        _ = lane.connectFailed(Base.refused, at: Base.start, chance: 0, failed: &failed)
        _ = lane.retire()
        #expect(lane.backoffEnded() == false)
        Base.send("b", on: &lane)
        #expect(lane.established() == .wanted(turnedAway: []))
        #expect(Base.written(&lane).contains("b"))
        #expect(Base.answer(.simpleString("1"), on: &lane) == ["b: 1"])
        #expect(!lane.isRetiring && lane.isActive)
    }

    @Test func connectionIsClosedAlsoIfTheReplyIsHereBeforeItsSenderHasWritten() {
        var lane = Base.laneWithSocket()
        guard case .writeDirectly(var write) = Base.send("a", on: &lane) else {
            Issue.record("expected a direct write")
            return
        }
        #expect(lane.retire().closesConnection == false)
        #expect(Base.answer(.simpleString("2"), on: &lane) == ["a: 2"])
        #expect(lane.finishRetiring() == false, "the sender's thread may still use the socket")
        write.bytes.clear()
        #expect(lane.directWriteEnded(write) == true)
        var buffer = ByteBuffer()
        #expect(lane.service(buffer: &buffer, canWrite: true).retires)
        #expect(lane.finishRetiring() == true)
    }
}
