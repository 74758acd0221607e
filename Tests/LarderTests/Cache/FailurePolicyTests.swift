import LarderTesting
import Testing

@testable import Larder

/// What the cache does while its store fails, hangs, or answers nonsense.
@Suite(.timeLimit(.minutes(10))) struct FailurePolicyTests {
    @Test func readsMissAndAreCountedUnderMissing() async throws {
        try await withCache { subject in
            let cache = subject.cache
            let key = CacheKey<Int>("k")
            try await cache.set(key, to: 1)
            subject.faults.fail()
            try await #expect(cache.get(key) == nil)
            #expect(cache.counters.unavailable == 1)
            try await #expect(cache.getMany([key, "l", "m"]) == [:])
            #expect(cache.counters.unavailable == 4)
            guard case .unavailable(let error) = try await cache.lookup(key) else {
                Issue.record("not unavailable")
                return
            }
            #expect(error.code == .unavailable)
            #expect(error.canRetry)
            #expect(cache.counters.unavailable == 5)
            #expect(cache.counters.misses == 0)
            subject.faults.recover()
            try await #expect(cache.get(key) == 1)
        }
    }

    @Test func readsThrowUnderThrowing() async throws {
        try await withCache(.remote, .init(failurePolicy: .throwing)) { subject in
            let cache = subject.cache
            let key = CacheKey<Int>("k")
            subject.faults.fail()
            await expectError(.unavailable) { try await cache.get(key) }
            await expectError(.unavailable) { try await cache.getMany([key]) }
            await expectError(.unavailable) { try await cache.fetch(key) { 1 } }
            await expectError(.unavailable) { try await cache.fetchMany([key]) { _ in [:] } }
            #expect(cache.counters.unavailable == 4)
            #expect(cache.counters.fills == 0)
            // A call can want it otherwise.
            try await #expect(cache.get(key, onFailure: .missing) == nil)
            try await #expect(cache.fetch(key, filling: 1, onFailure: .missing) == 1)
        }
    }

    @Test func aCallCanThrowUnderMissing() async throws {
        try await withCache { subject in
            subject.faults.fail()
            await expectError(.unavailable) { try await subject.cache.get(CacheKey<Int>("k"), onFailure: .throwing) }
            await expectError(.unavailable) { try await subject.cache.fetch("k", onFailure: .throwing) { 1 } }
        }
    }

    @Test func writesAndInvalidationsThrowUnderEitherPolicy() async throws {
        for policy in [FailurePolicy.missing, .throwing] {
            try await withCache(.remote, .init(failurePolicy: policy)) { subject in
                let cache = subject.cache
                let key = CacheKey<Int>("k")
                subject.faults.fail()
                await expectError(.unavailable) { try await cache.set(key, to: 1) }
                await expectError(.unavailable) { try await cache.add(key, 1) }
                await expectError(.unavailable) { try await cache.replace(key, with: 1) }
                await expectError(.unavailable) { try await cache.setMany([key: 1]) }
                await expectError(.unavailable) { try await cache.remove(key) }
                await expectError(.unavailable) { try await cache.removeMany([key, "l"]) }
                await expectError(.unavailable) { try await cache.removeAll(matching: "*") }
                await expectError(.unavailable) { try await cache.clear() }
                await expectError(.unavailable) { try await cache.increment(key, initial: 1) }
                await expectError(.unavailable) { try await cache.append("k", "text") }
                await expectError(.unavailable) { try await cache.touch(key) }
                await expectError(.unavailable) { try await cache.contains(key) }
                await expectError(.unavailable) { try await cache.ttl(of: key) }
                await expectError(.unavailable) { try await cache.incrementVersion(of: key) }
                await expectError(.unavailable) { try await cache.entryCount() }
                await expectError(.unavailable) { for try await _ in cache.keys() {} }
                #expect(cache.counters.unavailable == 17)
            }
        }
    }

    @Test func fetchFillsOnceForAllAndStoresNothingWhileTheStoreFails() async throws {
        try await withCache(.remote, .init(circuitBreaker: nil)) { subject in
            let cache = subject.cache
            subject.faults.fail()
            let gate = Gate()
            let tasks = (0..<50).map { _ in
                Task {
                    try await cache.fetchReportingOutcome("k") { _ in
                        try await gate.pass()
                        return 1
                    }
                }
            }
            try await subject.waitForSeats(50)
            gate.open()
            for task in tasks {
                let fetched = try await task.value
                #expect(fetched.value == 1)
                switch fetched.outcome {
                case .filled(let info), .joined(let info):
                    #expect(info.storeWasUnavailable)
                    #expect(!info.isStored)
                default: Issue.record("\(fetched.outcome)")
                }
            }
            #expect(cache.counters.fills == 1)
            #expect(cache.counters.unavailable == 50)
            #expect(subject.faults.calls[.commit] == nil)
            subject.faults.recover()
            try await #expect(cache.contains(CacheKey<Int>("k")) == false)
        }
    }

    @Test func fillWhileTheStoreFailsIsCutOffByInvalidations() async throws {
        try await withCache { subject in
            let cache = subject.cache
            subject.faults.fail()
            let gate = Gate()
            let old = Task {
                try await cache.fetch("k") { () -> Int in
                    try await gate.pass()
                    return 1
                }
            }
            try await eventually("the fill runs") { gate.arrivals == 1 }
            // It throws, and nobody can say that it was lost in silence; those who come later are parted all the same.
            await expectError(.unavailable) { try await cache.remove(CacheKey<Int>("k")) }
            try await #expect(cache.fetch("k", filling: 2) == 2)
            gate.open()
            try await #expect(old.value == 1)
        }
    }

    @Test func storeThatFailsBetweenReadAndLeaseCostsNoValue() async throws {
        try await withCache { subject in
            let reads = Tally()
            subject.faults.intercept { operation, moment in
                if operation == .read, moment == .before, reads.add() == 2 {
                    throw CacheError(.unavailable, "gone")
                }
            }
            try await #expect(subject.cache.fetch("k", filling: 1) == 1)
            #expect(subject.cache.counters.unavailable == 1)
            #expect(subject.cache.counters.misses == 1)
        }
    }

    @Test func leaseWhoseAnswerIsLostIsGivenBack() async throws {
        try await withCache { subject in
            let reads = Tally()
            subject.faults.intercept { operation, moment in
                // Granted, but the caller hears of a failure.
                if operation == .read, moment == .after, reads.add() == 2 { throw CacheError(.unavailable, "gone") }
            }
            try await #expect(subject.cache.fetch("k", filling: 1) == 1)
            try await subject.settle()
            #expect(subject.memory.leases.standing == 0)
            try await #expect(subject.cache.fetch("k", filling: 2) == 2)
            try await #expect(subject.cache.get(CacheKey<Int>("k")) == 2)
        }
    }

    @Test func valueThatCannotBeStoredReachesItsCallersAndItsLeaseIsGivenBack() async throws {
        try await withCache { subject in
            subject.faults.fail([.commit])
            let fetched = try await subject.cache.fetchReportingOutcome("k") { _ in 1 }
            guard case .filled(let info) = fetched.outcome else {
                Issue.record("\(fetched.outcome)")
                return
            }
            #expect(!info.isStored)
            #expect(!info.storeWasUnavailable)
            #expect(subject.cache.counters.unavailable == 1)
            try await subject.settle()
            #expect(subject.memory.leases.standing == 0)
        }
    }

    @Test func leaseThatCannotBeGivenBackDoesNotBlockTheNextFill() async throws {
        try await withCache { subject in
            let cache = subject.cache
            subject.faults.fail([.release])
            await #expect(throws: Failure.self) { _ = try await cache.fetch("k") { () -> Int in throw Failure() } }
            try await subject.settle()
            #expect(subject.memory.leases.standing == 1)
            // Its own lease stands in the way and cannot be given back: as if the store were unavailable.
            try await #expect(cache.fetch("k", filling: 1) == 1)
            subject.faults.recover()
            try await #expect(cache.fetch("k", filling: 2) == 2)
            try await #expect(cache.get(CacheKey<Int>("k")) == 2)
        }
    }

    @Test func callsThatHangEndWhenTheyAreCancelled() async throws {
        try await withCache { subject in
            let cache = subject.cache
            subject.faults.hang()
            let tasks = (0..<10).map { index in Task { try await cache.fetch(CacheKey<Int>("k\(index)")) { 1 } } }
            try await eventually("all calls hang") { subject.faults.hangingCalls == 10 }
            for task in tasks { task.cancel() }
            for task in tasks { await #expect(throws: CancellationError.self) { _ = try await task.value } }
            subject.faults.recover()
        }
    }

    @Test func storeThatAnswersTooFewKeysIsUnavailable() async throws {
        let cache = Cache(ShortStore(), namespace: "ns", defaults: .init(failurePolicy: .throwing))
        await expectError(.unavailable) { try await cache.get(CacheKey<Int>("k")) }
        await expectError(.unavailable) { try await cache.getMany(["k", "l"] as [CacheKey<Int>]) }
        await expectError(.unavailable) { try await cache.fetch("k") { 1 } }
        try await #expect(cache.fetch("k", filling: 1, onFailure: .missing) == 1)
        #expect(cache.flights.count == 0)
    }
}

/// A store that answers no read.
private struct ShortStore: CacheStore {
    var kind: String { "short" }

    func open(_ namespace: CacheNamespace) -> any NamespaceStore { Namespace() }

    private struct Namespace: NamespaceStore {
        func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }
        func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] { [] }
        func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] { [] }
        func commit(_ commits: [EntryCommit]) async throws -> [Bool] { [] }
        func release(_ leases: [Lease]) async throws {}
        func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] { [] }
        func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] { [] }
        func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {}
        func report(on key: StoreKey) async throws -> [EntryReport] { [] }
        func remove(_ keys: [StoreKey]) async throws -> [Bool] { [] }
        func increment(
            _ key: StoreKey,
            by delta: Int64,
            initial: EntryWrite?,
            within bounds: ClosedRange<Int64>
        ) async throws -> Int64 { 0 }
        func append(_ write: EntryWrite) async throws -> Int { 0 }
        func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool { false }
        func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
            AsyncThrowingStream { $0.finish() }
        }
        func removeAll(matching pattern: GlobPattern) async throws -> Int { 0 }
        func clear() async throws {}
    }
}
