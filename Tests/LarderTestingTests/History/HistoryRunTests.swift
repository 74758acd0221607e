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
    }

    @Test func historyInRealTimeBreaksNoPromise() async throws {
        let history = try await HistoryRun.live(seed: 7, namespace: "history", stores: Self.memory())
        #expect(history.calls.count >= 200)
        let violations = HistoryChecker(.realTime).violations(in: history)
        #expect(violations.isEmpty, "\(violations.first.map { "\($0)" } ?? "")")
    }

    @Test func disturbanceRunsBesideTheHistoryAndEndsWithIt() async throws {
        let (ends, ended) = AsyncStream.makeStream(of: Bool.self)
        _ = try await HistoryRun.live(seed: 8, namespace: "history", stores: Self.memory()) {
            try? await Task.sleep(for: .seconds(3_600))
            ended.yield(Task.isCancelled)
        }
        ended.finish()
        var found: [Bool] = []
        for await isCancelled in ends { found.append(isCancelled) }
        #expect(found == [true])
    }
}
