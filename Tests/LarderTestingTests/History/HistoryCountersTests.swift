import Larder
import LarderTesting
import Testing

/// Histories by hand, of counters.
@Suite struct HistoryCountersTests {
    @Test func counterThatGoesBackHasLostAnIncrement() {
        #expect(
            violatedRules {
                $0.increment(5, 5, 0...10)
                $0.increment(2, 2, 20...30)
            } == [.lostIncrement]
        )
        #expect(
            violatedRules {
                $0.increment(5, 5, 0...10)
                $0.count(nil, 20...30)
            } == [.lostIncrement]
        )
    }

    @Test func incrementsAtTheSameTimeDoNotShareANumber() {
        #expect(
            violatedRules {
                $0.increment(5, 5, 0...30)
                $0.increment(2, 2, 10...40)
            } == [.lostIncrement]
        )
        #expect(
            violatedRules {
                $0.increment(5, 7, 0...30)
                $0.increment(2, 2, 10...40)
                $0.count(7, 50...60)
            } == []
        )
    }

    @Test func resetLetsACounterStartAgain() {
        #expect(
            violatedRules {
                $0.increment(5, 5, 0...10)
                $0.call(.remove, 12...15) { $0.keys = ["n"] }
                $0.increment(2, 2, 20...30)
            } == []
        )
    }

    @Test func incrementThatThrewMayOrMayNotCount() {
        for number in [2, 7] {
            #expect(
                violatedRules {
                    $0.increment(5, nil, 0...10)
                    $0.increment(2, number, 20...30)
                } == []
            )
        }
        #expect(
            violatedRules {
                $0.increment(5, nil, 0...10)
                $0.increment(2, 8, 20...30)
            } == [.lostIncrement]
        )
    }

    @Test func resetTakesAwayWhatWasThereBefore() {
        #expect(
            violatedRules {
                $0.increment(5, 5, 0...10)
                $0.call(.clear, 12...15)
                $0.count(5, 20...30)
            } == [.lostIncrement]
        )
    }
}
