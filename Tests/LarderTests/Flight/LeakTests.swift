import LarderTesting
import Testing

@testable import Larder

/// Nothing outlives its use: no flight, waiter, lease, timer or generation.
@Suite(.timeLimit(.minutes(15))) struct LeakTests {
    @Test func nothingIsLeftOfManyFetchesButTheEntries() async throws {
        let fetches = Soak.operations(20_000, soak: 1_000_000)
        let room = 1_000
        let clock = ManualClock()
        let memory = MemoryStore(limit: .entries(room), clock: CacheClock(clock))
        let cache = Cache(memory, namespace: "ns", clock: CacheClock(clock))
        let workers = 8
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<workers {
                group.addTask {
                    for number in stride(from: worker, to: fetches, by: workers) {
                        let key = CacheKey<Int>("k\(number)")
                        let fetch = Task {
                            try await cache.fetch(key, tags: ["t\(number)"]) { context in
                                try await context.depends(on: "u\(number)")
                                try context.addTags(["late\(number)"])
                                await Task.yield()
                                return number
                            }
                        }
                        if number % 20 == 0 {
                            fetch.cancel()
                            _ = await fetch.result
                        } else {
                            _ = try await fetch.value
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await eventually("all tasks have ended") { cache.flights.taskCount == 0 }
        #expect(cache.flights.count == 0)
        #expect(cache.flights.seatCount == 0)
        #expect(cache.refreshes.count == 0)
        #expect(memory.leases.standing == 0)
        #expect(memory.leases.listeners == 0)
        #expect(clock.sleeperCount == 0)
        #expect(memory.count <= room)
        let space = try #require(memory.open("ns") as? MemoryNamespace)
        // Three tags for each entry that is there, and none besides.
        #expect(space.state.tags.count == 3 * memory.count)
        for key in 0..<fetches { _ = try await cache.remove(CacheKey<Int>("k\(key)")) }
        #expect(memory.count == 0)
        #expect(space.state.tags.count == 0)
    }
}
