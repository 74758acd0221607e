import Testing

@testable import Larder

@Suite struct SectionLeaseTests {
    private static func at(_ seconds: Double) -> CacheInstant {
        CacheInstant(nanoseconds: 0).advanced(by: .seconds(seconds))
    }

    /// 30 seconds less a hundredth and two milliseconds.
    private static let end = 29.698

    private var lease = SectionLease(HeldLease(lease: .seconds(30), sent: Self.at(0)))

    @Test func itIsWokenAtAThirdAndRenewed() {
        var lease = self.lease
        #expect(lease.begin(at: Self.at(0)) == .wake(at: Self.at(10)))
        #expect(lease.wake(for: Self.at(10), at: Self.at(10)) == .renew(wakingAt: Self.at(Self.end)))
        #expect(lease.endRenewal(.confirmed(sent: Self.at(10)), at: Self.at(11)) == .wake(at: Self.at(20)))
        // The timer for the end is none any more.
        #expect(lease.wake(for: Self.at(Self.end), at: Self.at(Self.end)) == .nothing)
        #expect(lease.wake(for: Self.at(20), at: Self.at(20)) == .renew(wakingAt: Self.at(Self.end + 10)))
        #expect(lease.loss == nil)
    }

    @Test func renewalWithoutAnAnswerIsLostAtTheEnd() {
        var lease = self.lease
        _ = lease.begin(at: Self.at(0))
        _ = lease.wake(for: Self.at(10), at: Self.at(10))
        #expect(lease.wake(for: Self.at(Self.end), at: Self.at(Self.end)) == .cancel)
        #expect(lease.loss == .unconfirmed)
        #expect(lease.endRenewal(.confirmed(sent: Self.at(10)), at: Self.at(31)) == .nothing)
        #expect(lease.loss == .unconfirmed)
    }

    @Test func refusalCancelsAtOnce() {
        var lease = self.lease
        _ = lease.begin(at: Self.at(0))
        _ = lease.wake(for: Self.at(10), at: Self.at(10))
        #expect(lease.endRenewal(.refused, at: Self.at(11)) == .cancel)
        #expect(lease.loss == .refused)
        lease.end(at: Self.at(12))
        #expect(lease.loss == .refused)
    }

    @Test func failureIsFollowedByAnotherRenewal() {
        var lease = self.lease
        _ = lease.begin(at: Self.at(0))
        _ = lease.wake(for: Self.at(10), at: Self.at(10))
        guard case .wake(let next) = lease.endRenewal(.failed, at: Self.at(11)) else {
            Issue.record("nobody is woken")
            return
        }
        #expect(next > Self.at(11) && next < Self.at(15))
        #expect(lease.wake(for: next, at: next) == .renew(wakingAt: Self.at(Self.end)))
    }

    @Test func nothingIsDoneForASectionThatIsOver() {
        var lease = self.lease
        _ = lease.begin(at: Self.at(0))
        _ = lease.wake(for: Self.at(10), at: Self.at(10))
        lease.end(at: Self.at(12))
        #expect(lease.isOver)
        #expect(lease.loss == nil)
        #expect(lease.wakesAt == nil)
        #expect(lease.endRenewal(.failed, at: Self.at(13)) == .nothing)
        #expect(lease.wake(for: Self.at(Self.end), at: Self.at(Self.end)) == .nothing)
        #expect(lease.loss == nil)
    }

    @Test func whoEndsAfterItsLeaseHasLostIt() {
        var lease = self.lease
        lease.end(at: Self.at(Self.end))
        #expect(lease.loss == .unconfirmed)
        var other = self.lease
        other.end(at: Self.at(Self.end - 0.001))
        #expect(other.loss == nil)
    }
}
