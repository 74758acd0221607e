import LarderTesting
import Synchronization
import Testing

@testable import Larder

/// One fill for all who wait, by the memory cache itself.
@Suite(.timeLimit(.minutes(10)), .integrity) struct MemoryCacheFetchTests {
    private let clock = ManualClock()
    private let gate = Gate()
    private let fills = Tally()

    private func makeCache(_ limit: MemoryCache<String, Int>.Limit = .entries(100)) -> MemoryCache<String, Int> {
        .checked(limit: limit, clock: CacheClock(self.clock))
    }

    /// A fetch whose fill waits at the gate.
    private func fetch(
        _ cache: MemoryCache<String, Int>,
        _ key: String = "a",
        _ value: Int = 1,
        ttl: Duration? = nil
    ) -> Task<Int, any Error> {
        Task { [gate, fills] in
            try await cache.fetch(forKey: key, ttl: ttl) {
                fills.add()
                try await gate.pass()
                return value
            }
        }
    }

    private func waitForFills(_ count: Int) async throws {
        try await eventually("\(count) fills run") { self.gate.arrivals == count }
    }

    private func waitForSeats(_ count: Int, _ cache: MemoryCache<String, Int>, _ key: String = "a") async throws {
        try await eventually("\(count) calls wait") { cache.strings.seatCount(forKey: key) == count }
    }

    @Test func runsOneFillForAll() async throws {
        let cache = self.makeCache()
        let calls = (0..<50).map { _ in self.fetch(cache) }
        try await self.waitForSeats(50, cache)
        self.gate.open()
        for call in calls { #expect(try await call.value == 1) }
        #expect(self.fills.count == 1)
        #expect(cache.value(forKey: "a") == 1)
        #expect(cache.statistics.fills == 1)
        #expect(cache.strings.fillCount == 0)
        #expect(try await self.fetch(cache, "a", 2).value == 1, "a hit")
        #expect(self.fills.count == 1)
    }

    @Test func fillsEachKeyForItself() async throws {
        let cache = self.makeCache()
        // Equal as strings, and two keys.
        let calls = ["caf\u{E9}", "cafe\u{301}"].enumerated().map { self.fetch(cache, $1, $0) }
        try await self.waitForFills(2)
        self.gate.open()
        #expect(try await calls[0].value == 0)
        #expect(try await calls[1].value == 1)
        #expect(cache.value(forKey: "caf\u{E9}") == 0)
        #expect(cache.value(forKey: "cafe\u{301}") == 1)
    }

    @Test func tellsAllOfTheError() async throws {
        let cache = self.makeCache()
        let calls = (0..<5).map { _ in
            Task { [gate] in
                try await cache.fetch(forKey: "a") {
                    try await gate.pass()
                    throw Failure(number: 3)
                }
            }
        }
        try await self.waitForSeats(5, cache)
        self.gate.open()
        for call in calls { await #expect(throws: Failure(number: 3)) { try await call.value } }
        #expect(cache.statistics.failedFills == 1)
        #expect(cache.strings.fillCount == 0)
        #expect(try await self.fetch(cache, "a", 2).value == 2, "the next one tries again")
    }

    @Test func cancellingOneCallerCancelsNobodyElse() async throws {
        let cache = self.makeCache()
        let first = self.fetch(cache)
        try await self.waitForFills(1)
        let second = self.fetch(cache)
        try await self.waitForSeats(2, cache)
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        self.gate.open()
        #expect(try await second.value == 1)
        #expect(cache.value(forKey: "a") == 1)
    }

    @Test func theLastCallerToLeaveCancelsTheFill() async throws {
        let cache = self.makeCache()
        let isCancelled = Tally()
        let calls = (0..<3).map { _ in
            Task { [gate] in
                try await cache.fetch(forKey: "a") {
                    do {
                        try await gate.pass()
                    } catch {
                        isCancelled.add()
                        throw error
                    }
                    return 1
                }
            }
        }
        try await self.waitForSeats(3, cache)
        for call in calls { call.cancel() }
        for call in calls { await #expect(throws: CancellationError.self) { try await call.value } }
        try await eventually("the fill is cancelled") { isCancelled.count == 1 }
        #expect(cache.strings.fillCount == 0)
        #expect(!cache.contains("a"))
        #expect(cache.statistics.failedFills == 1)
    }

    @Test func aCallThatIsCancelledAlreadyFillsNothing() async throws {
        let cache = self.makeCache()
        let call = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await cache.fetch(forKey: "a") {
                try Task.checkCancellation()
                return 1
            }
        }
        await #expect(throws: CancellationError.self) { try await call.value }
        try await eventually("nothing is left") { cache.strings.fillCount == 0 }
        #expect(!cache.contains("a"))
    }

    /// Whatever changes a key while its fill runs.
    enum Change: CaseIterable {
        case insert, remove, update, removeAll, removeWhere, insertWithoutTime, orInsert

        func make(_ cache: MemoryCache<String, Int>) {
            switch self {
            case .insert: cache.insert(9, forKey: "a")
            case .remove: cache.removeValue(forKey: "a")
            case .update: cache.update(forKey: "a") { $0 = .init(9) }
            case .removeAll: cache.removeAll()
            case .removeWhere: cache.removeAll { _, _ in false }
            case .insertWithoutTime: cache.insert(9, forKey: "a", ttl: .zero)
            case .orInsert: _ = cache.value(forKey: "a") { 9 }
            }
        }

        var leaves: Int? {
            switch self {
            case .insert, .update, .orInsert: 9
            case .remove, .removeAll, .removeWhere, .insertWithoutTime: nil
            }
        }
    }

    @Test(arguments: Change.allCases)
    func whatIsWrittenMeanwhileIsNotOverwritten(_ change: Change) async throws {
        let cache = self.makeCache()
        let before = self.fetch(cache)
        try await self.waitForFills(1)
        change.make(cache)
        #expect(cache.strings.fillCount == 0, "nobody joins it any more")
        self.gate.open()
        #expect(try await before.value == 1, "who asked before gets it")
        #expect(cache.value(forKey: "a") == change.leaves)
        #expect(try await self.fetch(cache, "a", 2).value == change.leaves ?? 2)
    }

    @Test func whoAsksAfterARemovalStartsAnotherFill() async throws {
        let cache = self.makeCache()
        let before = self.fetch(cache, "a", 1)
        try await self.waitForFills(1)
        cache.removeValue(forKey: "a")
        let after = self.fetch(cache, "a", 2)
        try await self.waitForFills(2)
        self.gate.open()
        #expect(try await before.value == 1)
        #expect(try await after.value == 2)
        #expect(cache.value(forKey: "a") == 2)
    }

    @Test func livesFromTheEndOfTheFillOn() async throws {
        let cache = self.makeCache()
        let call = self.fetch(cache, ttl: .seconds(10))
        try await self.waitForFills(1)
        self.clock.advance(by: .seconds(5))
        self.gate.open()
        _ = try await call.value
        #expect(cache.entry(forKey: "a")?.ttl == .seconds(10))
        #expect(cache.statistics.fillTime == .seconds(5))
        #expect(cache.statistics.meanFillTime == .seconds(5))
    }

    @Test func returnsWhatItCannotStore() async throws {
        let cache = self.makeCache(.cost(100) { _, value in value })
        self.gate.open()
        #expect(try await self.fetch(cache, "a", 101).value == 101)
        #expect(try await self.fetch(cache, "a", 1, ttl: .zero).value == 1)
        #expect(!cache.contains("a"))
    }

    @Test func aFillMustNotAskForItsOwnKey() async throws {
        let cache = self.makeCache()
        await expectError(.fillReentered) {
            try await cache.fetch(forKey: "a") {
                try await cache.fetch(forKey: "b") { try await cache.fetch(forKey: "a") { 1 } }
            }
        }
        #expect(try await cache.fetch(forKey: "a") { try await cache.fetch(forKey: "b") { 2 } } == 2)
    }

    /// What a database would hold.
    private final class Truth: Sendable {
        private let values = Mutex<[String: Int]>([:])

        func raise(_ key: String) { self.values.withLock { $0[key, default: 0] += 1 } }

        func value(_ key: String) -> Int { self.values.withLock { $0[key, default: 0] } }
    }

    @Test func threadsThatFillAndWriteAgree() async throws {
        let cache = self.makeCache(.entries(20))
        let truth = Truth()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(task))
                    for number in 0..<Soak.operations(1_000, soak: 50_000) {
                        let key = "\(Int.random(in: 0..<30, using: &random))"
                        if number.isMultiple(of: 5) {
                            // As programs do it: the truth first, then the cache.
                            truth.raise(key)
                            cache.removeValue(forKey: key)
                        } else {
                            _ = try await cache.fetch(forKey: key) {
                                let value = truth.value(key)
                                await Task.yield()
                                return value
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        // Nothing that was read before the last removal of its key is left.
        cache.forEach { key, entry in #expect(entry.value == truth.value(key)) }
        #expect(cache.strings.fillCount == 0)
    }
}
