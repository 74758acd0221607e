import Larder
import LarderTesting
import Testing

/// What outages excuse in a history, and what they do not.
@Suite struct HistoryOutageTests {
    private typealias Rule = HistoryViolation.Rule

    private static func call(
        _ operation: HistoryCall.Operation,
        _ moments: ClosedRange<Int64>,
        _ describe: (inout HistoryCall) -> Void = { _ in }
    ) -> HistoryCall {
        var call = HistoryCall(operation, history: 1, begin: moments.lowerBound, end: moments.upperBound)
        call.keys = ["k"]
        describe(&call)
        return call
    }

    private static func fill(
        _ value: String,
        _ moments: ClosedRange<Int64>,
        fill: ClosedRange<Int64>,
        ttl: Int? = nil
    ) -> HistoryCall {
        Self.call(.fetch, moments) {
            $0.ttl = ttl
            $0.values = [value]
            $0.fills = [
                HistoryFill(values: [value], begin: fill.lowerBound, end: fill.upperBound, outcome: .finished)
            ]
        }
    }

    private static func get(_ value: String?, _ moments: ClosedRange<Int64>) -> HistoryCall {
        Self.call(.get, moments) { $0.values = [value] }
    }

    /// A `set` that threw.
    private static func lostSet(_ value: String, _ moments: ClosedRange<Int64>, settled: Int64?) -> HistoryCall {
        Self.call(.set, moments) {
            $0.written = value
            $0.error = "unavailable"
            $0.settled = settled
        }
    }

    private static func counter(
        _ operation: HistoryCall.Operation,
        _ number: Int?,
        _ moments: ClosedRange<Int64>,
        delta: Int? = nil,
        settled: Int64? = nil
    ) -> HistoryCall {
        Self.call(operation, moments) {
            $0.keys = ["n"]
            $0.number = number
            $0.delta = delta
            $0.settled = settled
            if operation == .increment, number == nil { $0.error = "unavailable" }
        }
    }

    private static func history(_ calls: [HistoryCall], _ outages: [HistoryOutage] = []) -> History {
        var numbered = calls.sorted { $0.begin < $1.begin }
        for index in numbered.indices { numbered[index].id = index }
        var history = History(seed: 1, calls: numbered)
        history.outages = outages
        return history
    }

    private static func rules(
        _ calls: [HistoryCall],
        _ outages: [HistoryOutage] = [],
        recovery: Duration = .zero
    ) -> [Rule] {
        var rules = HistoryRules()
        rules.recovery = recovery
        return HistoryChecker(rules).violations(in: Self.history(calls, outages)).map(\.rule)
    }

    // MARK: Calls of unknown fate

    @Test(arguments: [(nil, false), (40, false), (25, true)] as [(Int64?, Bool)])
    func writeThatThrewMayTakeEffectUntilItIsSettled(_ settled: Int64?, _ isViolation: Bool) {
        let found = Self.rules([
            Self.lostSet("k#1", 0...10, settled: settled),
            Self.call(.remove, 30...35),
            Self.get("k#1", 60...70),
        ])
        #expect(found == (isViolation ? [.resurrection] : []))
    }

    @Test(arguments: [(nil, false), (25, false), (18, true)] as [(Int64?, Bool)])
    func removalThatThrewExcusesSecondFillsUntilItIsSettled(_ settled: Int64?, _ isViolation: Bool) {
        let found = Self.rules([
            Self.call(.remove, 0...5) {
                $0.error = "unavailable"
                $0.settled = settled
            },
            Self.fill("k#1", 20...30, fill: 21...29),
            Self.fill("k#2", 40...50, fill: 41...49),
        ])
        #expect(found == (isViolation ? [.secondFill] : []))
    }

    @Test(arguments: [(nil, false), (12, true), (25, false)] as [(Int64?, Bool)])
    func incrementThatThrewCountsUntilItIsSettled(_ settled: Int64?, _ isViolation: Bool) {
        let found = Self.rules([
            Self.counter(.increment, nil, 0...10, delta: 5, settled: settled),
            Self.call(.clear, 20...30),
            Self.counter(.get, 5, 40...50),
        ])
        #expect(found == (isViolation ? [.lostIncrement] : []))
    }

    // MARK: Outages

