import Foundation
import Larder
@_spi(Testing) import LarderSQLite
import LarderTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct SQLiteStoreTests {
    @Test func whatWasWrittenIsThereWhenTheFileIsOpenedAgain() async throws {
        let database = try TemporaryDatabase()
        let first = try database.store()
        let cache = throwingCache(on: first)
        try await cache.set("plain" as CacheKey<String>, to: "a")
        try await cache.set("tagged" as CacheKey<String>, to: "b", tags: ["kept"])
        try await cache.set("dead" as CacheKey<String>, to: "c", tags: ["gone"])
        try await cache.set("endless" as CacheKey<String>, to: "d", ttl: nil)
        try await cache.invalidate(tags: ["gone"])
        await first.shutdown()
        let second = try database.store()
        let again = throwingCache(on: second)
        let found = try await again.getMany(["plain", "tagged", "dead", "endless"] as [CacheKey<String>])
        #expect(found == ["plain": "a", "tagged": "b", "endless": "d"])
        try await again.invalidate(tags: ["kept"])
        let tagged = try await again.get("tagged" as CacheKey<String>)
        #expect(tagged == nil)
        await second.shutdown()
    }

    @Test func storesOnOneFileSeeEachOthersWritesAndInvalidationsAtOnce() async throws {
        let database = try TemporaryDatabase()
        let stores = [try database.store(), try database.store()]
        let caches = stores.map { throwingCache(on: $0) }
        for round in 0..<50 {
            let (writer, reader) = (caches[round % 2], caches[(round + 1) % 2])
            let key = CacheKey<Int>("k")
            try await writer.set(key, to: round, tags: ["t"])
            let seen = try await reader.get(key)
            try await reader.invalidate(tags: ["t"])
            let afterwards = try await writer.get(key)
            try await reader.set(key, to: -round)
            try await writer.clear()
            let cleared = try await reader.get(key)
            #expect((seen, afterwards, cleared) == (round, nil, nil), "round \(round)")
        }
        for store in stores { await store.shutdown() }
    }

    @Test func writersOfSeveralStoresLoseNothing() async throws {
        let database = try TemporaryDatabase()
        let stores = try (0..<4).map { _ in try database.store { $0.busyTimeout = .seconds(30) } }
        let caches = stores.map { throwingCache(on: $0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for step in 0..<25 {
                        try await caches[task % 4].increment("sum" as CacheKey<Int>, initial: 0)
                        try await caches[task % 4].set(CacheKey<Int>("\(task):\(step)"), to: step)
                    }
                }
            }
            try await group.waitForAll()
        }
        let sum = try await caches[0].get("sum" as CacheKey<Int>)
        let keys = (0..<16).flatMap { task in (0..<25).map { CacheKey<Int>("\(task):\($0)") } }
        let found = try await caches[1].getMany(keys)
        let statistics = try await stores[2].statistics()
        #expect(sum == 400)
        #expect(found.count == 400)
        #expect(statistics.entries == 401)
        for store in stores { await store.shutdown() }
    }

    @Test func oneFillServesCallersOfSeveralStores() async throws {
        let database = try TemporaryDatabase()
        let stores = [try database.store(), try database.store()]
        let caches = stores.map { throwingCache(on: $0) }
        let (begun, release) = (Gate(), Gate())
        async let first = caches[0].fetch("k" as CacheKey<Int>) {
            begun.open()
            await release.passed()
            return 1
        }
        await begun.passed()
        async let second = caches[1].fetch("k" as CacheKey<Int>) { 2 }
        async let third = caches[1].fetch("k" as CacheKey<Int>) { 3 }
        // It is waiting when it listens.
        try await stores[1].awaitListeners(of: "shop", 1)
        release.open()
        let values = try await [first, second, third]
        #expect(values == [1, 1, 1])
        for store in stores { await store.shutdown() }
    }

    @Test func theLeaseOfAProcessThatIsGoneRunsOut() async throws {
        let database = try TemporaryDatabase()
        let clock = ManualClock()
        let first = try database.store { $0.clock = CacheClock(clock) }
        let request = LeaseRequest(token: .random(), duration: .seconds(30))
        let key = StoreKey(version: 1, name: "k")
        let options = ReadOptions(lease: request, coder: BytesCoder())
        _ = try await first.open("shop").read([key], options)
        await first.shutdown()
        // A clock counts from when it is made, so this is the same time.
        let second = try database.store { $0.clock = CacheClock(clock) }
        let space = second.open("shop")
        let other = ReadOptions(lease: LeaseRequest(token: .random(), duration: .seconds(30)), coder: BytesCoder())
        guard case .absent(.held(let holder)) = try await space.read([key], other)[0] else {
            Issue.record("the lease does not outlive its store")
            return
        }
        #expect(holder.token == request.token)
        clock.advance(by: .seconds(30))
        guard case .absent(.granted) = try await space.read([key], other)[0] else {
            Issue.record("the lease stands after its end")
            return
        }
        await second.shutdown()
    }

    @Test func afterShutdownEveryCallThrowsUnavailable() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store()
        let cache = throwingCache(on: store)
        try await cache.set("k" as CacheKey<Int>, to: 1)
        await store.shutdown()
        await store.shutdown()
        let reading = try await cacheError { _ = try await cache.get("k" as CacheKey<Int>) }
        let writing = try await cacheError { try await cache.set("k" as CacheKey<Int>, to: 2) }
        let sweeping = try await cacheError { try await store.sweep() }
        #expect(reading?.code == .unavailable)
        #expect(writing?.code == .unavailable)
        #expect(sweeping?.code == .unavailable)
    }

    @Test func writesOfOneMomentAreDoneTogetherAndAllAreThere() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store()
        let cache = throwingCache(on: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<100 {
                group.addTask { for step in 0..<10 { try await cache.set(CacheKey<Int>("\(task)"), to: step) } }
            }
            try await group.waitForAll()
        }
        let found = try await cache.getMany((0..<100).map { CacheKey<Int>("\($0)") })
        #expect(found.count == 100)
        #expect(found.values.allSatisfy { $0 == 9 })
        await store.shutdown()
    }

    @Test func aVerbThatFailsLeavesTheOthersOfItsTransactionAlone() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store()
        let cache = throwingCache(on: store)
        try await cache.set("text" as CacheKey<String>, to: "text")
        let failures = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<60 {
                group.addTask {
                    if task.isMultiple(of: 3) {
                        let error = try await cacheError { try await cache.increment("text" as CacheKey<Int>) }
                        return error?.code == .notAnInteger ? 1 : 0
                    }
                    try await cache.set(CacheKey<Int>("\(task)"), to: task)
                    return 0
                }
            }
            return try await group.reduce(0, +)
        }
        let found = try await cache.getMany((0..<60).map { CacheKey<Int>("\($0)") })
        #expect(failures == 20)
        #expect(found.count == 40)
        await store.shutdown()
    }
}
