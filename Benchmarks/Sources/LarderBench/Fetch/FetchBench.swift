import ArgumentParser

/// `larder-bench fetch`: the whole cache, in memory and in Redis: what a hit costs, and whether the promises about fills,
/// invalidations and outages are kept in time.
struct FetchBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Measures hits, stampedes, invalidations, outages and leaks through the whole Cache.",
        discussion: """
            cache.get is a hit in memory by one task, beside the hit of a MemoryCache<String, Book> of the same entries. \
            fetch.hit is a fetch that hits and decodes a struct of four fields, of entries with as many tags as --tags says: \
            in memory by one task, and in Redis (the generations of namespace and tags checked) by --tasks tasks, beside \
            redis-benchmark's GET of 64 bytes with 50 clients. added_ns is what a hit in memory costs more than MemoryCache \
            itself, untagged_ratio the speed over that of entries without tags in the same run.

            fetch.stampede: all tasks of all processes ask for one missing key at the same moment. fills says how many fills \
            ran at most, last_ms when the last of them had the value. fetch.leader: the process that fills is killed, or \
            its call cancelled; began_after_ms says when another process began its fill. fetch.waiters: of 100 calls that \
            wait for a fill, 99 or all are cancelled.

            fetch.invalidate is one call of invalidate(tags:) or clear in Redis, with 1,000 and with --entries tagged \
            entries, taking turns; ratio is the longer time over the shorter. commands are those that the server carried \
            out for a call, those of scripts included; tag_keys the records of tags, and how many of them never expire.

            fetch.outage: Redis is stopped (SIGSTOP). overhead_ms is what a fetch takes beyond its fill: the longest of those \
            that wait for the store's timeout (phase first), and the 99th percentile of those that the circuit breaker keeps \
            from it (phase open). recovered_ms is the time from SIGCONT to the next hit.

            fetch.leaks fetches --fetches keys, each under a tag of its own and one of a thousand others, every hundredth \
            with a call that is cancelled, and says what is left of that.
            """
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 5

    @Option(help: "How many tasks fetch from Redis at the same time, separated by commas.")
    var tasks = "50"

    @Option(help: "How many tags the entries have that are hit, separated by commas.")
    var tags = "0,3"

    @Option(help: "How long to measure each time.")
    var seconds = 1.0

    @Option(help: "How many entries the larger measurement of invalidations has.")
    var entries = 1_000_000

    @Option(help: "How many keys are fetched to look for leaks.")
    var fetches = 1_000_000

    @Option(help: "Measure only this store: memory or redis.")
    var store: StoreKind?

    @Option(help: "Run only the benchmarks whose name begins so, such as fetch.outage.")
    var only = "fetch"

    func validate() throws {
        guard self.runs > 0, self.seconds > 0 else { throw ValidationError("--runs and --seconds must be positive") }
        guard self.entries >= 1_000, self.fetches >= 1_000 else {
            throw ValidationError("--entries and --fetches must be at least 1000")
        }
        guard !self.numbers(self.tasks, from: 1).isEmpty else {
            throw ValidationError("--tasks needs numbers, such as 50,200")
        }
        guard !self.numbers(self.tags, from: 0).isEmpty else {
            throw ValidationError("--tags needs numbers, such as 0,3")
        }
        if !Self.benchmarks.contains(where: { $0.name.hasPrefix(self.only) }) {
            let names = Self.benchmarks.map(\.name).joined(separator: ", ")
            throw ValidationError("no benchmark's name begins with \(self.only): there are \(names)")
        }
    }

    private func numbers(_ text: String, from least: Int) -> [Int] {
        text.split(separator: ",").compactMap { Int($0) }.filter { $0 >= least }
    }

    private static let benchmarks: [(name: String, run: @Sendable (FetchMeasurement) async throws -> Void)] = [
        // With cache.get, which takes turns with it.
        ("fetch.hit", { try await $0.hits() }),
        ("fetch.stampede", { try await $0.stampedes() }),
        ("fetch.leader", { try await $0.leaders() }),
        ("fetch.waiters", { try await $0.waiters() }),
        ("fetch.outage", { try await $0.outage() }),
        ("fetch.invalidate", { try await $0.invalidations() }),
        ("fetch.leaks", { try await $0.leaks() }),
    ]

    func run() async throws {
        let measurement = FetchMeasurement(
            runs: self.runs,
            taskCounts: self.numbers(self.tasks, from: 1),
            tagCounts: self.numbers(self.tags, from: 0),
            seconds: self.seconds,
            entries: self.entries,
            fetches: self.fetches,
            stores: self.store.map { [$0] } ?? StoreKind.allCases
        )
        for benchmark in Self.benchmarks where benchmark.name.hasPrefix(self.only) {
            progress(benchmark.name)
            try await benchmark.run(measurement)
        }
    }
}

/// The stores that the cache is measured on.
enum StoreKind: String, CaseIterable, ExpressibleByArgument {
    case memory
    case redis
}
