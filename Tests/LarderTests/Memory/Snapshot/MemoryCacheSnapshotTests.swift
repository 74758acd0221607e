import Foundation
import LarderTesting
import Synchronization
import Testing

@testable import Larder

/// A cache in a file and back.
@Suite(.integrity) final class MemoryCacheSnapshotTests {
    private let clock = ManualClock()
    private let folder: URL

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "larder-\(UUID())")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: self.folder)
    }

    private var path: String { self.folder.appending(path: "snapshot").path }

    private func makeCache<Key, Value>(
        _: Key.Type,
        _: Value.Type,
        _ limit: MemoryCache<Key, Value>.Limit = .entries(10_000)
    ) -> MemoryCache<Key, Value> {
        .checked(limit: limit, clock: CacheClock(self.clock))
    }

    private func makeCache() -> MemoryCache<String, Int> {
        self.makeCache(String.self, Int.self)
    }

    @Test func comesBackWhole() throws {
        let cache = self.makeCache()
        for number in 0..<5_000 { cache.insert(number, forKey: "key \(number)") }
        #expect(try cache.save(to: self.path) == 5_000)
        let other = self.makeCache()
        let report = try other.load(from: self.path)
        #expect(report.loaded == 5_000)
        #expect(report.isWhole)
        for number in 0..<5_000 { #expect(other.value(forKey: "key \(number)") == number) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: self.folder.path) == ["snapshot"])
        let attributes = try FileManager.default.attributesOfItem(atPath: self.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func keysAndValuesMayBeOfAnyCodableType() throws {
        struct Key: Hashable, Codable, Sendable {
            var shelf: String
            var number: Int
        }
        struct Book: Codable, Sendable, Equatable {
            var title: String
            var year: Int?
        }
        let books = self.makeCache(Key.self, Book.self)
        books.insert(Book(title: "Ἰλιάς", year: nil), forKey: Key(shelf: "a", number: 1))
        try books.save(to: self.path)
        let others = self.makeCache(Key.self, Book.self)
        try others.load(from: self.path)
        #expect(others.value(forKey: Key(shelf: "a", number: 1)) == Book(title: "Ἰλιάς", year: nil))

        let absences = self.makeCache(Int.self, String?.self)
        absences.insert("one", forKey: 1)
        absences.insert(nil, forKey: 2)
        absences.insert("", forKey: 3)
        try absences.save(to: self.path)
        let otherAbsences = self.makeCache(Int.self, String?.self)
        #expect(try otherAbsences.load(from: self.path).loaded == 3)
        #expect(otherAbsences.value(forKey: 1) == .some("one"))
        #expect(otherAbsences.value(forKey: 2) == .some(nil))
        #expect(otherAbsences.value(forKey: 3) == .some(""))
    }

    @Test func timeGoesOnByTheWallClock() throws {
        let cache = self.makeCache()
        cache.insert(1, forKey: "for ever")
        cache.insert(2, forKey: "a minute", ttl: .seconds(60))
        cache.insert(3, forKey: "an hour", ttl: .seconds(3_600))
        cache.insert(4, forKey: "over", ttl: .seconds(1))
        self.clock.advance(by: .seconds(1))
        #expect(try cache.save(to: self.path, codec: JSONCodec(), wallTime: 1_000_000_000_000) == 3)
        self.clock.advance(by: .seconds(5_000))
        let other = self.makeCache()
        let report = try self.load(other, wallTime: 1_000_000_000_000 + 100_000_000_000)
        #expect(report.loaded == 2)
        #expect(report.expired == 1)
        #expect(other.entry(forKey: "for ever")?.ttl == nil)
        #expect(other.entry(forKey: "an hour")?.ttl == .seconds(3_600 - 1 - 100))
    }

    @Test func aWallClockThatWasSetBackGivesNoTime() throws {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a", ttl: .seconds(60))
        _ = try cache.save(to: self.path, codec: JSONCodec(), wallTime: 1_000_000_000_000)
        let other = self.makeCache()
        _ = try self.load(other, wallTime: 0)
        #expect(other.entry(forKey: "a")?.ttl == .seconds(60))
    }

    private func load(_ cache: MemoryCache<String, Int>, wallTime: Int64) throws -> MemoryCacheLoadReport {
        let file = try SnapshotFileSource(self.path)
        return try cache.load(SnapshotReader { try file.read($0) }, codec: JSONCodec(), wallTime: wallTime)
    }

    @Test(arguments: [100, 4_000])
    func theMostValuableComesFirst(_ entries: Int) throws {
        let cache = self.makeCache(String.self, Int.self, .entries(entries))
        let count = entries / 2
        for number in 0..<count { cache.insert(number, forKey: "key \(number)") }
        // One in four is asked for.
        for _ in 0..<3 { for number in stride(from: 0, to: count, by: 4) { _ = cache.value(forKey: "key \(number)") } }
        try cache.save(to: self.path)
        let small = self.makeCache(String.self, Int.self, .entries(count / 5))
        let report = try small.load(from: self.path)
        #expect(report.loaded + report.withoutRoom == count)
        #expect(small.statistics.evictions == 0)
        var loaded = 0
        var valuable = 0
        small.forEach { _, entry in
            loaded += 1
            if entry.value.isMultiple(of: 4) { valuable += 1 }
        }
        #expect(loaded >= count / 5 * 9 / 10)
        #expect(Double(valuable) > Double(loaded) * 0.95, "\(valuable) of \(loaded)")
    }

    @Test func theBetterHalfOutlivesTheOther() throws {
        let cache = self.makeCache(Int.self, Int.self, .entries(200))
        for number in 0..<200 { cache.insert(number, forKey: number) }
        for _ in 0..<3 { for number in 0..<100 { _ = cache.value(forKey: number) } }
        try cache.save(to: self.path)
        let other = self.makeCache(Int.self, Int.self, .entries(200))
        try other.load(from: self.path)
        for number in 1_000..<1_080 { other.insert(number, forKey: number) }
        #expect((0..<100).allSatisfy { other.contains($0) })
    }

    @Test func whatIsInTheCacheIsNewer() throws {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a")
        cache.insert(1, forKey: "b")
        try cache.save(to: self.path)
        let other = self.makeCache()
        other.insert(2, forKey: "a")
        let report = try other.load(from: self.path)
        #expect(report.present == 1)
        #expect(report.loaded == 1)
        #expect(other.value(forKey: "a") == 2)
    }

    @Test func respectsALimitByCost() throws {
        let cache = self.makeCache(String.self, Int.self, .cost(1_000) { _, value in value })
        for number in 0..<10 { cache.insert(90, forKey: "\(number)") }
        try cache.save(to: self.path)
        let other = self.makeCache(String.self, Int.self, .cost(500) { _, value in value })
        let report = try other.load(from: self.path)
        #expect(report.loaded == 5)
        #expect(report.withoutRoom == 5)
        #expect(other.cost == 450)
    }

    @Test func whatDoesNotFitTheTypeIsCounted() throws {
        let cache = self.makeCache(String.self, String.self)
        cache.insert("not a number", forKey: "a")
        try cache.save(to: self.path)
        let other = self.makeCache()
        let report = try other.load(from: self.path)
        #expect(report.undecodable == 1)
        #expect(report.loaded == 0)
    }

    @Test func aFileThatIsMissingSaysSo() throws {
        let error = #expect(throws: CacheError.self) { try self.makeCache().load(from: self.path) }
        #expect(error?.code == .fileNotFound)
        let folderError = #expect(throws: CacheError.self) { try self.makeCache().load(from: self.folder.path) }
        #expect(folderError?.code == .fileFailed)
        let saveError = #expect(throws: CacheError.self) {
            try self.makeCache().save(to: self.path + "/no/such/folder")
        }
        #expect(saveError?.code == .fileFailed)
    }

    /// A file that cannot be finished leaves the old one as it was, and nothing else.
    @Test func aFailureKeepsTheOldFile() throws {
        struct Stubborn: Codable, Sendable {
            var fails: Bool
            func encode(to encoder: any Encoder) throws { if self.fails { throw Failure() } }
        }
        let cache = self.makeCache(String.self, Stubborn.self)
        cache.insert(Stubborn(fails: false), forKey: "a")
        cache.insert(Stubborn(fails: true), forKey: "b")
        try Data("old".utf8).write(to: URL(filePath: self.path))
        let error = #expect(throws: CacheError.self) { try cache.save(to: self.path) }
        #expect(error?.code == .encodingFailed)
        #expect(try Data(contentsOf: URL(filePath: self.path)) == Data("old".utf8))
        #expect(try FileManager.default.contentsOfDirectory(atPath: self.folder.path) == ["snapshot"])
    }

    @Test func aTruncatedFileGivesWhatIsWhole() throws {
        let cache = self.makeCache()
        for number in 0..<50 { cache.insert(number, forKey: "\(number)") }
        try cache.save(to: self.path)
        let bytes = try Data(contentsOf: URL(filePath: self.path))
        for length in stride(from: SnapshotFormat.headerSize, to: bytes.count, by: 97) {
            try bytes.prefix(length).write(to: URL(filePath: self.path))
            let other = self.makeCache()
            let report = try other.load(from: self.path)
            #expect(report.loaded == other.count)
            #expect(report.loaded + report.damaged == 50)
            #expect(!report.isWhole)
            other.forEach { key, entry in #expect(key == "\(entry.value)") }
        }
    }

    @Test func isSavedWhileOthersWrite() throws {
        let cache = self.makeCache(Int.self, Int.self, .entries(100_000))
        for number in 0..<2_000 { cache.insert(number, forKey: number) }
        let isOver = Mutex(false)
        let waitForWriters = startThreads(2) { thread in
            var random = SeededGenerator(seed: UInt64(thread))
            while !isOver.withLock({ $0 }) {
                // Some are there all the time and get new values, others come and go.
                let key = Int.random(in: 0..<4_000, using: &random)
                if key < 2_000 || Bool.random(using: &random) {
                    cache.insert(key, forKey: key)
                } else {
                    cache.removeValue(forKey: key)
                }
            }
        }
        defer {
            isOver.withLock { $0 = true }
            waitForWriters()
        }
        for _ in 0..<5 {
            let saved = try cache.save(to: self.path)
            let other = self.makeCache(Int.self, Int.self, .entries(100_000))
            let report = try other.load(from: self.path)
            #expect(report.loaded == saved, "no key comes twice")
            #expect((0..<2_000).allSatisfy { other.contains($0) })
            other.forEach { key, entry in #expect(key == entry.value) }
        }
    }
}
