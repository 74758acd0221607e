import Foundation
import Larder
@_spi(Testing) import LarderSQLite
import LarderTesting
import Testing

/// How much the store holds, and what leaves it.
@Suite(.timeLimit(.minutes(2))) struct SQLiteBoundTests {
    @Test(arguments: [1, 10, 100, 1_000])
    func neverMoreEntriesThanItMayHold(_ most: Int) async throws {
        let database = try TemporaryDatabase()
        let store = try database.store { $0.mostEntries = most }
        let cache = throwingCache(on: store)
        for number in 0..<(most + 200) {
            try await cache.set(CacheKey<Int>("\(number)"), to: number)
            let entries = try await store.statistics().entries
            #expect(entries <= most)
        }
        // The last one is no victim.
        let last = try await cache.get(CacheKey<Int>("\(most + 199)"))
        let entries = try await store.statistics().entries
        #expect(last == most + 199)
        #expect(entries >= max(1, most - most / 100 - 64))
        await store.shutdown()
    }

    @Test func theBoundHoldsWithManyWritersAndSeveralStores() async throws {
        let database = try TemporaryDatabase()
        let stores = try (0..<3).map { _ in
            try database.store {
                $0.mostEntries = 50
                $0.busyTimeout = .seconds(30)
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<12 {
                let (store, cache) = (stores[task % 3], throwingCache(on: stores[task % 3]))
                group.addTask {
                    for step in 0..<40 {
                        try await cache.setMany(
                            Dictionary(
                                uniqueKeysWithValues: (0..<5).map { (CacheKey<Int>("\(task):\(step):\($0)"), 1) }
                            )
                        )
                        let entries = try await store.statistics().entries
                        #expect(entries <= 50)
                    }
                }
            }
            try await group.waitForAll()
        }
        for store in stores { await store.shutdown() }
    }

    @Test func neverMoreBytesThanItMayHold() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store { $0.mostBytes = 100_000 }
        let cache = throwingCache(on: store)
        for number in 0..<300 {
            let size = number.isMultiple(of: 10) ? 40_000 : 500
            try await cache.set(CacheKey<[UInt8]>("\(number)"), to: Array(repeating: 7, count: size))
            let bytes = try await store.statistics().bytes
            #expect(bytes <= 100_000)
            let written = try await cache.get(CacheKey<[UInt8]>("\(number)"))
            #expect(written?.count == size)
        }
        await store.shutdown()
    }

    @Test func anEntryThatIsTooLargeIsRefusedAndTakesTheOldOneWithIt() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store { $0.mostBytes = 10_000 }
        let cache = throwingCache(on: store)
        let key = CacheKey<[UInt8]>("k")
        try await cache.set(key, to: [1])
        let large = [UInt8](repeating: 1, count: 10_000)
        let error = try await cacheError { try await cache.set(key, to: large) }
        let found = try await cache.get(key)
        #expect(error?.code == .valueTooLarge)
        #expect(error?.key == "k")
        #expect(found == nil)
        try await cache.set(key, to: [1])
        let appending = try await cacheError { try await cache.append(key, large) }
        let kept = try await cache.get(key)
        #expect(appending?.code == .valueTooLarge)
        #expect(kept == [1])
        await store.shutdown()
    }

    @Test func whatIsReadStaysAndWhatIsNotLeaves() async throws {
        let database = try TemporaryDatabase()
        let store = try database.store { $0.mostEntries = 400 }
        let cache = throwingCache(on: store)
        let popular = (0..<40).map { CacheKey<Int>("popular:\($0)") }
        for key in popular { try await cache.set(key, to: 1) }
        for number in 0..<4_000 {
            try await cache.set(CacheKey<Int>("once:\(number)"), to: number)
            _ = try await cache.get(popular[number % popular.count])
        }
        let left = try await cache.getMany(popular).count
        #expect(left >= 38, "of 40 entries that were read all the time")
        await store.shutdown()
    }

    @Test func theSweepRemovesWhatIsExpiredOrDeadAndKeepsTheRest() async throws {
        let database = try TemporaryDatabase()
        let clock = ManualClock()
        let store = try database.store { $0.clock = CacheClock(clock) }
        let cache = throwingCache(on: store)
        for number in 0..<700 {
            try await cache.set(CacheKey<Int>("short:\(number)"), to: 1, ttl: .seconds(60))
            try await cache.set(CacheKey<Int>("tagged:\(number)"), to: 1, ttl: .hours(9), tags: ["t"])
            try await cache.set(CacheKey<Int>("kept:\(number)"), to: 1, ttl: .hours(9), tags: ["u"])
        }
        let other = throwingCache(on: store, "other")
        for number in 0..<100 { try await other.set(CacheKey<Int>("\(number)"), to: 1) }
        try await store.sweep()
        let all = try await store.statistics().entries
        #expect(all == 2_200)
        clock.advance(by: .seconds(60))
        try await store.sweep()
        let unexpired = try await store.statistics().entries
        #expect(unexpired == 1_500)
        try await cache.invalidate(tags: ["t"])
        try await store.sweep()
        let undead = try await store.statistics().entries
        #expect(undead == 800)
        try await other.clear()
        try await store.sweep()
        let left = try await store.statistics().entries
        let kept = try await cache.getMany((0..<700).map { CacheKey<Int>("kept:\($0)") }).count
        #expect(left == 700)
        #expect(kept == 700)
        await store.shutdown()
    }

    @Test func leasesAndTagsGoWhenTheyAreOverAndTheFileShrinks() async throws {
        let database = try TemporaryDatabase()
        let clock = ManualClock()
        let store = try database.store { $0.clock = CacheClock(clock) }
        let cache = throwingCache(on: store)
        let space = store.open("shop")
        let large = [UInt8](repeating: 3, count: 20_000)
        for number in 0..<300 {
            try await cache.set(CacheKey<[UInt8]>("\(number)"), to: large, ttl: .minutes(1), tags: ["t\(number)"])
            let request = LeaseRequest(token: .random(), duration: .seconds(30))
            let key = StoreKey(version: 1, name: "missing:\(number)")
            _ = try await space.read([key], ReadOptions(lease: request, coder: BytesCoder()))
        }
        let before = try await store.statistics().fileBytes
        let rows = try database.count("SELECT (SELECT count(*) FROM lease) * 1000 + (SELECT count(*) FROM tag)")
        #expect(rows == 300_300)
        clock.advance(by: .seconds(3_600))
        try await store.sweep()
        let after = try await store.statistics()
        let left = try database.count("SELECT (SELECT count(*) FROM lease) * 1000 + (SELECT count(*) FROM tag)")
        #expect(left == 0)
        #expect(after.entries == 0)
        #expect(after.bytes == 0)
        #expect(before > 6_000_000)
        #expect(after.fileBytes < before / 3)
        await store.shutdown()
    }

    @Test func anEntryForEverIsPutOffByReadersAndGoesWhenNobodyReadsIt() async throws {
        let database = try TemporaryDatabase()
        let clock = ManualClock()
        let store = try database.store { $0.clock = CacheClock(clock) }
        let cache = throwingCache(on: store)
        try await cache.set("read" as CacheKey<Int>, to: 1, ttl: nil, tags: ["t"])
        try await cache.set("left" as CacheKey<Int>, to: 1, ttl: nil)
        for _ in 0..<4 {
            clock.advance(by: .seconds(30 * 86_400))
            let found = try await cache.get("read" as CacheKey<Int>)
            #expect(found == 1)
            try await store.sweep()
        }
        let left = try await store.statistics().entries
        let found = try await cache.get("read" as CacheKey<Int>)
        #expect(left == 1)
        #expect(found == 1)
        await store.shutdown()
    }

    @Test func runSweepsAgainAndAgain() async throws {
        let database = try TemporaryDatabase()
        let clock = ManualClock()
        let store = try database.store {
            $0.clock = CacheClock(clock)
            $0.sweepInterval = .seconds(5)
        }
        let cache = throwingCache(on: store)
        let service = Task { try await store.run() }
        for round in 0..<3 {
            try await cache.set(CacheKey<Int>("\(round)"), to: 1, ttl: .seconds(5))
            try await clock.waitForSleepers()
            clock.advance(by: .seconds(5))
            // It sleeps again when it has swept.
            try await clock.waitForSleepers()
            let entries = try await store.statistics().entries
            #expect(entries == 0)
        }
        service.cancel()
        try await service.value
        await store.shutdown()
    }

    @Test func entriesFromTheFutureAreMissesAndALittleOfItIsNot() async throws {
        let database = try TemporaryDatabase()
        // Both clocks count from the same day; the first is an hour ahead, as one that is set back later.
        let (ahead, behind) = (ManualClock(), ManualClock())
        let first = try database.store { $0.clock = CacheClock(ahead) }
        let second = try database.store { $0.clock = CacheClock(behind) }
        ahead.advance(by: .seconds(3_600))
        let (writer, reader) = (throwingCache(on: first), throwingCache(on: second))
        try await writer.set("k" as CacheKey<Int>, to: 1, ttl: .minutes(5))
        let early = try await reader.get("k" as CacheKey<Int>)
        #expect(early == nil)
        behind.advance(by: .milliseconds(3_599_500))
        let late = try await reader.get("k" as CacheKey<Int>)
        let left = try await reader.ttl(of: "k" as CacheKey<Int>)?.duration
        #expect(late == 1)
        #expect(left == .seconds(300))
        await first.shutdown()
        await second.shutdown()
    }
}
