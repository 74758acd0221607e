import ArgumentParser

/// `larder-bench collections`: typed collections, and what becomes of counters whose connections are killed.
struct CollectionsBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collections",
        abstract: "Measures typed collections, and counts what is lost or doubled where connections are killed.",
        discussion: """
            collections.counter, .list, .queue, .set and .hash: operations a second of --tasks tasks, in memory and on \
            Redis, each with a lifetime; on Redis beside the plain commands, without any, that do the same, sent by the \
            same client.

            collections.waiting: how long after a push the task had the element that had waited for it, with --waiters \
            tasks of one process waiting, and how many connections the server has meanwhile.

            collections.counters: --processes processes with --tasks tasks together add to counters for --seconds \
            seconds each while their connections are killed. Those that returned (done) have to be counted, and nothing \
            but those and the ones that nobody knows of (unknown): lost and doubled have to be 0, and so has \
            without_expiry.

            collections.leaderboard: a rank, a member with five neighbours on each side, and an increment, on leaderboards \
            of a thousand and a million members, in memory and on Redis; ratio_to_thousand is the median's ratio to that \
            of a thousand members.
            """
    )

    @Option(help: "How often to measure; each line is the median.")
    var runs = 3

    @Option(help: "How many tasks, of collections.counters in all processes together.")
    var tasks = 200

    @Option(help: "How many processes add to counters.")
    var processes = 8

    @Option(help: "How many tasks wait for elements.")
    var waiters = 200

    @Option(help: "How long each measurement takes.")
    var seconds = 2.0

    @Option(help: "Run only the benchmarks whose name begins so, such as collections.counter.")
    var only = "collections"

    func validate() throws {
        guard self.runs > 0, self.tasks > 0, self.processes > 0, self.waiters > 0, self.seconds > 0 else {
            throw ValidationError("all numbers must be positive")
        }
    }

    func run() async throws {
        let measurement = CollectionsMeasurement(
            runs: self.runs,
            tasks: self.tasks,
            processes: self.processes,
            waiters: self.waiters,
            seconds: self.seconds
        )
        for load in CollectionLoad.all where self.isWanted("collections.\(load.name)") {
            try await measurement.measure(load)
        }
        if self.isWanted("collections.leaderboard") { try await LeaderboardMeasurement(runs: self.runs).measure() }
        if self.isWanted("collections.waiting") { try await measurement.waiting() }
        if self.isWanted("collections.counters") { try await measurement.counters() }
    }

    private func isWanted(_ name: String) -> Bool { name.hasPrefix(self.only) }
}

/// What the benchmarks of collections share; each is an extension in a file of its own.
struct CollectionsMeasurement {
    let runs: Int
    let tasks: Int
    let processes: Int
    let waiters: Int
    let seconds: Double
}
