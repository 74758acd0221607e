import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct SlotMapRefreshTests {
    static func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }
    static let pause = SlotMapRefresh.shortestPause / 1_000_000

    @Test func firstDoubtIsLookedIntoAtOnceAndACrowdBehindItOnce() {
        var refresh = SlotMapRefresh()
        #expect(refresh.request(at: Self.at(0)) == 0)
        for _ in 0..<200 { #expect(refresh.request(at: Self.at(0)) == nil) }
        refresh.begin(at: Self.at(1))
        #expect(refresh.end(.changed, at: Self.at(2)) == nil)
    }

    @Test func doubtsDuringAnInquiryLeadToOneMoreAfterAPause() {
        var refresh = SlotMapRefresh()
        _ = refresh.request(at: Self.at(0))
        refresh.begin(at: Self.at(0))
        for _ in 0..<200 { #expect(refresh.request(at: Self.at(1)) == nil) }
        #expect(refresh.end(.changed, at: Self.at(10)) == (Self.pause - 10) * 1_000_000)
        #expect(refresh.request(at: Self.at(11)) == nil)
        refresh.begin(at: Self.at(Self.pause))
        #expect(refresh.end(.unchanged, at: Self.at(Self.pause + 1)) == nil)
    }

    @Test func pausesGrowWhileNothingNewIsLearnedAndShrinkAfterwards() {
        var refresh = SlotMapRefresh()
        var pauses: [Int64] = []
        var now: Int64 = 0
        for outcome in [SlotMapRefresh.Outcome.failed, .unchanged, .failed, .unchanged, .changed, .changed] {
            let wait = (refresh.request(at: Self.at(now)) ?? -1) / 1_000_000
            pauses.append(wait)
            now += wait
            refresh.begin(at: Self.at(now))
            _ = refresh.end(outcome, at: Self.at(now))
        }
        #expect(pauses == [0, 200, 400, 500, 500, 100])
    }

    @Test func doubtAfterALongTimeIsLookedIntoAtOnce() {
        var refresh = SlotMapRefresh()
        _ = refresh.request(at: Self.at(0))
        refresh.begin(at: Self.at(0))
        _ = refresh.end(.failed, at: Self.at(1))
        #expect(refresh.request(at: Self.at(60_000)) == 0)
    }

    @Test func youngMapIsAskedForAgainSoonAndAnOldOneSeldom() {
        var refresh = SlotMapRefresh()
        var lives: [Int64] = []
        var now: Int64 = 0
        let outcomes: [SlotMapRefresh.Outcome] = [
            .changed, .unchanged, .unchanged, .failed, .unchanged, .unchanged, .unchanged, .changed, .unchanged,
        ]
        for outcome in outcomes {
            now += 60_000
            _ = refresh.request(at: Self.at(now))
            refresh.begin(at: Self.at(now))
            _ = refresh.end(outcome, at: Self.at(now))
            lives.append(refresh.life / 1_000_000_000)
        }
        #expect(lives == [1, 2, 4, 8, 16, 30, 30, 1, 2])
    }
}
