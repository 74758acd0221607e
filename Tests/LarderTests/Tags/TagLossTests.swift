import LarderTesting
import Testing

@testable import Larder

/// Ways in which a value could lose its tags on the way into the store.
@Suite(.timeLimit(.minutes(10))) struct TagLossTests {
    private static let page = CacheKey<Int>("page")

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func entryThatMovesToAnotherVersionKeepsItsTagsAndGrace(_ shape: CacheUnderTest.Shape) async throws {
        let policy = try FetchPolicy(ttl: .seconds(60), staleOnError: .seconds(30))
        try await withCache(shape, .init(fetchPolicy: policy)) { subject in
            let cache = subject.cache
            _ = try await cache.fetch("k", tags: ["t"]) { 1 }
            try await cache.incrementVersion(of: CacheKey<Int>("k"))
            try await #expect(cache.get(CacheKey<Int>("k", version: 2)) == 1)
            let report = try await cache.explain(CacheKey<Int>("k", version: 2)).tiers.last
            #expect(report?.tags == ["t"])
            #expect(report?.grace == .seconds(30))
            try await subject.other.invalidate(tags: ["t"])
            try await #expect(cache.get(CacheKey<Int>("k", version: 2)) == nil)
        }
    }

    @Test func pageIsNotStoredWhenTheRowItReadKnowsNoTags() async throws {
        try await withCache(.remote, .init(circuitBreaker: nil)) { subject in
            let cache = subject.cache
            let value = try await cache.fetch(Self.page) { () -> Int in
                subject.faults.fail([.read])
                let row = try await cache.fetch("row", tags: ["row"]) { 1 }
                subject.faults.recover()
                return row
            }
            #expect(value == 1)
            try await #expect(cache.get(Self.page) == nil)
        }
    }

    @Test func pageIsNotStoredWhenATagDeepInsideCouldNotBeTaken() async throws {
        try await withCache(.remote, .init(circuitBreaker: nil)) { subject in
            let cache = subject.cache
            _ = try await cache.fetch(Self.page) { () -> Int in
                try await cache.fetch("row") { context in
                    subject.faults.fail([.marks])
                    try await context.depends(on: "row")
                    subject.faults.recover()
                    return 1
                }
            }
            try await #expect(cache.get(Self.page) == nil)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func pageFallsWithRowsThatWereNotThere(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            _ = try await cache.fetch(Self.page) { () -> Int in
                try await cache.fetchMany(["a", "b"] as [CacheKey<Int>], tags: ["rows"]) { _ in [:] }.count
            }
            try await #expect(cache.get(Self.page) == 0)
            try await subject.other.invalidate(tags: ["rows"])
            try await #expect(cache.get(Self.page) == nil)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func fillBesideAnotherProcessIsNotJoinedAfterAnInvalidation(_ shape: CacheUnderTest.Shape) async throws {
        let policy = try FetchPolicy(scope: .process)
        try await withCache(shape) { subject in
            let cache = subject.cache
            // Another process holds the lease, and knows nothing of the tag.
            guard case .granted(let lease) = try await subject.other.getOrLease(Self.page) else {
                Issue.record("no lease")
                return
            }
            let gate = Gate()
            let early = Task {
                try await cache.fetch(Self.page, policy: policy) { context in
                    try await context.depends(on: "t")
                    try await gate.pass()
                    return 1
                }
            }
            try await eventually("the fill has its tag") { gate.arrivals == 1 }
            try await subject.other.invalidate(tags: ["t"])
            let late = Task { try await cache.fetch(Self.page, policy: policy) { 2 } }
            try await eventually("the late one waits") { cache.flights.seatCount == 2 }
            gate.open()
            try await #expect(early.value == 1)
            try await #expect(late.value == 2)
            try await subject.other.giveBack(lease)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func textThatOnlyLooksAlikeIsAnotherKey(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let cache = subject.cache
            let composed = CacheKey<Int>("caf\u{E9}")
            let decomposed = CacheKey<Int>("cafe\u{301}")
            #expect(composed != decomposed)
            try await cache.setMany([composed: 1, decomposed: 2])
            try await #expect(cache.getMany([composed, decomposed]) == [composed: 1, decomposed: 2])
            try await #expect(cache.removeMany([composed, decomposed]) == 2)
            try await #expect(cache.getMany([composed, decomposed]).isEmpty)
        }
    }

    @Test func leaseOfAReadThatWasCancelledIsGivenBack() async throws {
        try await withCache(.remote) { subject in
            let cache = subject.cache
            subject.faults.intercept { operation, moment in
                if operation == .read, moment == .after { throw CancellationError() }
            }
            await #expect(throws: CancellationError.self) { _ = try await cache.getOrLease(Self.page) }
            subject.faults.intercept(nil)
            try await subject.settle()
            #expect(subject.memory.leases.standing == 0)
        }
    }
}
