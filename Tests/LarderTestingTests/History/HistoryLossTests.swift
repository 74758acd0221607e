import Larder
import LarderTesting
import Testing

/// What the loss of acknowledged writes explains in a history, and what it does not.
@Suite struct HistoryLossTests {
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

    private static func judgement(_ calls: [HistoryCall], _ losses: [HistoryLoss]) -> HistoryJudgement {
        var numbered = calls.sorted { $0.begin < $1.begin }
        for index in numbered.indices { numbered[index].id = index }
        var history = History(seed: 1, calls: numbered)
        history.losses = losses
        return HistoryChecker(HistoryRules()).judgement(of: history)
    }

    /// A value that is written, removed from 20 to 30, and read after that.
    private static let resurrection = [
        Self.call(.set, 0...10) { $0.written = "k#1" },
        Self.call(.remove, 20...30),
        Self.call(.get, 60...70) { $0.values = ["k#1"] },
    ]

    @Test(arguments: [
        (HistoryLoss(begin: 25, end: 40), true),
        (HistoryLoss(begin: 30, end: 40), true),
        (HistoryLoss(begin: 15, end: 20), true),
        // It has the removal.
        (HistoryLoss(begin: 31, end: 40), false),
        // It had answered for the last time before that.
        (HistoryLoss(begin: 5, end: 19), false),
        (HistoryLoss(begin: 71, end: 80), false),
    ])
    func removalIsOnlyLostInATimeOfLosses(_ loss: HistoryLoss, _ isExplained: Bool) {
        let judgement = Self.judgement(Self.resurrection, [loss])
        #expect(judgement.violations.map(\.rule) == (isExplained ? [] : [.resurrection]))
        #expect(judgement.lostWrites.map(\.rule) == (isExplained ? [.resurrection] : []))
    }

    @Test func withoutALossNothingIsExplained() {
        let judgement = Self.judgement(Self.resurrection, [])
        #expect(judgement.violations.map(\.rule) == [.resurrection])
        #expect(judgement.lostWrites.isEmpty)
    }

    @Test func anotherRemovalAfterTheLossIsHeldTo() {
        let calls = Self.resurrection + [Self.call(.remove, 45...50)]
        let judgement = Self.judgement(calls, [HistoryLoss(begin: 25, end: 40)])
        #expect(judgement.violations.map(\.rule) == [.resurrection])
    }

    @Test(arguments: [(HistoryLoss(begin: 15, end: 40), true), (HistoryLoss(begin: 60, end: 65), false)])
    func countersMayOnlyFallInATimeOfLosses(_ loss: HistoryLoss, _ isExplained: Bool) {
        let increments = [(1, 0...10), (2, 12...20), (2, 50...55)] as [(Int, ClosedRange<Int64>)]
        let calls = increments.map { number, moments in
            Self.call(.increment, moments) {
                $0.delta = 1
                $0.number = number
            }
        }
        let judgement = Self.judgement(calls, [loss])
        #expect(judgement.violations.isEmpty == isExplained)
        #expect(judgement.lostWrites.isEmpty == !isExplained)
    }

    @Test func foreignValueIsNeverExplained() {
        let judgement = Self.judgement(
            [Self.call(.get, 20...30) { $0.values = ["k#9"] }],
            [HistoryLoss(begin: 0, end: 40)]
        )
        #expect(judgement.violations.map(\.rule) == [.foreignValue])
        #expect(judgement.lostWrites.isEmpty)
    }
}

/// By when calls have to end.
@Suite struct HistoryDeadlinesTests {
    private static func lateCalls(
        _ operation: HistoryCall.Operation,
        took milliseconds: Int64,
        stall: ClosedRange<Int64>? = nil
    ) -> Int {
        let call = HistoryCall(operation, begin: 0, end: milliseconds * 1_000_000)
        var history = History(seed: 1, calls: [call])
        if let stall {
            history.stalls = [HistoryStall(begin: stall.lowerBound * 1_000_000, end: stall.upperBound * 1_000_000)]
        }
        let deadlines = HistoryDeadlines(commandTimeout: .milliseconds(100), hardTimeout: .seconds(1))
        return deadlines.lateCalls(in: history).count
    }

    @Test func callsHaveTheTimeOfTheirCommandsAndALittleMore() {
        #expect(Self.lateCalls(.get, took: 475) == 0)
        #expect(Self.lateCalls(.get, took: 476) == 1)
        #expect(Self.lateCalls(.invalidate, took: 275) == 0)
        #expect(Self.lateCalls(.invalidate, took: 276) == 1)
        #expect(Self.lateCalls(.fetch, took: 4_275) == 0)
        #expect(Self.lateCalls(.fetch, took: 4_276) == 1)
    }

    @Test func onlyStallsBehindTheDeadlineExcuse() {
        #expect(Self.lateCalls(.get, took: 600, stall: 420...560) == 0)
        #expect(Self.lateCalls(.get, took: 600, stall: 100...390) == 1)
        #expect(Self.lateCalls(.get, took: 600, stall: 350...430) == 1)
    }

    @Test func callThatHasNotEndedIsLate() {
        let history = History(seed: 1, calls: [HistoryCall(.get, begin: 0)])
        let deadlines = HistoryDeadlines(commandTimeout: .milliseconds(100), hardTimeout: .seconds(1))
        #expect(deadlines.lateCalls(in: history).count == 1)
    }
}
