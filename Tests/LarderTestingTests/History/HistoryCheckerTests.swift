import Larder
import LarderTesting
import Testing

/// Histories by hand: each rule with a history that breaks it, and with those that only look so.
@Suite struct HistoryCheckerTests {
    private typealias Rule = HistoryViolation.Rule

    /// Writes a history down: each call takes its place by its moments.
    private struct Script {
        var calls: [HistoryCall] = []

        mutating func call(
            _ operation: HistoryCall.Operation,
            _ moments: ClosedRange<Int64>,
            process: Int = 0,
            _ describe: (inout HistoryCall) -> Void = { _ in }
        ) {
            var call = HistoryCall(
                operation,
                history: 1,
                id: self.calls.count,
                process: process,
                begin: moments.lowerBound,
                end: moments.upperBound
            )
            describe(&call)
            self.calls.append(call)
        }

        /// A fetch of `k` that fills.
        mutating func fill(
            _ value: String,
            _ moments: ClosedRange<Int64>,
            fill: ClosedRange<Int64>,
            process: Int = 0,
            tags: [String] = [],
            ttl: Int? = nil,
            _ describe: (inout HistoryFill) -> Void = { _ in }
        ) {
            self.call(.fetch, moments, process: process) { call in
                call.keys = ["k"]
                call.tags = tags
                call.ttl = ttl
                call.values = [value]
                var fill = HistoryFill(
                    values: [value],
                    begin: fill.lowerBound,
                    end: fill.upperBound,
                    outcome: .finished
                )
                describe(&fill)
                call.fills = [fill]
            }
        }

        /// A `get` of `k`.
        mutating func get(_ value: String?, _ moments: ClosedRange<Int64>) {
            self.call(.get, moments) {
                $0.keys = ["k"]
                $0.values = [value]
            }
        }

        mutating func remove(_ moments: ClosedRange<Int64>, error: String? = nil) {
            self.call(.remove, moments) {
                $0.keys = ["k"]
                $0.error = error
            }
        }

        mutating func set(_ value: String, _ moments: ClosedRange<Int64>, tags: [String] = []) {
            self.call(.set, moments) {
                $0.keys = ["k"]
                $0.written = value
                $0.tags = tags
            }
        }

        mutating func tag(_ operation: HistoryCall.Operation, _ tag: String, _ moments: ClosedRange<Int64>) {
            self.call(operation, moments) { $0.tags = [tag] }
        }

        mutating func increment(_ delta: Int, _ number: Int?, _ moments: ClosedRange<Int64>) {
            self.call(.increment, moments) { call in
                call.keys = ["n"]
                call.delta = delta
                call.number = number
                if number == nil { call.error = "unavailable" }
            }
        }

        mutating func count(_ number: Int?, _ moments: ClosedRange<Int64>) {
            self.call(.get, moments) {
                $0.keys = ["n"]
                $0.number = number
            }
        }
    }

    private func rules(
        _ rules: HistoryRules = HistoryRules(),
        _ write: (inout Script) -> Void
    ) -> [Rule] {
        var script = Script()
        write(&script)
        let history = History(seed: 1, calls: script.calls.sorted { $0.begin < $1.begin })
        return HistoryChecker(rules).violations(in: history).map(\.rule)
    }

    // MARK: Resurrection

    @Test func valueFromBeforeARemovalIsAResurrection() {
        #expect(
            rules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
    }

    @Test func fillUnderTheRemovalMayBeReturned() {
        #expect(
            rules {
                $0.remove(10...20)
                $0.fill("k#1", 0...50, fill: 15...40)
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test func callThatBeganBeforeTheRemovalReturnedMayHaveTheValue() {
        #expect(
            rules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(10...20)
                $0.get("k#1", 19...70)
            } == []
        )
    }

