import Testing

@testable import Larder

@Suite struct HeldLeaseTests {
    private static let lease = Duration.seconds(30)
    /// 30 seconds less a hundredth and two milliseconds.
    private static let end = Self.at(.milliseconds(29_698))

    private static func at(_ duration: Duration) -> CacheInstant {
        CacheInstant(nanoseconds: 0).advanced(by: duration)
    }

    private let lease = HeldLease(lease: Self.lease, sent: Self.at(.zero))

    @Test func itIsRenewedAtAThird() {
        #expect(self.lease.step(at: Self.at(.zero)) == .sleep(until: Self.at(.seconds(10))))
        #expect(self.lease.step(at: Self.at(.seconds(10) - .nanoseconds(1))) == .sleep(until: Self.at(.seconds(10))))
        #expect(self.lease.step(at: Self.at(.seconds(10))) == .renew(until: Self.end))
    }

    @Test func itCountsFromBeforeTheQuestion() {
        var lease = self.lease
        // Sent at ten seconds, answered at twenty.
        lease.confirm(sent: Self.at(.seconds(10)))
        #expect(lease.step(at: Self.at(.seconds(20))) == .renew(until: Self.end.advanced(by: .seconds(10))))
        #expect(lease.end == Self.end.advanced(by: .seconds(10)))
    }

    @Test func itEndsBeforeTheStoreSaysSo() {
        #expect(self.lease.stands(at: Self.end.advanced(by: .nanoseconds(-1))))
        #expect(!self.lease.stands(at: Self.end))
        #expect(self.lease.step(at: Self.end) == .lost(.unconfirmed))
        #expect(self.lease.end < Self.at(Self.lease))
    }

    @Test func failuresAreTriedAgainUntilTheEnd() {
        var lease = self.lease
        var now = Self.at(.seconds(10))
        var attempts = 0
        while case .renew(let end) = lease.step(at: now) {
            #expect(end == Self.end)
            attempts += 1
            lease.fail(at: now)
            guard case .sleep(let next) = lease.step(at: now) else { break }
            #expect(next > now)
            #expect(now.duration(to: next) <= Self.lease / 10)
            now = next
        }
        #expect(attempts > 5)
        #expect(lease.step(at: now) == .lost(.unconfirmed))
        #expect(now == Self.end)
    }

    @Test func aRenewalAfterFailuresIsAsGoodAsTheFirst() {
        var lease = self.lease
        lease.fail(at: Self.at(.seconds(10)))
        lease.fail(at: Self.at(.seconds(11)))
        lease.confirm(sent: Self.at(.seconds(12)))
        #expect(lease.step(at: Self.at(.seconds(13))) == .sleep(until: Self.at(.seconds(22))))
        #expect(lease.stands(at: Self.at(.seconds(41))))
        lease.fail(at: Self.at(.seconds(22)))
        #expect(lease.step(at: Self.at(.seconds(22))) == .sleep(until: Self.at(.milliseconds(22_300))))
    }

    @Test func anAnswerToAnEarlierQuestionShortensNothing() {
        var lease = self.lease
        lease.confirm(sent: Self.at(.seconds(12)))
        let end = lease.end
        lease.confirm(sent: Self.at(.seconds(10)))
        #expect(lease.end == end)
        #expect(lease.step(at: Self.at(.seconds(21))) == .sleep(until: Self.at(.seconds(22))))
    }

    @Test func aRefusalIsFinal() {
        var lease = self.lease
        lease.refuse()
        #expect(lease.step(at: Self.at(.seconds(10))) == .lost(.refused))
        lease.confirm(sent: Self.at(.seconds(10)))
        #expect(!lease.stands(at: Self.at(.seconds(10))))
        #expect(lease.step(at: Self.at(.seconds(11))) == .lost(.refused))
    }

    @Test func whoWasStoppedPastTheEndDoesNotRenew() {
        // redisson/redisson#3636: a holder that was cut off must not take its lock for held when it is back.
        #expect(self.lease.step(at: Self.at(.seconds(31))) == .lost(.unconfirmed))
        #expect(self.lease.step(at: Self.at(.seconds(3600))) == .lost(.unconfirmed))
    }

    @Test(arguments: [Duration.milliseconds(10), .milliseconds(100), .seconds(86_400)])
    func everyLeaseHasTimeToBeRenewed(_ lease: Duration) {
        var held = HeldLease(lease: lease, sent: Self.at(.zero))
        guard case .sleep(let moment) = held.step(at: Self.at(.zero)) else {
            Issue.record("nothing to sleep for")
            return
        }
        #expect(moment == Self.at(lease / 3))
        #expect(held.stands(at: moment))
        held.fail(at: moment)
        guard case .sleep(let second) = held.step(at: moment) else {
            Issue.record("no second attempt")
            return
        }
        #expect(held.stands(at: second))
    }

    @Test func tokensFollowTheLastOneAndTheTime() {
        #expect(FencingToken.next(after: nil, at: 100).rawValue == 100)
        #expect(FencingToken.next(after: FencingToken(rawValue: 50), at: 100).rawValue == 100)
        // The clock stands, or was set back.
        #expect(FencingToken.next(after: FencingToken(rawValue: 100), at: 100).rawValue == 101)
        #expect(FencingToken.next(after: FencingToken(rawValue: 100), at: 7).rawValue == 101)
    }
}
