import Larder
import LarderTesting
import Testing

/// Random histories on memory: none breaks a promise, and the same seed is the same history.
@Suite struct HistoryRunTests {
    /// One memory store for all caches of a history.
    private static func memory(_ isFenced: Bool = true) -> HistoryRun.Stores {
        { clock, count in
            let store = MemoryStore(limit: .entries(10_000), clock: clock)
            let shown: any CacheStore = isFenced ? store : UnfencedStore(store)
            return Array(repeating: shown, count: count)
        }
    }

    /// One tiered store for all caches of a history, memory over memory.
    private static func tiered(_ upperTTL: Duration?, _ isFenced: Bool = true) -> HistoryRun.Stores {
        { clock, count in
            let memory = (0..<2).map { _ in MemoryStore(limit: .entries(10_000), clock: clock) }
            let store = TieredStore(upper: memory[0], lower: HistoryRun.pausing(memory[1]), upperTTL: upperTTL)
            let shown: any CacheStore = isFenced ? store : UnfencedStore(store)
            return Array(repeating: shown, count: count)
        }
    }

    @Test(arguments: [nil, Duration.milliseconds(2)], [0, 20] as [UInt64])
    func noHistoryOnTwoTiersBreaksAPromise(_ upperTTL: Duration?, _ first: UInt64) async throws {
        for seed in first..<(first + 20) {
            let history = try await HistoryRun.simulated(seed: seed, stores: Self.tiered(upperTTL))
            let violations = HistoryChecker(.tiered).violations(in: history)
            #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
        }
    }

    /// Tiered stores that have only the lower tier in common, as those of several processes.
    private static let processes: HistoryRun.Stores = { clock, count in
        let lower = HistoryRun.pausing(MemoryStore(limit: .entries(10_000), clock: clock))
        return (0..<count).map { _ in
            TieredStore(upper: MemoryStore(limit: .entries(10_000), clock: clock), lower: lower)
        }
    }

    @Test(arguments: [0, 20] as [UInt64])
    func noStrictHistoryOfSeveralProcessesBreaksAPromise(_ first: UInt64) async throws {
        var options = HistoryOptions()
        options.freshness = .strict
        for seed in first..<(first + 20) {
            let history = try await HistoryRun.simulated(seed: seed, options, stores: Self.processes)
            let violations = HistoryChecker(.tiered).violations(in: history)
            #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
        }
    }

    @Test func trackedReadsDoNotSeeAtOnceWhatOtherProcessesInvalidate() async throws {
        var rules = Set<HistoryViolation.Rule>()
        for seed in 0..<20 as Range<UInt64> {
            let history = try await HistoryRun.simulated(seed: seed, stores: Self.processes)
            rules.formUnion(HistoryChecker(.tiered).violations(in: history).map(\.rule))
        }
        #expect(rules.contains(.resurrection))
    }

    @Test func sameSeedIsTheSameHistoryOnTwoTiers() async throws {
        for seed in 0..<5 as Range<UInt64> {
            let once = try await HistoryRun.simulated(seed: seed, stores: Self.tiered(nil))
            let again = try await HistoryRun.simulated(seed: seed, stores: Self.tiered(nil))
            #expect(once == again, "seed \(seed)")
        }
    }

    @Test(arguments: 0..<8)
    func noHistoryOnMemoryBreaksAPromise(_ block: UInt64) async throws {
        for seed in (block * 40)..<(block * 40 + 40) {
            let history = try await HistoryRun.simulated(seed: seed, stores: Self.memory())
            #expect(history.calls.count >= 200)
            let violations = HistoryChecker().violations(in: history)
            #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
        }
    }

    @Test func historiesHaveWhatTheChecksAreAbout() async throws {
        var operations = Set<HistoryCall.Operation>()
        var errors = Set<String>()
        var fills: [HistoryFill] = []
        for seed in 0..<20 as Range<UInt64> {
            let history = try await HistoryRun.simulated(seed: seed, stores: Self.memory())
            for call in history.calls {
                #expect(call.end != nil, "every call ends")
                operations.insert(call.operation)
                if let error = call.error { errors.insert(error) }
                fills += call.fills
            }
        }
        #expect(operations == Set(HistoryCall.Operation.allCases))
        #expect(errors == ["cancelled", "fillFailed", "fillTimedOut"])
        #expect(fills.contains { $0.outcome == .cancelled })
        #expect(fills.contains { !$0.dependencies.isEmpty })
        #expect(fills.contains { !$0.lateTags.isEmpty })
        #expect(fills.contains { !$0.parts.isEmpty })
        #expect(fills.contains { !$0.isStored })
        #expect(fills.contains { $0.values.count > 1 })
    }

    @Test func sameSeedIsTheSameHistory() async throws {
        for seed in 0..<10 as Range<UInt64> {
            let once = try await HistoryRun.simulated(seed: seed, stores: Self.memory())
            let again = try await HistoryRun.simulated(seed: seed, stores: Self.memory())
            #expect(once == again, "seed \(seed)")
            #expect(once.digest == again.digest)
            let other = try await HistoryRun.simulated(seed: seed + 1_000, stores: Self.memory())
            #expect(once.digest != other.digest)
        }
    }

    @Test func storeWithoutAFenceIsFoundOut() async throws {
        var rules = Set<HistoryViolation.Rule>()
        for seed in 0..<20 as Range<UInt64> {
            let history = try await HistoryRun.simulated(seed: seed, stores: Self.memory(false))
            rules.formUnion(HistoryChecker().violations(in: history).map(\.rule))
        }
        #expect(rules.contains(.resurrection))
        rules = []
        for seed in 0..<20 as Range<UInt64> {
            let history = try await HistoryRun.simulated(seed: seed, stores: Self.tiered(nil, false))
            rules.formUnion(HistoryChecker().violations(in: history).map(\.rule))
        }
        #expect(rules.contains(.resurrection))
    }

    @Test func historyInRealTimeBreaksNoPromise() async throws {
        let history = try await HistoryRun.live(seed: 7, namespace: "history", stores: Self.memory())
        #expect(history.calls.count >= 200)
        let violations = HistoryChecker(.realTime).violations(in: history)
        #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
    }

    @Test func gateHoldsCallsBackAndErrorsOpenIt() async throws {
        struct Broken: Error {}
        let (counts, counted) = AsyncStream.makeStream(of: Int.self)
        await #expect(throws: Broken.self) {
            try await HistoryRun.live(seed: 9, namespace: "history", stores: Self.memory()) { control in
                try await control.reached(10)
                control.narrowGate(to: 5)
                try await Task.sleep(for: .milliseconds(50))
                let held = control.callCount
                try await Task.sleep(for: .milliseconds(50))
                counted.yield(control.callCount - held)
                throw Broken()
            }
        }
        counted.finish()
        var found: [Int] = []
        for await count in counts { found.append(count) }
        #expect(found == [0])
    }

    @Test func disturbanceRunsBesideTheHistoryAndEndsWithIt() async throws {
        let (ends, ended) = AsyncStream.makeStream(of: Bool.self)
        _ = try await HistoryRun.live(seed: 8, namespace: "history", stores: Self.memory()) { _ in
            try? await Task.sleep(for: .seconds(3_600))
            ended.yield(Task.isCancelled)
        }
        ended.finish()
        var found: [Bool] = []
        for await isCancelled in ends { found.append(isCancelled) }
        #expect(found == [true])
    }
}
