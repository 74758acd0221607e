import LarderTesting
import Testing

@testable import Larder

/// Filling by hand: a read that asks for a lease, and a write under it.
@Suite(.timeLimit(.minutes(10))) struct LeasedWritingTests {
    private static let key = CacheKey<Int>("k")

    private func lease(_ cache: Cache) async throws -> FillLease<Int>? {
        guard case .granted(let lease) = try await cache.getOrLease(Self.key) else { return nil }
        return lease
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func valueIsStoredUnderItsLease(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let lease = try #require(try await self.lease(subject.cache))
            guard case .taken = try await subject.other.getOrLease(Self.key) else {
                Issue.record("two leases on one key")
                return
            }
            try await #expect(subject.cache.set(under: lease, to: 1))
            guard case .hit(1) = try await subject.other.getOrLease(Self.key) else {
                Issue.record("the value is not there")
                return
            }
            // It is used up.
            try await #expect(!subject.cache.set(under: lease, to: 2))
            try await #expect(subject.cache.get(Self.key) == 1)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func invalidationInBetweenIsNotOverwritten(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let lease = try #require(try await self.lease(subject.cache))
            try await subject.other.remove(Self.key)
            try await #expect(!subject.cache.set(under: lease, to: 1))
            try await #expect(subject.cache.get(Self.key) == nil)
        }
    }

    @Test(arguments: CacheUnderTest.Shape.allCases)
    func leaseIsGivenBack(_ shape: CacheUnderTest.Shape) async throws {
        try await withCache(shape) { subject in
            let lease = try #require(try await self.lease(subject.cache))
            try await subject.cache.giveBack(lease)
            let next = try #require(try await self.lease(subject.other))
            try await #expect(!subject.other.set(under: next, to: 1, ttl: .seconds(0)))
            try await #expect(subject.cache.get(Self.key) == nil)
        }
    }

    @Test func leaseForNoTimeIsRefused() async throws {
        try await withCache { subject in
            await expectError(.invalidArgument) { try await subject.cache.getOrLease(Self.key, for: .zero) }
        }
    }
}
