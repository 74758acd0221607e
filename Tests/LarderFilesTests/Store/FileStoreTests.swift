import Foundation
import Larder
@_spi(Testing) import LarderFiles
import LarderTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite(.timeLimit(.minutes(2))) struct FileStoreTests {
    @Test func whatWasWrittenIsThereWhenTheFolderIsOpenedAgain() async throws {
        let folder = try TemporaryFolder()
        let first = try folder.store()
        let cache = throwingCache(on: first)
        try await cache.set("plain" as CacheKey<String>, to: "a")
        try await cache.set("tagged" as CacheKey<String>, to: "b", tags: ["kept"])
        try await cache.set("dead" as CacheKey<String>, to: "c", tags: ["gone"])
        try await cache.invalidate(tags: ["gone"])
        await first.shutdown()
        let second = try folder.store()
        let again = throwingCache(on: second)
        let found = try await again.getMany(["plain", "tagged", "dead"] as [CacheKey<String>])
        #expect(found == ["plain": "a", "tagged": "b"])
        try await again.invalidate(tags: ["kept"])
        let tagged = try await again.get("tagged" as CacheKey<String>)
        #expect(tagged == nil)
        await second.shutdown()
    }

    @Test func writersOfSeveralStoresLoseNothing() async throws {
        let folder = try TemporaryFolder()
        let stores = try (0..<4).map { _ in try folder.store { $0.busyTimeout = .seconds(30) } }
        let caches = stores.map { throwingCache(on: $0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for step in 0..<10 {
                        try await caches[task % 4].increment("sum" as CacheKey<Int>, initial: 0)
                        try await caches[task % 4].set(CacheKey<Int>("\(task):\(step)"), to: step)
                    }
                }
            }
            try await group.waitForAll()
        }
        let sum = try await caches[0].get("sum" as CacheKey<Int>)
        let found = try await caches[1].getMany(
            (0..<16).flatMap { task in (0..<10).map { CacheKey<Int>("\(task):\($0)") } }
        )
        let statistics = try await stores[2].statistics()
        #expect(sum == 160)
        #expect(found.count == 160)
        #expect(statistics.entries == 161)
        #expect(folder.files("new").isEmpty)
        for store in stores { await store.shutdown() }
    }

    @Test func aFileThatIsTornInAnyPlaceIsAMiss() async throws {
        let folder = try TemporaryFolder()
        let store = try folder.store()
        let cache = throwingCache(on: store)
        let key = CacheKey<String>("k")
        try await cache.set(key, to: "a value of some length")
        let path = try #require(folder.files("entries").first)
        let whole = try Data(contentsOf: URL(filePath: path))
        for length in 0..<whole.count {
            try whole.prefix(length).write(to: URL(filePath: path))
            let cut = try await cache.get(key)
            #expect(cut == nil, "cut to \(length) bytes")
            var flipped = whole
            flipped[length] ^= 0x40
            try flipped.write(to: URL(filePath: path))
            let changed = try await cache.get(key)
            #expect(changed == nil, "with byte \(length) changed")
        }
        try (whole + [0]).write(to: URL(filePath: path))
        let longer = try await cache.get(key)
        #expect(longer == nil)
        try whole.write(to: URL(filePath: path))
        let found = try await cache.get(key)
        #expect(found == "a value of some length")
        try Data().write(to: URL(filePath: path))
        let filled = try await cache.fetch(key) { "filled" }
        let again = try await cache.get(key)
        #expect(filled == "filled")
        #expect(again == "filled")
        await store.shutdown()
    }

    @Test func tornGenerationsLeaveEntriesDead() async throws {
        let folder = try TemporaryFolder()
        let store = try folder.store()
        let cache = throwingCache(on: store)
        try await cache.set("plain" as CacheKey<Int>, to: 1)
        try await cache.set("tagged" as CacheKey<Int>, to: 2, tags: ["t"])
        let tag = try #require(folder.files("tags").first)
        try Data([1, 2, 3]).write(to: URL(filePath: tag))
        let tagged = try await cache.get("tagged" as CacheKey<Int>)
        let plain = try await cache.get("plain" as CacheKey<Int>)
        #expect((tagged, plain) == (nil, 1))
        let stamp = try #require(folder.files("namespaces").first)
        try Data().write(to: URL(filePath: stamp))
        let afterwards = try await cache.get("plain" as CacheKey<Int>)
        #expect(afterwards == nil)
        try await cache.set("plain" as CacheKey<Int>, to: 3)
        let written = try await cache.get("plain" as CacheKey<Int>)
        #expect(written == 3)
        await store.shutdown()
    }

    @Test func aFolderThatHoldsSomethingElseIsLeftAsItIs() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        try Data("thesis".utf8).write(to: URL(filePath: "\(folder.path)/thesis.txt"))
        let error = #expect(throws: CacheError.self) { try folder.store() }
        #expect(error?.code == .fileFailed)
        #expect(error?.message.contains("holds something else") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names == ["thesis.txt"])
    }

    @Test func aFolderOfANewerVersionOrWithADamagedMarkIsRefused() async throws {
        let folder = try TemporaryFolder()
        await (try folder.store()).shutdown()
        let marker = URL(filePath: "\(folder.path)/larder")
        let text = try String(contentsOf: marker, encoding: .utf8)
        try text.replacing("format 1", with: "format 2").write(to: marker, atomically: true, encoding: .utf8)
        let newer = #expect(throws: CacheError.self) { try folder.store() }
        #expect(newer?.message.contains("newer version") == true)
        try "larder files\nformat 1\nseed x\n".write(to: marker, atomically: true, encoding: .utf8)
        let damaged = #expect(throws: CacheError.self) { try folder.store() }
        #expect(damaged?.message.contains("damaged") == true)
        try text.write(to: marker, atomically: true, encoding: .utf8)
        await (try folder.store()).shutdown()
    }

    @Test func optionsOutsideWhatIsAcceptedAreNamed() throws {
        let changes: [(String, @Sendable (inout FileStoreConfiguration) -> Void)] = [
            ("path", { $0.path = "" }),
            ("mostEntries", { $0.mostEntries = 0 }),
            ("mostBytes", { $0.mostBytes = 65_535 }),
            ("busyTimeout", { $0.busyTimeout = .zero }),
            ("sweepInterval", { $0.sweepInterval = .zero }),
        ]
        for (option, change) in changes {
            let folder = try TemporaryFolder()
            let error = #expect(throws: CacheError.self) { try folder.store(change) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("option \(option) is") == true)
        }
    }

    @Test func aLockedFolderIsUnavailableForWritersAndServesReaders() async throws {
        let folder = try TemporaryFolder()
        let store = try folder.store { $0.busyTimeout = .milliseconds(100) }
        let cache = throwingCache(on: store)
        try await cache.set("k" as CacheKey<Int>, to: 1)
        let lock = open("\(folder.path)/lock", O_RDWR)
        flock(lock, LOCK_EX)
        let begin = ContinuousClock.now
        let error = try await cacheError { try await cache.set("k" as CacheKey<Int>, to: 2) }
        let took = begin.duration(to: .now)
        let found = try await cache.get("k" as CacheKey<Int>)
        close(lock)
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("locked") == true)
        #expect(took >= .milliseconds(90) && took < .seconds(5))
        #expect(found == 1)
        try await cache.set("k" as CacheKey<Int>, to: 3)
        let afterwards = try await cache.get("k" as CacheKey<Int>)
        #expect(afterwards == 3)
        await store.shutdown()
    }

    @Test func aFolderThatHasGoneIsUnavailable() async throws {
        let folder = try TemporaryFolder()
        let store = try folder.store()
        let cache = throwingCache(on: store)
        try await cache.set("k" as CacheKey<Int>, to: 1)
        try FileManager.default.removeItem(atPath: folder.path)
        let error = try await cacheError { try await cache.set("k" as CacheKey<Int>, to: 2) }
        let found = try await cache.get("k" as CacheKey<Int>)
        #expect(error?.code == .unavailable)
        #expect(found == nil)
        await store.shutdown()
    }

    @Test func afterShutdownEveryCallThrowsUnavailable() async throws {
        let folder = try TemporaryFolder()
        let store = try folder.store()
        let cache = throwingCache(on: store)
        try await cache.set("k" as CacheKey<Int>, to: 1)
        await store.shutdown()
        await store.shutdown()
        let reading = try await cacheError { _ = try await cache.get("k" as CacheKey<Int>) }
        let writing = try await cacheError { try await cache.set("k" as CacheKey<Int>, to: 2) }
        #expect(reading?.code == .unavailable)
        #expect(writing?.code == .unavailable)
    }
}
