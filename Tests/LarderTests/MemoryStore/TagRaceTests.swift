import LarderTesting
import Synchronization
import Testing

@testable import Larder

/// Fills and invalidations in many threads at once: what a reader finds is never older than an invalidation that had
/// returned before it asked.
@Suite(.timeLimit(.minutes(10))) struct TagRaceTests {
    /// What a fill reads: for each tag, how often its data has changed, and up to which change readers have been promised
    /// to see it.
    private final class Database: Sendable {
        private struct Row {
            var version: Int64 = 0
            var promised: Int64 = 0
        }

        private let rows: Mutex<[Row]>

        init(tags: Int) {
            self.rows = Mutex(Array(repeating: Row(), count: tags))
        }

        func read(_ tag: Int) -> Int64 { self.rows.withLock { $0[tag].version } }

        func promised(_ tag: Int) -> Int64 { self.rows.withLock { $0[tag].promised } }

        func change(_ tag: Int) -> Int64 {
            self.rows.withLock { rows in
                rows[tag].version += 1
                return rows[tag].version
            }
        }

        func promise(_ tag: Int, _ version: Int64) {
            self.rows.withLock { $0[tag].promised = max($0[tag].promised, version) }
        }
    }

    /// What the threads counted, to see that the race took place.
    private struct Tally {
        var hits = 0
        var commits = 0
        var refusals = 0
        var violations: [String] = []
    }

    private static let tagCount = 3
    private static let keyCount = 9

    @Test(arguments: Soak.seeds)
    func noEntrySurvivesAnInvalidationOfItsTag(_ seed: UInt64) async throws {
        // Room for fewer keys than there are, so that entries and tags come and go.
        let subject = try MemorySpace(entries: 6)
        let database = Database(tags: Self.tagCount)
        let operations = Soak.operations(6_000, soak: 1_000_000)
        let tallies = try await withThrowingTaskGroup(of: Tally.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var random = SeededGenerator(seed: seed &+ UInt64(worker) &* 1_000_003)
                    var tally = Tally()
                    for operation in 0..<operations {
                        try await self.step(subject, database, &random, &tally)
                        // The verbs of a memory store never suspend, and tasks of other tests want to run.
                        if operation.isMultiple(of: 100) { await Task.yield() }
                    }
                    return tally
                }
            }
            return try await group.reduce(into: [Tally]()) { $0.append($1) }
        }
        #expect(tallies.flatMap(\.violations).prefix(5) == [], "seed \(seed)")
        #expect(tallies.reduce(0) { $0 + $1.hits } > 0)
        #expect(tallies.reduce(0) { $0 + $1.commits } > 0)
        #expect(tallies.reduce(0) { $0 + $1.refusals } > 0)
        _ = try await subject.space.removeAll(matching: "*")
        for key in 0..<Self.keyCount { try await subject.remove("k\(key)") }
        #expect(subject.tags.count == 0)
        #expect(subject.store.leases.standing == 0)
    }

    private func step(
        _ subject: MemorySpace,
        _ database: Database,
        _ random: inout SeededGenerator,
        _ tally: inout Tally
    ) async throws {
        let key = Int.random(in: 0..<Self.keyCount, using: &random)
        let tag = key % Self.tagCount
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            let version = database.change(tag)
            try await subject.space.invalidate(["t\(tag)"], .dead)
            database.promise(tag, version)
        case 1:
            try await subject.remove("k\(key)")
        case 2:
            _ = try await subject.space.marks(of: ["t\(tag)"], for: .seconds(1))
        case 3..<10:
            let promised = database.promised(tag)
            if let value = try await self.value(subject, key, &random) {
                tally.hits += 1
                if value < promised { tally.violations.append("read \(value) of k\(key), promised \(promised)") }
            }
        default:
            try await self.fill(subject, database, key, &random, &tally)
        }
    }

    private func value(_ subject: MemorySpace, _ key: Int, _ random: inout SeededGenerator) async throws -> Int64? {
        let key = MemorySpace.key("k\(key)")
        if Bool.random(using: &random) {
            guard case .tagged(.integer(let value), _) = subject.space.readNow(key) else { return nil }
            return value
        }
        let found = try await subject.space.read([key], ReadOptions(coder: MemorySpace.coder)).first
        guard case .found(let entry) = found, case .integer(let value) = entry.value else { return nil }
        return value
    }

    /// Takes the tag with the lease, while the fill runs, or when it has its value.
    private func fill(
        _ subject: MemorySpace,
        _ database: Database,
        _ key: Int,
        _ random: inout SeededGenerator,
        _ tally: inout Tally
    ) async throws {
        let tag = key % Self.tagCount
        let names = ["t\(tag)"]
        let way = Int.random(in: 0..<3, using: &random)
        let promised = database.promised(tag)
        let answer = try await subject.ask("k\(key)", way == 0 ? names : [])
        if case .found(let entry) = answer, case .integer(let value) = entry.value, value < promised {
            tally.violations.append("found \(value) of k\(key), promised \(promised)")
        }
        guard case .absent(.granted(let lease)) = answer else { return }
        let marks = way == 1 ? try await subject.space.marks(of: names, for: .seconds(1)) : []
        let value = database.read(tag)
        if Int.random(in: 0..<4, using: &random) == 0 { await Task.yield() }
        let write = MemorySpace.write("k\(key)", value, [])
        let commit = EntryCommit(write: write, lease: lease, marks: marks, lateTags: way == 2 ? names : [])
        if try await subject.space.commit([commit]) == [true] { tally.commits += 1 } else { tally.refusals += 1 }
    }

    @Test(arguments: Soak.seeds)
    func recordsThatComeAndGoInManyThreadsLeaveNothing(_ seed: UInt64) {
        let table = TagTable()
        let operations = Soak.operations(20_000, soak: 2_000_000)
        let violations = Mutex(0)
        inThreads(4) { thread in
            var random = SeededGenerator(seed: seed &+ UInt64(thread))
            for _ in 0..<operations {
                let names = ["a", "b", "c"].filter { _ in Bool.random(using: &random) }
                switch Int.random(in: 0..<4, using: &random) {
                case 0: table.invalidate(names, .dead)
                case 1: _ = table.liveRecord("a")
                default:
                    // While somebody holds a record, its name leads to just that one.
                    let records = table.records(names)
                    let again = table.records(names)
                    if !zip(records, again).allSatisfy({ $0 === $1 }) { violations.withLock { $0 += 1 } }
                }
            }
        }
        #expect(violations.withLock { $0 } == 0)
        #expect(table.count == 0)
    }
}