    @Test func removalThatThrewPromisesNothing() {
        #expect(
            rules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(10...20, error: "unavailable")
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test func fetchThatJoinsAnInvalidatedFillIsAResurrection() {
        #expect(
            rules {
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
            rules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.set("k#2", 10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
    }

    @Test func twoSetsAtTheSameTimeMayEndEitherWay() {
        #expect(
            rules {
                $0.set("k#1", 10...30)
                $0.set("k#2", 20...25)
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test func setThatThrewMayTakeEffectLater() {
        #expect(
            rules {
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
        let add: (Bool) -> [Rule] = { hasWritten in
            self.rules {
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
        let found = rules {
            $0.fill("k#1", 0...50, fill: 5...40)
            $0.call(.removeMatching, 10...20) { $0.pattern = pattern }
            $0.get("k#1", 60...70)
        }
        #expect(found == (matches ? [.resurrection] : []))
    }

    @Test func clearRemovesEverything() {
        #expect(
            rules {
                $0.fill("k#1", 0...5, fill: 1...4)
                $0.call(.clear, 10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
    }

    @Test func tagOfTheCallIsTakenBeforeTheFillBegins() {
        #expect(
            rules {
                $0.fill("k#1", 0...50, fill: 5...40, tags: ["t"])
                $0.tag(.invalidate, "t", 10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
        #expect(
            rules {
                $0.fill("k#1", 0...50, fill: 5...40, tags: ["other"])
                $0.tag(.invalidate, "t", 10...20)
                $0.get("k#1", 60...70)
            } == []
        )
    }

    @Test(arguments: [(25 as Int64, false), (9, true), (15, false)])
    func tagThatAFillTakesCountsFromThen(_ taken: Int64, _ isViolation: Bool) {
        let found = rules {
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
            rules {
                $0.fill("k#1", 0...50, fill: 5...40) { $0.lateTags = ["t"] }
                $0.tag(.invalidate, "t", 10...20)
                $0.get("k#1", 60...70)
            } == [.resurrection]
        )
    }

    @Test func valueMadeOfAnInvalidatedOneIsAResurrection() {
        let found = rules {
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
            rules {
                $0.fill("k#1", 0...8, fill: 1...7, tags: ["t"])
                $0.tag(.expire, "t", 10...20)
                $0.get("k#1", 60...70)
            } == [.staleValue]
        )
    }

    @Test func fetchMayReturnWhatWasExpired() {
        #expect(
            rules {
                $0.fill("k#1", 0...8, fill: 1...7, tags: ["t"])
                $0.tag(.expire, "t", 10...20)
                $0.call(.fetch, 60...70) {
                    $0.keys = ["k"]
                    $0.values = ["k#1"]
                }
            } == []
        )
    }

    // MARK: Second fills

    @Test func fillsOfAKeyDoNotOverlap() {
        let overlapping: (Int, FetchPolicy.Scope) -> [Rule] = { process, scope in
            var rules = HistoryRules()
            rules.scope = scope
            return self.rules(rules) {
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
            rules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.remove(8...9, error: "cancelled")
                $0.fill("k#2", 10...60, fill: 20...30)
            } == []
        )
    }

    @Test func secondFillMayHaveHadItsLeaseFirst() {
        #expect(
            rules {
                $0.fill("k#2", 0...60, fill: 20...30)
                $0.remove(4...5)
                $0.fill("k#1", 6...50, fill: 7...40)
            } == []
        )
    }

    @Test func secondFillMayHaveLostItsLeaseByItsOwnTag() {
        #expect(
            rules {
                $0.fill("k#2", 0...60, fill: 20...30, tags: ["t"])
                $0.tag(.invalidate, "t", 4...5)
                $0.fill("k#1", 6...50, fill: 7...40)
            } == []
        )
    }

    @Test func cancelledFillAllowsASecondOne() {
        #expect(
            rules {
                $0.fill("k#1", 0...50, fill: 5...40) { $0.outcome = .cancelled }
                $0.fill("k#2", 10...60, fill: 20...30)
            } == []
        )
        #expect(
            rules {
                $0.fill("k#1", 0...50, fill: 5...40)
                $0.fill("k#2", 10...60, fill: 20...30) { $0.outcome = .cancelled }
            } == []
        )
    }

    @Test func validValueIsNotFilledAgain() {
        let again: (Int?, Bool) -> [Rule] = { ttl, isStored in
            self.rules {
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
        let again: ([String]) -> [Rule] = { lateTags in
            self.rules {
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
            self.rules(rules) {
                $0.fill("k#1", 0...10, fill: 1...9)
                $0.fill("k#2", 20...30, fill: 21...29)
            } == []
        )
    }

    // MARK: Time and keys

    @Test(arguments: [(4_500_000 as Int64, false), (6_500_000, true)])
    func valueIsNotReturnedAfterItsTime(_ moment: Int64, _ isViolation: Bool) {
        let found = rules {
            $0.fill("k#1", 0...10, fill: 1...9, ttl: 5)
            $0.get("k#1", moment...(moment + 1))
        }
        #expect(found == (isViolation ? [.expiredValue] : []))
    }

    @Test func valueThatWasNotToBeStoredIsNotReturnedLater() {
        #expect(
            rules {
                $0.fill("k#1", 0...10, fill: 1...9) { $0.isStored = false }
                $0.get("k#1", 20...21)
            } == [.expiredValue]
        )
    }

    @Test func valueOfAnotherKeyIsForeign() {
        #expect(rules { $0.get("k#9", 0...1) } == [.foreignValue])
        #expect(
            rules {
                $0.call(.set, 0...1) {
                    $0.keys = ["other"]
                    $0.written = "other#1"
                }
                $0.get("other#1", 2...3)
            } == [.foreignValue]
        )
    }

    // MARK: Counters

    @Test func counterThatGoesBackHasLostAnIncrement() {
        #expect(
            rules {
                $0.increment(5, 5, 0...10)
                $0.increment(2, 2, 20...30)
            } == [.lostIncrement]
        )
        #expect(
            rules {
                $0.increment(5, 5, 0...10)
                $0.count(nil, 20...30)
            } == [.lostIncrement]
        )
    }

    @Test func incrementsAtTheSameTimeDoNotShareANumber() {
        #expect(
            rules {
                $0.increment(5, 5, 0...30)
                $0.increment(2, 2, 10...40)
            } == [.lostIncrement]
        )
        #expect(
            rules {
                $0.increment(5, 7, 0...30)
                $0.increment(2, 2, 10...40)
                $0.count(7, 50...60)
            } == []
        )
    }

    @Test func resetLetsACounterStartAgain() {
        #expect(
            rules {
                $0.increment(5, 5, 0...10)
                $0.call(.remove, 12...15) { $0.keys = ["n"] }
                $0.increment(2, 2, 20...30)
            } == []
        )
    }

    @Test func incrementThatThrewMayOrMayNotCount() {
        for number in [2, 7] {
            #expect(
                rules {
                    $0.increment(5, nil, 0...10)
                    $0.increment(2, number, 20...30)
                } == []
            )
        }
        #expect(
            rules {
                $0.increment(5, nil, 0...10)
                $0.increment(2, 8, 20...30)
            } == [.lostIncrement]
        )
    }

    @Test func resetTakesAwayWhatWasThereBefore() {
        #expect(
            rules {
                $0.increment(5, 5, 0...10)
                $0.call(.clear, 12...15)
                $0.count(5, 20...30)
            } == [.lostIncrement]
        )
    }

    // MARK: Reports

    @Test func reportNamesTheFillTheInvalidationAndTheCall() throws {
        var script = Script()
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
