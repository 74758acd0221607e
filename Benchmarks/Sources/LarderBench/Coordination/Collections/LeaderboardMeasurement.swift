import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

/// `collections.leaderboard`: what a rank and a member's neighbours take on leaderboards of a thousand and a million
/// members, in memory and on Redis, one call after the other.
///
/// `ratio_to_thousand` is the median's ratio to that of a thousand members on the same store. Runs of both sizes take turns,
/// so that both meet the same machine.
struct LeaderboardMeasurement {
    /// How often to measure.
    let runs: Int

    private static let sizes = [1_000, 1_000_000]
    private static let calls = 5_000
    private static let operations = ["rank", "around", "increment"]

    func measure() async throws {
        try await self.measure(Collections(.memory(), namespace: "bench"), "memory")
        try await withRedisServer { server in
            let client = try RedisClient(url: server.url)
            do {
                try await self.measure(Collections(.redis(client), namespace: "bench"), "redis")
            } catch {
                await client.shutdown()
                throw error
            }
            await client.shutdown()
        }
    }

    private func measure(_ collections: Collections, _ store: String) async throws {
        var boards: [Leaderboard<Int>] = []
        for size in Self.sizes {
            progress("collections.leaderboard: \(size) members in \(store)")
            let board = collections.leaderboard("b\(size)", of: Int.self, lifetime: .sliding(.hours(1)))
            for start in stride(from: 0, to: size, by: 5_000) {
                // Scores in no order, with ties.
                let members = start..<min(size, start + 5_000)
                try await board.set(members.map { (member: $0, score: Double($0 &* 7_919 % 500_009)) })
            }
            boards.append(board)
        }
        for operation in Self.operations {
            var medians = Self.sizes.map { _ in [Double]() }
            for _ in 0..<self.runs {
                for (index, board) in boards.enumerated() {
                    medians[index].append(median(try await Self.times(of: operation, on: board, Self.sizes[index])))
                }
            }
            for (index, size) in Self.sizes.enumerated() {
                var line = BenchLine("collections.leaderboard")
                line.set("store", store)
                line.set("operation", operation)
                line.set("members", size)
                line.set("p50_us", median(medians[index]))
                line.set("ratio_to_thousand", median(medians[index]) / median(medians[0]))
                line.print()
            }
        }
    }

    private static func times(of operation: String, on board: Leaderboard<Int>, _ size: Int) async throws -> [Double] {
        let clock = ContinuousClock()
        var times: [Double] = []
        times.reserveCapacity(Self.calls)
        for call in 0..<Self.calls {
            let member = Int(truncatingIfNeeded: UInt64(truncatingIfNeeded: call) &* 0x9E37_79B9_7F4A_7C15 >> 33) % size
            let start = clock.now
            switch operation {
            case "rank": _ = try await board.rank(of: member)
            case "around": _ = try await board.around(member, onEachSide: 5)
            default: try await board.increment(member)
            }
            times.append(start.duration(to: clock.now).microseconds)
        }
        return times
    }
}
