import Testing

@testable import Larder

@Suite struct NullStoreTests {
    private let cache = Cache(.null, namespace: "ns")

    @Test func nothingIsEverThere() async throws {
        let key = CacheKey<Int>("k")
        try await self.cache.set(key, to: 1)
        try await self.cache.setMany([key: 1])
        try await #expect(self.cache.get(key) == nil)
        try await #expect(self.cache.getMany([key]) == [:])
        try await #expect(self.cache.contains(key) == false)
        try await #expect(self.cache.ttl(of: key) == nil)
        try await #expect(self.cache.touch(key) == false)
        try await #expect(self.cache.remove(key) == false)
        try await #expect(self.cache.entryCount() == 0)
        try await #expect(self.cache.removeAll(matching: "*") == 0)
        try await self.cache.clear()
        #expect(self.cache.storeKind == "null")
    }

    @Test func writesBehaveAsIfEvictedAtOnce() async throws {
        let key = CacheKey<Int>("k")
        try await #expect(self.cache.add(key, 1))
        try await #expect(self.cache.add(key, 1))
        try await #expect(self.cache.replace(key, with: 1) == false)
        await expectError(.keyNotFound) { try await self.cache.increment(key) }
        try await #expect(self.cache.increment(key, by: 2, initial: 40) == 42)
        await expectError(.integerOverflow) { try await self.cache.increment(key, by: 1, initial: .max) }
        try await #expect(self.cache.append("text", "abc") == 3)
        await expectError(.keyNotFound) { try await self.cache.incrementVersion(of: key) }
    }

    @Test func fillsRunOnceForAllWhoWait() async throws {
        let gate = Gate()
        let cache = self.cache
        let tasks = (0..<100).map { _ in
            Task {
                try await cache.fetch("k") {
                    try await gate.pass()
                    return 1
                }
            }
        }
        try await eventually("all wait") { cache.flights.seatCount == 100 }
        gate.open()
        for task in tasks { try await #expect(task.value == 1) }
        #expect(cache.counters.fills == 1)
        try await #expect(cache.fetch("k", filling: 2) == 2)
        try await eventually("all tasks have ended") { cache.flights.taskCount == 0 }
        #expect(cache.flights.count == 0)
    }
}
