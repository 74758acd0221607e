import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Synchronization
import Testing

/// Fills, reads, invalidations and losses at the same time: nobody is served with what was invalidated before he asked.
@Suite(.timeLimit(.minutes(2))) struct RedisTagRaceTests {
    /// A database with one row, all of whose readers know by which version on they must be served.
    private final class Database: Sendable {
        /// The row as it is.
        let version = Atomic<Int64>(0)
        /// The row as it was when the last invalidation that has returned began.
        let invalidated = Atomic<Int64>(0)
        let hits = Atomic(0)
        let commits = Atomic(0)
        let refusals = Atomic(0)
        /// Whether nobody fills any more.
        let isOver = Atomic(false)

        func serve(_ entry: StoredEntry, askedAt floor: Int64, _ mode: String) {
            guard case .integer(let version) = entry.value else {
                Issue.record("\(entry.value)")
                return
            }
            #expect(version >= floor, "\(mode)")
            self.hits.add(1, ordering: .relaxed)
        }
    }

    /// How a fill comes to know its tag.
    private enum Mode: CaseIterable {
        case named, taken, late
    }

    private static func fill(_ space: TagSpace, _ mode: Mode, _ database: Database) async throws {
        let key = "\(mode)\(Int.random(in: 0..<2))"
        var floor = database.invalidated.load(ordering: .acquiring)
        switch try await space.ask(key, tags: mode == .named ? ["row"] : []) {
        case .found(let entry):
            database.serve(entry, askedAt: floor, key)
        case .absent(.granted(let lease)):
            let marks = mode == .taken ? try await space.space.marks(of: ["row"], for: .seconds(30)) : []
            let version = database.version.load(ordering: .acquiring)
            for _ in 0..<Int.random(in: 0..<8) { _ = try await space.exists("nothing") }
            let isWritten = try await space.commit(lease, version, marks: marks, late: mode == .late ? ["row"] : [])
            if isWritten {
                database.commits.add(1, ordering: .relaxed)
            } else {
                database.refusals.add(1, ordering: .relaxed)
            }
        case .absent:
            break
        }
        floor = database.invalidated.load(ordering: .acquiring)
        if let entry = try await space.read(key) { database.serve(entry, askedAt: floor, key) }
    }

    @Test(arguments: Manner.allCases)
    func nobodyIsServedWithWhatWasInvalidatedBefore(_ manner: Manner) async throws {
        try await withRedis(.init(), manner) { redis in
            let database = Database()
            let second = try RedisClient(url: redis.server.url)
            let other = redis.with(second)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let space = TagSpace(other)
                    while !database.isOver.load(ordering: .relaxed) {
                        let version = database.version.add(1, ordering: .acquiringAndReleasing).newValue
                        try await space.space.invalidate(["row", "else"], .dead)
                        database.invalidated.store(version, ordering: .releasing)
                        for _ in 0..<6 { _ = try await space.mark("else") }
                        switch version % 40 {
                        case 0: try await redis.server.command("DEL", "{@ns}:tag:row")
                        case 10: try await redis.server.command("DEL", "{@ns}:stamp")
                        case 20: try await space.space.clear()
                        case 30: try await space.space.invalidate(["row"], .stale)
                        default: break
                        }
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { fillers in
                    for mode in Mode.allCases {
                        for lender in [redis, other] {
                            fillers.addTask {
                                let space = TagSpace(lender)
                                for _ in 0..<400 { try await Self.fill(space, mode, database) }
                            }
                        }
                    }
                    try await fillers.waitForAll()
                }
                database.isOver.store(true, ordering: .relaxed)
                try await group.waitForAll()
            }
            await second.shutdown()
            // All of it has happened often enough to mean something.
            #expect(database.version.load(ordering: .relaxed) > 40)
            #expect(database.hits.load(ordering: .relaxed) > 100)
            #expect(database.commits.load(ordering: .relaxed) > 40)
            #expect(database.refusals.load(ordering: .relaxed) > 10)
        }
    }
}
