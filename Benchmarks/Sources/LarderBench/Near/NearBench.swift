import ArgumentParser

/// `larder-bench near`: the near cache: what a hit costs, and how long other processes read what has been changed.
struct NearBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "near",
        abstract: "Measures hits in the near cache, and how old the values are that it returns.",
        discussion: """
            near.hit is cache.get with one task of an entry whose copy is in memory, beside the same on a MemoryStore; \
            times_the_cost is its time over that one's.

            near.coherence: this process sets, invalidates and removes four keys in turn, --readers processes read them. \
            For each round it is noted how long after the change had returned a read began that still returned what was \
            there before: stale_median_ms, stale_p999_ms and stale_max_ms of all rounds, 0 for those of which no reader \
            ever did. With --disturb connections are killed, all keys flushed and the server stopped for up to 600 ms, \
            several times a second. With --freshness strict the readers' reads pass by their copies: none may be stale.
            """
    )

    @Option(help: "How often to measure hits; each line is the median.")
    var runs = 5

    @Option(help: "How many changes.")
    var rounds = 100_000

    @Option(help: "How many processes read.")
    var readers = 4

    @Flag(help: "Disturb server and connections meanwhile.")
    var disturb = false

    @Option(help: "Who may answer the readers: tracked, their memory too; strict, only the server.")
    var freshness = NearFreshness.tracked

    @Option(help: "Run only the benchmarks whose name begins so: near.hit or near.coherence.")
    var only = "near"

    func validate() throws {
        guard self.runs > 0, self.rounds >= 100, self.readers > 0 else {
            throw ValidationError("--runs and --readers must be positive, --rounds at least 100")
        }
    }

    func run() async throws {
        let measurement = NearMeasurement(
            runs: self.runs,
            rounds: self.rounds,
            readers: self.readers,
            disturbances: self.disturb,
            freshness: self.freshness
        )
        if "near.hit".hasPrefix(self.only) { try await measurement.hits() }
        if "near.coherence".hasPrefix(self.only) { try await measurement.coherence() }
    }
}
