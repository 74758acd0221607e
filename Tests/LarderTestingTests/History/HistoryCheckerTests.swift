import Larder
import LarderTesting
import Testing

/// Histories by hand: each rule with a history that breaks it, and with those that only look so.
@Suite struct HistoryCheckerTests {
    // MARK: Resurrection

    @Test func valueFromBeforeARemovalIsAResurrection() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
    }

    @Test func fillUnderTheRemovalMayBeReturned() {
        #expect(
            violatedRules {
                $0.remove(10...20)
                $0.fill("k#1", 0...50, fill: 15...40)
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test func callThatBeganBeforeTheRemovalReturnedMayHaveTheValue() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(10...20)
                $0.get("k#1", 19...70)
            } == []
        )
    }

    @Test func removalThatThrewPromisesNothing() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(10...20, error: "unavailable")
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test func fetchThatJoinsAnInvalidatedFillIsAResurrection() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(10...20)
                $0.call(.fetch, 21...60) {
                    $0.keys = ["k"]
                    $0.values = ["k#1"]
                }
            } == [.resurrection]
        )
    }

    @Test func setSupersedesAFillThatBeganBefore() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.set("k#2", 10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
    }

    @Test func twoSetsAtTheSameTimeMayEndEitherWay() {
        #expect(
            violatedRules {
                $0.set("k#1", 10...30)
                $0.set("k#2", 20...25)
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test func setThatThrewMayTakeEffectLater() {
        #expect(
            violatedRules {
                $0.call(.set, 0...10) {
                    $0.keys = ["k"]
                    $0.written = "k#1"
                    $0.error = "unavailable"
                }
                $0.remove(20...30)
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test func addThatWroteNothingSupersedesNothing() {
        let add: (Bool) -> [HistoryViolation.Rule] = { hasWritten in
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.call(.add, 10...20) {
                    $0.keys = ["k"]
                    $0.written = "k#2"
                    $0.hasWritten = hasWritten
                }
                $0.get("k#1", 60...70)
            }
        }
        #expect(add(true) == [.resurrection])
        #expect(add(false) == [])
    }

    @Test(arguments: [("k*", true), ("?", true), ("x*", false)])
    func patternRemovesWhatItMatches(_ pattern: String, _ matches: Bool) {
        let found = violatedRules {
            $0.fill("k#1", 0...50, fill: 5...40)
            $0.call(.removeMatching, 10...20) { $0.pattern = pattern }
            $0.get("k#1", 60...70)
        }
        #expect(found == (matches ? [.resurrection] : []))
    }

    @Test func clearRemovesEverything() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...5, fill: 1...4)
                $0.call(.clear, 10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
    }

    @Test func tagOfTheCallIsTakenBeforeTheFillBegins() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40, tags: ["t"])
                $0.tag(.invalidate, "t", 10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40, tags: ["other"])
                $0.tag(.invalidate, "t", 10...20)
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test(arguments: [(25 as Int64, false), (9, true), (15, false)])
    func tagThatAFillTakesCountsFromThen(_ taken: Int64, _ isViolation: Bool) {
        let found = violatedRules {
            $0.fill("k#1", 0...50, fill: 5...40) { fill in
                fill.dependencies = [.init(tag: "t", begin: taken - 1, end: taken)]
            }
            $0.tag(.invalidate, "t", 10...20)
            $0.get("k#1", 60...70)
        }
        #expect(found == (isViolation ? [.resurrection] : []))
    }

    @Test func lateTagCountsFromTheFillsBeginning() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...50, fill: 5...40) { $0.lateTags = ["t"] }
                $0.tag(.invalidate, "t", 10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
    }

    @Test func valueMadeOfAnInvalidatedOneIsAResurrection() {
        let found = violatedRules {
            $0.call(.fetch, 0...9) {
                $0.keys = ["inner"]
                $0.tags = ["t"]
                $0.values = ["inner#1"]
                $0.fills = [HistoryFill(values: ["inner#1"], begin: 1, end: 8, outcome: .finished)]
            }
            $0.fill("k#2", 10...50, fill: 12...40) { $0.parts = ["inner#1"] }
            $0.tag(.invalidate, "t", 20...30)
            $0.get("k#2", 60...70)
        }
        #expect(found == [.resurrection])
    }

    // MARK: Stale values

    @Test func getReturnsNothingThatWasExpired() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...8, fill: 1...7, tags: ["t"])
                $0.tag(.expire, "t", 10...20)
                $0.get("k#1", 60...70)
            } == [.staleValue]
        )
    }

    @Test func fetchMayReturnWhatWasExpired() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...8, fill: 1...7, tags: ["t"])
                $0.tag(.expire, "t", 10...20)
                $0.call(.fetch, 60...70) {
                    $0.keys = ["k"]
                    $0.values = ["k#1"]
                }
            } == []
        )
    }

    // MARK: Time and keys

    @Test(arguments: [(4_500_000 as Int64, false), (6_500_000, true)])
    func valueIsNotReturnedAfterItsTime(_ moment: Int64, _ isViolation: Bool) {
        let found = violatedRules {
            $0.fill("k#1", 0...10, fill: 1...9, ttl: 5)
            $0.get("k#1", moment...(moment + 1))
        }
        #expect(found == (isViolation ? [.expiredValue] : []))
    }

    @Test func valueThatWasNotToBeStoredIsNotReturnedLater() {
        #expect(
            violatedRules {
                $0.fill("k#1", 0...10, fill: 1...9) { $0.isStored = false }
                $0.get("k#1", 20...21)
            } == [.expiredValue]
        )
    }

    @Test func valueOfAnotherKeyIsForeign() {
        #expect(violatedRules { $0.get("k#9", 0...1) } == [.foreignValue])
        #expect(
            violatedRules {
                $0.call(.set, 0...1) {
                    $0.keys = ["other"]
                    $0.written = "other#1"
                }
                $0.get("other#1", 2...3)
            } == [.foreignValue]
        )
    }

    // MARK: Reports

    @Test func reportNamesTheFillTheInvalidationAndTheCall() throws {
        var script = HistoryScript()
        script.fill("k#1", 0...50, fill: 5...40)
        script.remove(10...20)
        script.get("k#1", 60...70)
        let violation = try #require(HistoryChecker().violations(in: History(seed: 1, calls: script.calls)).first)
        #expect(violation.calls.map(\.id) == [0, 1, 2])
        let lines = "\(violation)".split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines.first?.hasPrefix("history 1: resurrection: k#1") == true)
        #expect(lines.last?.contains("get k, returned k#1 (0.060 to 0.070)") == true)
    }
}
