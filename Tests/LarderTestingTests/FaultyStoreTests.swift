import Larder
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct FaultyStoreTests {
    private let store = FaultyStore(.memory(entries: 100))
    private let key = CacheKey<Int>("k")

    private var cache: Cache { Cache(self.store, namespace: "ns", defaults: .init(failurePolicy: .throwing)) }

    @Test func itWorksAtFirstAndCountsItsCalls() async throws {
        let cache = self.cache
        try await cache.set(self.key, to: 1)
        try await #expect(cache.get(self.key) == 1)
        try await #expect(cache.get(self.key) == 1)
        try await #expect(cache.entryCount() == 1)
        #expect(self.store.calls == [.write: 1, .read: 2, .keys: 1])
        #expect(self.store.kind == "memory")
    }

    @Test func failingOperationsThrowAndDoNothingUntilItRecovers() async throws {
        let cache = self.cache
        self.store.fail([.write])
        let error = await #expect(throws: CacheError.self) { try await cache.set(self.key, to: 1) }
        #expect(error?.code == .unavailable)
        try await #expect(cache.get(self.key) == nil)
        self.store.recover()
        try await cache.set(self.key, to: 1)
        try await #expect(cache.get(self.key) == 1)
    }

    @Test func hangingCallsGoOnWhenItRecovers() async throws {
        let cache = self.cache
        try await cache.set(self.key, to: 1)
        self.store.hang([.read])
        let read = Task { [key] in try await cache.get(key) }
        while self.store.hangingCalls == 0 { await Task.yield() }
        self.store.recover()
        try await #expect(read.value == 1)
    }

    @Test func hangingCallsEndWhenTheyAreCancelled() async throws {
        let cache = self.cache
        self.store.hang()
        let read = Task { [key] in try await cache.get(key) }
        while self.store.hangingCalls == 0 { await Task.yield() }
        read.cancel()
        await #expect(throws: CancellationError.self) { _ = try await read.value }
        #expect(self.store.hangingCalls == 0)
    }

    @Test func interceptionComesBetween() async throws {
        struct Refusal: Error {}
        let cache = self.cache
        self.store.intercept { operation, moment in
            if operation == .remove, moment == .after { throw Refusal() }
        }
        try await cache.set(self.key, to: 1)
        await #expect(throws: Refusal.self) { try await cache.remove(self.key) }
        self.store.intercept(nil)
        try await #expect(cache.get(self.key) == nil)
    }
}