    @Test(arguments: [
        (HistoryOutage(begin: 2, end: 5), true),
        (HistoryOutage(begin: 2, end: 12), false),
        (HistoryOutage(begin: 25, end: 27), false),
        (HistoryOutage(begin: 35, end: nil), false),
        (HistoryOutage(begin: 44, end: nil), true),
    ])
    func outageBetweenTwoFillsExcusesTheSecond(_ outage: HistoryOutage, _ isViolation: Bool) {
        let calls = [Self.fill("k#1", 10...20, fill: 11...19), Self.fill("k#2", 40...50, fill: 43...49)]
        #expect(Self.rules(calls, [outage]) == (isViolation ? [.secondFill] : []))
    }

    @Test(arguments: [
        (HistoryIncident(.failover, begin: 1, end: 8, succession: 2), true),
        (HistoryIncident(.failover, begin: 1, end: 15, succession: 2), false),
        (HistoryIncident(.failover, begin: 1, end: 60, succession: 2, acquaintance: 8), true),
        (HistoryIncident(.failover, begin: 1, end: 60, succession: 2, acquaintance: 15), false),
        (HistoryIncident(.failover, begin: 12, end: 60, succession: 30), false),
        (HistoryIncident(.failover, begin: 12, end: 60, succession: 45), true),
        (HistoryIncident(.move, begin: 12, end: 30), true),
    ])
    func anotherPrimaryBetweenTwoFillsExcusesTheSecond(_ incident: HistoryIncident, _ isViolation: Bool) {
        var history = Self.history([Self.fill("k#1", 10...20, fill: 11...19), Self.fill("k#2", 40...50, fill: 43...49)])
        history.incidents = [incident]
        let found = HistoryChecker(HistoryRules()).violations(in: history).map(\.rule)
        #expect(found == (isViolation ? [.secondFill] : []))
    }

    @Test func betweenTiersAReaderMaySeeWhatIsBeingWrittenBeforeTheOthers() {
        let unacknowledged = [
            Self.counter(.increment, 3, 0...40, delta: 3), Self.counter(.get, 3, 5...10),
            Self.counter(.get, 0, 20...25),
        ]
        let acknowledged = [
            Self.counter(.increment, 3, 0...15, delta: 3), Self.counter(.get, 3, 5...10),
            Self.counter(.get, 0, 20...25),
        ]
        func rules(_ calls: [HistoryCall], _ rules: HistoryRules) -> [Rule] {
            Array(Set(HistoryChecker(rules).violations(in: Self.history(calls)).map(\.rule)))
        }
        #expect(rules(unacknowledged, HistoryRules()) == [.lostIncrement])
        #expect(rules(unacknowledged, .tiered) == [])
        #expect(rules(acknowledged, .tiered) == [.lostIncrement])
    }

    @Test(arguments: [(Duration.nanoseconds(9), false), (.nanoseconds(10), true), (nil, true)])
    func fillThatMayHaveLostItsLeaseNeedNotHaveStoredItsValue(_ lapse: Duration?, _ isViolation: Bool) {
        let calls = [Self.fill("k#1", 10...20, fill: 11...19), Self.fill("k#2", 40...50, fill: 43...49)]
        var rules = HistoryRules()
        rules.leaseMayLapseAfter = lapse
        let found = HistoryChecker(rules).violations(in: Self.history(calls)).map(\.rule)
        #expect(found == (isViolation ? [.secondFill] : []))
    }

    @Test func cacheMayNotKnowYetThatTheOutageIsOver() {
        let calls = [Self.fill("k#1", 10...20, fill: 11...19), Self.fill("k#2", 40...50, fill: 43...49)]
        let outage = HistoryOutage(begin: 2, end: 5)
        #expect(Self.rules(calls, [outage], recovery: .nanoseconds(4)) == [.secondFill])
        #expect(Self.rules(calls, [outage], recovery: .nanoseconds(5)) == [])
    }

    @Test(arguments: [
        // Joined in an outage what its own process was filling, and another process has removed.
        (1, 0, 0, 25, HistoryOutage(begin: 22, end: 24), false),
        // There was no outage, or it was over.
        (1, 0, 0, 25, HistoryOutage(begin: 2, end: 5), true),
        // Its own process has removed it, so it could know.
        (0, 0, 0, 25, HistoryOutage(begin: 22, end: 24), true),
        // The value is another process's: it came from the store.
        (1, 2, 0, 25, HistoryOutage(begin: 22, end: 24), true),
        // The fill had ended, so there was nothing to join.
        (1, 0, 0, 15, HistoryOutage(begin: 22, end: 24), true),
    ])
    func callThatJoinsInAnOutageKnowsNothingOfOthers(
        _ remover: Int,
        _ filler: Int,
        _ reader: Int,
        _ fillEnd: Int64,
        _ outage: HistoryOutage,
        _ isViolation: Bool
    ) {
        var fill = Self.fill("k#1", 0...30, fill: 1...fillEnd)
        fill.process = filler
        var remove = Self.call(.remove, 10...12)
        remove.process = remover
        var fetch = Self.call(.fetch, 20...31) { $0.values = ["k#1"] }
        fetch.process = reader
        let rules = Self.rules([fill, remove, fetch], [outage])
        #expect(rules == (isViolation ? [.resurrection] : []))
    }

