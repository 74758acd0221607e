import Larder
import LarderTesting
import Testing

/// Histories by hand, of fills that should have been one.
@Suite struct HistoryFillsTests {
    @Test func fillsOfAKeyDoNotOverlap() {
        let overlapping: (Int, FetchPolicy.Scope) -> [HistoryViolation.Rule] = { process, scope in
            var rules = HistoryRules()
            rules.scope = scope
            return violatedRules(rules) {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.fill("k#2", 10...60, fill: 20...30, process: process)
            }
        }
        #expect(overlapping(0, .process) == [.secondFill])
        #expect(overlapping(1, .process) == [])
        #expect(overlapping(1, .fleet) == [.secondFill])
    }

    @Test func invalidationBetweenAllowsASecondFill() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(8...9, error: "cancelled")
                $0.fill("k#2", 10...60, fill: 20...30)
            } == []
        )
    }

    @Test func secondFillMayHaveHadItsLeaseFirst() {
        #expect(
            violatedRules {
                $0.fill("k#2", 0...60, fill: 20...30)
                $0.remove(4...5)
                $0.fill("k#1", 6...50, fill: 7...40)
            } == []
        )
    }

    @Test func secondFillMayHaveLostItsLeaseByItsOwnTag() {
        #expect(
            violatedRules {
                $0.fill("k#2", 0...60, fill: 20...30, tags: ["t"])
                $0.tag(.invalidate, "t", 4...5)
                $0.fill("k#1", 6...50, fill: 7...40)
            } == []
        )
    }

    @Test func cancelledFillAllowsASecondOne() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40) { $0.outcome = .cancelled }
                $0.fill("k#2", 10...60, fill: 20...30)
            } == []
        )
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.fill("k#2", 10...60, fill: 20...30) { $0.outcome = .cancelled }
            } == []
        )
    }

    @Test func validValueIsNotFilledAgain() {
        let again: (Int?, Bool) -> [HistoryViolation.Rule] = { ttl, isStored in
            violatedRules {
                $0.fill("k#1", 0...10, fill: 1...9, ttl: ttl) { $0.isStored = isStored }
                $0.fill("k#2", 6_000_000...6_000_010, fill: 6_000_001...6_000_009)
            }
        }
        #expect(again(nil, true) == [.secondFill])
        #expect(again(8, true) == [.secondFill])
        #expect(again(5, true) == [])
        #expect(again(nil, false) == [])
    }

    @Test(arguments: [HistoryCall.Operation.invalidate, .expire])
    func anyTagThatIsTouchedMayKeepAValueWithALateTagOut(_ operation: HistoryCall.Operation) {
        let again: ([String]) -> [HistoryViolation.Rule] = { lateTags in
            violatedRules {
                $0.fill("k#1", 0...10, fill: 1...9) { $0.lateTags = lateTags }
                $0.tag(operation, "other", 3...4)
                $0.fill("k#2", 20...30, fill: 21...29)
            }
        }
        #expect(again(["late"]) == [])
        #expect(again([]) == [.secondFill])
    }

    @Test func storeThatLosesEntriesMayFillAgain() {
        var rules = HistoryRules()
        rules.keepsEntries = false
        #expect(
            violatedRules(rules) {
                $0.fill("k#1", 0...10, fill: 1...9)
                $0.fill("k#2", 20...30, fill: 21...29)
            } == []
        )
    }
}
