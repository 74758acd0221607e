import Foundation
import GRDB
import Larder
import LarderTesting
import Logging
import Synchronization
import Testing

@testable import LarderSQLite

/// Random reads and writes at the same time: no read brings what the database did not hold at some moment between the
/// read's beginning and its end.
///
/// A query is of one moment; of several records each is by itself.
@Suite(.serialized) struct CachedHistoryTests {
    /// How many reads and writes a history has; a soak has more.
    private static var length: Int { ProcessInfo.processInfo.environment["LARDER_SOAK"] == nil ? 8_000 : 100_000 }

    private struct Outcome {
        var reads = 0
        var violations: [String] = []
        var statistics = CachedDatabaseStatistics()
        var isIdle = false
    }

    /// What the tasks of a history count together.
    private final class Tally: Sendable {
        private let begun = Atomic<Int>(0)
        private let seen = Mutex<(reads: Int, violations: [String])>((0, []))

        /// The number of the next read or write; `nil` after the last.
        func next(upTo length: Int) -> Int? {
            let number = self.begun.add(1, ordering: .relaxed).newValue
            return number <= length ? number : nil
        }

        /// Waits until so many reads and writes have begun.
        ///
        /// By their number, not for a time: so a slow machine reads as much between two writes as a quick one.
        func reaches(_ number: Int) async throws {
            while self.begun.load(ordering: .relaxed) < number { try await Task.sleep(for: .microseconds(100)) }
        }

        /// A read was made.
        func add(_ violation: String?) {
            self.seen.withLock { seen in
                seen.reads += 1
                if let violation { seen.violations.append(violation) }
            }
        }

        var outcome: (reads: Int, violations: [String]) { self.seen.withLock { $0 } }
    }

    /// Runs a history of 4 writers and 8 readers.
    ///
    /// - Parameters:
    ///   - store: Where to cache.
    ///   - length: How many reads and writes there are.
    ///   - seed: What they depend on.
    ///   - isWatched: Whether the database is watched; without that, a checker that finds nothing sees nothing.
    ///   - disturb: Told of the number of each read and write before it is made.
    /// - Returns: What was seen.
    /// - Throws: What a read or write throws.
    private func history(
        on store: some CacheStore,
        length: Int,
        seed: UInt64,
        isWatched: Bool = true,
        disturb: (@Sendable (Int) -> Void)? = nil
    ) async throws -> Outcome {
        let folder = NSTemporaryDirectory() + "larder-history-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let pool = try DatabasePool(path: folder + "/history.sqlite")
        try await pool.write { db in try HistoryItem.makeTables(db) }
        let witness = HistoryWitness(try await pool.read { db in try HistoryState.read(db) })
        pool.add(transactionObserver: witness)
        let cache = Cache(
            store,
            namespace: "history",
            defaults: CacheDefaults(ttl: .hours(1), circuitBreaker: nil),
            logger: .init(label: "quiet") { _ in SilentLog() }
        )
        let options = CachedDatabaseOptions(
            foreignWrites: .unnoticed,
            settleTimeout: .milliseconds(20),
            retryPause: .milliseconds(1) ... .milliseconds(20),
            logger: .init(label: "quiet") { _ in SilentLog() }
        )
        let database = try CachedDatabase(pool, cache: cache, options: options)
        if !isWatched { pool.remove(transactionObserver: database.observer) }
        let tally = Tally()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    while let number = tally.next(upTo: length) {
                        disturb?(number)
                        let own = seed &+ UInt64(number) &* 31 &+ UInt64(writer)
                        do {
                            if own.isMultiple(of: 2) {
                                try await database.write { db in try HistoryWriter.write(db, seed: own, witness) }
                            } else {
                                try await pool.write { db in try HistoryWriter.write(db, seed: own, witness) }
                            }
                        } catch is HistoryWriter.RolledBack {
                            continue
                        }
                        // Reads are to find something that stays for a moment.
                        try await tally.reaches(min(number + Int(own % 40), length))
                    }
                }
            }
            for reader in 0..<8 {
                group.addTask {
                    var generator = SeededGenerator(seed: seed &* 7 &+ UInt64(reader))
                    while let number = tally.next(upTo: length) {
                        disturb?(number)
                        let query = HistoryQuery.random(&generator)
                        let first = witness.ended
                        let answer = try await query.ask(database)
                        let isAllowed = witness.allows(answer, of: query, since: first)
                        tally.add(isAllowed ? nil : "\(query): \(answer)")
                    }
                }
            }
            try await group.waitForAll()
        }
        await database.settlement.settled(atMost: .seconds(10))
        var outcome = Outcome()
        (outcome.reads, outcome.violations) = tally.outcome
        outcome.statistics = database.statistics
        outcome.isIdle = try await database.settlement.isIdleSoon
        await database.shutdown()
        try pool.close()
        try FileManager.default.removeItem(atPath: folder)
        return outcome
    }

    private func check(_ outcome: Outcome, _ name: String) {
        #expect(outcome.violations.isEmpty, "\(outcome.violations.prefix(3))")
        #expect(outcome.statistics.hits > outcome.reads / 20, "the cache was hardly asked: \(outcome.statistics)")
        print("history \(name): \(outcome.reads) reads, \(outcome.statistics)")
    }

    @Test func nothingUntrueIsReadFromMemory() async throws {
        let outcome = try await self.history(on: .memory(entries: 1_000), length: Self.length, seed: 11)
        self.check(outcome, "memory")
        #expect(outcome.isIdle)
    }

    @Test func nothingUntrueIsReadFromAStoreThatIsSlowAndKeepsBytes() async throws {
        let store = FaultyStore(EncodingStore(base: .memory(entries: 1_000)))
        store.follow(FaultSchedule(seed: 12, delays: 0.2, longestDelay: .milliseconds(2)))
        let outcome = try await self.history(on: store, length: Self.length / 2, seed: 12)
        self.check(outcome, "slow bytes")
        #expect(outcome.isIdle)
    }

    @Test func nothingUntrueIsReadFromAStoreThatFails() async throws {
        let store = FaultyStore(EncodingStore(base: .memory(entries: 1_000)))
        store.follow(
            FaultSchedule(
                seed: 13,
                delays: 0.05,
                errors: 0.02,
                lostAnswers: 0.02,
                evictions: 0.02,
                longestDelay: .milliseconds(2)
            )
        )
        let outcome = try await self.history(on: store, length: Self.length / 2, seed: 13) { number in
            // Down for a while, again and again.
            if number % 2_000 == 500 { store.fail() }
            if number % 2_000 == 600 { store.recover() }
        }
        self.check(outcome, "failing")
    }

    @Test func databaseThatIsNotWatchedIsFoundOut() async throws {
        let outcome = try await self.history(on: .memory(entries: 1_000), length: 2_000, seed: 14, isWatched: false)
        #expect(!outcome.violations.isEmpty)
    }
}