    @Test func outageExcusesNoResurrection() {
        let calls = [
            Self.fill("k#1", 0...50, fill: 5...40),
            Self.call(.remove, 10...20),
            Self.get("k#1", 60...70),
        ]
        #expect(Self.rules(calls, [HistoryOutage(begin: 0, end: nil, losesEntries: true)]) == [.resurrection])
    }

    @Test(arguments: [
        (nil, true),
        (HistoryOutage(begin: 8, end: 3_000_000), false),
        (HistoryOutage(begin: 8, end: nil), false),
        (HistoryOutage(begin: 8, end: 500_000), true),
        (HistoryOutage(begin: 11, end: 3_000_000), true),
    ])
    func commitInAnOutageMayComeAsLateAsItsEnd(_ outage: HistoryOutage?, _ isViolation: Bool) {
        let calls = [
            Self.fill("k#1", 0...10, fill: 1...7, ttl: 5),
            Self.get("k#1", 7_000_000...7_000_001),
        ]
        #expect(Self.rules(calls, outage.map { [$0] } ?? []) == (isViolation ? [.expiredValue] : []))
    }

    @Test func outageThatLosesEntriesResetsCounters() {
        let calls = [Self.counter(.increment, 5, 0...10, delta: 5), Self.counter(.increment, 2, 40...50, delta: 2)]
        #expect(Self.rules(calls, [HistoryOutage(begin: 20, end: 30)]) == [.lostIncrement])
        #expect(Self.rules(calls, [HistoryOutage(begin: 20, end: 30, losesEntries: true)]) == [])
        #expect(Self.rules(calls, [HistoryOutage(begin: 60, end: 70, losesEntries: true)]) == [.lostIncrement])
    }

    @Test func counterThatCannotBeReadIsNotLost() {
        let calls = [Self.counter(.increment, 5, 0...10, delta: 5), Self.counter(.get, nil, 20...40)]
        #expect(Self.rules(calls) == [.lostIncrement])
        #expect(Self.rules(calls, [HistoryOutage(begin: 25, end: 35)]) == [])
        #expect(Self.rules(calls, [HistoryOutage(begin: 50, end: 60)]) == [.lostIncrement])
    }

    // MARK: Restarts

    /// The numbers of violations since the restart, before it, and of what was forgotten.
    private static func judgement(_ restart: Int64?, _ calls: [HistoryCall]) -> [[Rule]] {
        var history = Self.history(calls)
        history.restart = restart
        let judgement = HistoryChecker().judgement(of: history)
        return [judgement.violations, judgement.before, judgement.forgotten].map { $0.map(\.rule) }
    }

    @Test func restartTellsWhatIsHeldAgainstWhom() {
        let calls = [
            Self.fill("k#1", 0...50, fill: 5...40),
            Self.call(.remove, 20...30),
            Self.get("k#1", 60...70),
        ]
        #expect(Self.judgement(nil, calls) == [[.resurrection], [], []])
        // The removal was acknowledged by the new server.
        #expect(Self.judgement(15, calls) == [[.resurrection], [], []])
        // Nobody knows by which one.
        #expect(Self.judgement(25, calls) == [[], [], [.resurrection]])
        // By the old one, which has forgotten it.
        #expect(Self.judgement(55, calls) == [[], [], [.resurrection]])
        // And the new one was not seen yet when the value came back.
        #expect(Self.judgement(65, calls) == [[], [.resurrection], []])
    }

    @Test func whatOnlyTheOldServerWroteStillHasToGo() {
        let calls = [
            Self.call(.set, 0...10) { $0.written = "k#1" },
            Self.call(.remove, 30...40),
            Self.get("k#1", 60...70),
        ]
        #expect(Self.judgement(20, calls) == [[.resurrection], [], []])
    }
}
