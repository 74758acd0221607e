import Foundation
import Larder
@_spi(Testing) import LarderFiles
import LarderTesting
import Testing

/// How much the store holds, and what leaves it.
@Suite(.timeLimit(.minutes(2))) struct FileBoundTests {
    @Test(arguments: [1, 10, 300])
    func neverMoreEntriesThanItMayHold(_ most: Int) async throws {
        let folder = try TemporaryFolder()
        let store = try folder.store { $0.mostEntries = most }
        let cache = throwingCache(on: store)
        for number in 0..<(most + 100) {
            try await cache.set(CacheKey<Int>("\(number)"), to: number)
            let entries = try await store.statistics().entries
            #expect(entries <= most)
        }
        let entries = try await store.statistics().entries
        #expect(folder.files("entries").count == entries)
        #expect(entries >= max(1, most - most / 100 - 64))
        await store.shutdown()
    }

    @Test func neverMoreBytesThanItMayHold() async throws {
        let folder = try TemporaryFolder()
        let store = try folder.store { $0.mostBytes = 200_000 }
        let cache = throwingCache(on: store)
        for number in 0..<120 {
            let size = number.isMultiple(of: 10) ? 90_000 : 500
            try await cache.set(CacheKey<[UInt8]>("\(number)"), to: Array(repeating: 7, count: size))
            let bytes = try await store.statistics().bytes
            #expect(bytes <= 200_000)
        }
        let large = try await cacheError {
            try await cache.set("large" as CacheKey<[UInt8]>, to: Array(repeating: 7, count: 200_000))
        }
        #expect(large?.code == .valueTooLarge)
        await store.shutdown()
    }

    @Test func whatIsReadStaysAndWhatIsNotLeaves() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let store = try folder.store {
            $0.mostEntries = 300
            $0.clock = CacheClock(clock)
        }
        let cache = throwingCache(on: store, ttl: nil)
        let popular = (0..<20).map { CacheKey<Int>("popular:\($0)") }
        for key in popular { try await cache.set(key, to: 1) }
        for number in 0..<1_500 {
            clock.advance(by: .seconds(1))
            try await cache.set(CacheKey<Int>("once:\(number)"), to: number)
            _ = try await cache.get(popular[number % popular.count])
        }
        let left = try await cache.getMany(popular).count
        #expect(left >= 19, "of 20 entries that were read all the time")
        await store.shutdown()
    }

    @Test func theSweepRemovesWhatIsExpiredOrDeadAndKeepsTheRest() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let store = try folder.store { $0.clock = CacheClock(clock) }
        let cache = throwingCache(on: store)
        for number in 0..<60 {
            try await cache.set(CacheKey<Int>("short:\(number)"), to: 1, ttl: .seconds(60))
            try await cache.set(CacheKey<Int>("tagged:\(number)"), to: 1, ttl: .hours(9), tags: ["t"])
            try await cache.set(CacheKey<Int>("kept:\(number)"), to: 1, ttl: .hours(9), tags: ["u"])
        }
        clock.advance(by: .seconds(60))
        try await store.sweep()
        let unexpired = folder.files("entries").count
        #expect(unexpired == 120)
        try await cache.invalidate(tags: ["t"])
        try await store.sweep()
        let undead = folder.files("entries").count
        let statistics = try await store.statistics()
        #expect(undead == 60)
        #expect(statistics.entries == 60)
        clock.advance(by: .seconds(20 * 3_600))
        try await store.sweep()
        #expect(folder.files("entries").isEmpty)
        #expect(folder.files("tags").isEmpty)
        let empty = try await store.statistics()
        #expect(empty == FileStoreStatistics(entries: 0, bytes: 0))
        await store.shutdown()
    }

    @Test func runSweepsAgainAndAgain() async throws {
        let folder = try TemporaryFolder()
        let clock = ManualClock()
        let store = try folder.store {
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

    @Test func whatADeadProcessHasLeftIsRemovedAndCountedAnew() async throws {
        let folder = try TemporaryFolder()
        let store = try folder.store()
        let cache = throwingCache(on: store)
        for number in 0..<20 { try await cache.set(CacheKey<Int>("\(number)"), to: 1) }
        try Data("half a fi".utf8).write(to: URL(filePath: "\(folder.path)/new/4711-abc"))
        try Data("no totals".utf8).write(to: URL(filePath: "\(folder.path)/totals"))
        let counted = try await store.statistics().entries
        #expect(counted == 20)
        // Files that vanish behind the store's back.
        for path in folder.files("entries").prefix(5) { try FileManager.default.removeItem(atPath: path) }
        try await store.sweep()
        let left = try await store.statistics().entries
        #expect(left == 15)
        #expect(folder.files("new").isEmpty)
        await store.shutdown()
    }
}
