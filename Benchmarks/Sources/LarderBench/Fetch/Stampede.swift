import Larder

/// Many tasks that ask for one missing key at the same moment.
struct Stampede: Codable, Sendable {
    /// The key's text.
    var key: String
    /// How many tasks ask.
    var tasks: Int
    /// What a fill takes.
    var fillMilliseconds: Int
    /// When they begin to ask.
    var start: UInt64

    /// What has become of it.
    struct Outcome: Codable, Sendable {
        /// How many fills ran here.
        var fills: Int
        /// When the last task had its value.
        var end: UInt64
    }

    private static let value = 42

    func run(on cache: Cache) async throws -> Outcome {
        let fills = Tally()
        try await SystemTime.sleep(until: self.start)
        let end = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for _ in 0..<self.tasks {
                group.addTask {
                    let value = try await cache.fetch(CacheKey<Int>(self.key)) {
                        fills.add()
                        try await Task.sleep(for: .milliseconds(self.fillMilliseconds))
                        return Self.value
                    }
                    guard value == Self.value else { throw Failure("a fetch returned \(value)") }
                    return SystemTime.nanoseconds
                }
            }
            return try await group.reduce(0, max)
        }
        return Outcome(fills: fills.value, end: end)
    }
}

extension FetchMeasurement {
    private static let fillMilliseconds = 200

    func stampedes() async throws {
        for kind in self.stores {
            progress("stampede of 1,000 tasks, store \(kind.rawValue)")
            try await self.withCache(on: kind) { cache in
                var outcomes: [StampedeFigures] = []
                for run in 0...self.runs {
                    let start = SystemTime.nanoseconds
                    let stampede = Stampede(
                        key: "stampede:\(run)",
                        tasks: 1_000,
                        fillMilliseconds: Self.fillMilliseconds,
                        start: start
                    )
                    let outcome = try await stampede.run(on: cache)
                    let last = SystemTime.milliseconds(from: start, to: outcome.end)
                    // The first one connects and loads scripts.
                    if run > 0 { outcomes.append(StampedeFigures(fills: outcome.fills, lastMilliseconds: last)) }
                }
                Self.line(kind, processes: 1, tasks: 1_000, outcomes).print()
            }
        }
        if self.stores.contains(.redis) { try await self.stampedeOfProcesses() }
    }

    private struct StampedeFigures {
        var fills: Int
        var lastMilliseconds: Double
    }

    private func stampedeOfProcesses() async throws {
        let processes = 8
        let tasks = 100
        progress("stampede of \(processes) processes")
        try await withRedisServerAndWorkers(processes) { workers in
            var outcomes: [StampedeFigures] = []
            for run in 0...self.runs {
                let start = SystemTime.nanoseconds + 300_000_000
                let stampede = Stampede(
                    key: "stampede:\(run)",
                    tasks: tasks,
                    fillMilliseconds: Self.fillMilliseconds,
                    start: start
                )
                for worker in workers { try worker.send(.stampede(stampede)) }
                var figures = StampedeFigures(fills: 0, lastMilliseconds: 0)
                for worker in workers {
                    let outcome = try await worker.awaitEvent(atMost: .seconds(30)) { event in
                        if case .stampeded(let outcome) = event { outcome } else { nil }
                    }
                    figures.fills += outcome.fills
                    let last = SystemTime.milliseconds(from: start, to: outcome.end)
                    figures.lastMilliseconds = max(figures.lastMilliseconds, last)
                }
                if run > 0 { outcomes.append(figures) }
            }
            Self.line(.redis, processes: processes, tasks: tasks, outcomes).print()
        }
    }

    private static func line(
        _ kind: StoreKind,
        processes: Int,
        tasks: Int,
        _ outcomes: [StampedeFigures]
    ) -> BenchLine {
        var line = BenchLine("fetch.stampede")
        line.set("store", kind.rawValue)
        line.set("processes", processes)
        line.set("tasks", tasks)
        line.set("fill_ms", Self.fillMilliseconds)
        line.set("fills", outcomes.map(\.fills).max() ?? 0)
        line.set("last_ms", median(outcomes.map(\.lastMilliseconds)))
        line.set("last_max_ms", outcomes.map(\.lastMilliseconds).max() ?? .nan)
        return line
    }
}
