import Larder
import LarderTesting
import Synchronization
import Testing

/// The order of tasks is the seed's, and time passes only when nothing else can.
@Suite struct SeededExecutorTests {
    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { self.lines.withLock { $0 } }
        func add(_ line: String) { self.lines.withLock { $0.append(line) } }
    }

    private func order(seed: UInt64) async throws -> [String] {
        let executor = SeededExecutor(seed: seed)
        let log = Log()
        try await executor.run {
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        for step in 0..<4 {
                            log.add("\(task).\(step)")
                            await executor.turn()
                        }
                    }
                }
            }
        }
        return log.all
    }

    @Test func orderIsTheSeeds() async throws {
        let orders = try await ([1, 1, 2] as [UInt64]).asyncMap { try await self.order(seed: $0) }
        #expect(orders[0].count == 16)
        #expect(orders[0] == orders[1])
        #expect(orders[0] != orders[2])
        #expect(orders[0].sorted() == orders[2].sorted())
    }

    @Test func timePassesOnlyWhenNothingElseCan() async throws {
        let executor = SeededExecutor(seed: 1)
        let log = Log()
        try await executor.run {
            async let late: Void = executor.clock.sleep(until: .init(offset: .seconds(3_600)))
            async let early: Void = executor.clock.sleep(until: .init(offset: .seconds(60)))
            for _ in 0..<10 { await executor.turn() }
            log.add("\(executor.clock.now.offset)")
            try await early
            log.add("\(executor.clock.now.offset)")
            try await late
            log.add("\(executor.clock.now.offset)")
        }
        #expect(log.all == ["0.0 seconds", "60.0 seconds", "3600.0 seconds"])
    }

    @Test func fillsOfACacheRunHereToo() async throws {
        let executor = SeededExecutor(seed: 5)
        let clock = CacheClock(executor.clock)
        let found = try await executor.run {
            let cache = Cache(MemoryStore(limit: .entries(100), clock: clock), clock: clock)
            async let first = cache.fetch("k") {
                try await executor.clock.sleep(for: .seconds(10))
                return 1
            }
            async let second = cache.fetch("k") {
                try await executor.clock.sleep(for: .seconds(20))
                return 2
            }
            return try await [first, second]
        }
        #expect(found == [1, 1] || found == [2, 2])
        #expect(executor.clock.sleeperCount == 0)
    }

    @Test func runThatCannotGoOnIsGivenUp() async throws {
        let executor = SeededExecutor(seed: 1, patience: .milliseconds(20))
        let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
        await #expect(throws: SeededExecutorError.stuck) {
            try await executor.run { for await _ in stream {} }
        }
        continuation.finish()
    }

    @Test func runThatDoesNotEndIsGivenUp() async throws {
        let executor = SeededExecutor(seed: 1, stepLimit: 1_000)
        await #expect(throws: SeededExecutorError.endless(steps: 1_000)) {
            try await executor.run { while true { try await executor.clock.sleep(for: .seconds(1)) } }
        }
    }

    @Test func errorsComeOut() async throws {
        let executor = SeededExecutor(seed: 1)
        await #expect(throws: CancellationError.self) { try await executor.run { throw CancellationError() } }
    }
}

extension [UInt64] {
    fileprivate func asyncMap<Value>(_ body: (UInt64) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
