import ArgumentParser
import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting

/// `larder-bench locks`: whether locks keep what they promise, how soon a freed one is taken, and what a free one costs.
struct LocksBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locks",
        abstract: "Measures locks on Redis, among processes that are killed and stopped.",
        discussion: """
            locks.sections: --processes processes of --tasks tasks each run --sections sections under one lock. Holders are \
            killed, and stopped past their lease, and the server is stopped for longer than a lease. overlaps, \
            tokens_not_grown and stale_writes have to be 0; refused_writes are those of holders that were stopped. \
            connections is the most that the server had at a time. handover_p50_us is from the end of a section to the \
            beginning of the next.

            locks.handover is the same of two processes with a task each, and nothing else going on.

            locks.uncontended is withLock on names that nobody else wants, beside SET NX PX and a script that compares and \
            deletes, by the same client: without a fencing token, renewal, or anybody who could be told.
            """
    )

    @Option(help: "How often to measure free locks; each line is the median.")
    var runs = 5

    @Option(help: "For how long, in seconds.")
    var seconds = 1.0

    @Option(help: "How many processes.")
    var processes = 8

    @Option(help: "How many tasks in each.")
    var tasks = 50

    @Option(help: "How many sections all of them run together.")
    var sections = 10_000

    @Option(help: "How long a lease is, in milliseconds.")
    var lease = 2_000

    @Option(help: "Run only the benchmarks whose name begins so: locks.sections, locks.handover or locks.uncontended.")
    var only = "locks"

    func validate() throws {
        guard self.runs > 0, self.seconds > 0, self.processes > 0, self.tasks > 0, self.sections >= 20,
            self.lease >= 500
        else {
            throw ValidationError(
                "--runs, --seconds, --processes and --tasks must be positive, --sections at least 20, --lease at least 500"
            )
        }
    }

    func run() async throws {
        if "locks.uncontended".hasPrefix(self.only) { try await self.uncontended() }
        if "locks.handover".hasPrefix(self.only) { try await self.handover() }
        if "locks.sections".hasPrefix(self.only) { try await self.contended() }
    }

    private func handover() async throws {
        progress("handing a lock over")
        let plan = LockFleet.Plan(
            processes: 2,
            tasks: 1,
            sections: 2_000,
            leaseMilliseconds: 10_000,
            disturbances: false
        )
        try Self.report("locks.handover", plan, try await LockFleet.run(plan))
    }

    private func contended() async throws {
        progress("sections of \(self.processes) processes")
        let plan = LockFleet.Plan(
            processes: self.processes,
            tasks: self.tasks,
            sections: self.sections,
            leaseMilliseconds: self.lease,
            disturbances: true
        )
        try Self.report("locks.sections", plan, try await LockFleet.run(plan))
    }

    private static func report(_ bench: String, _ plan: LockFleet.Plan, _ outcome: LockFleet.Outcome) throws {
        let judgement = outcome.judgement
        var line = BenchLine(bench)
        line.set("store", "redis")
        line.set("processes", plan.processes)
        line.set("tasks", plan.processes * plan.tasks)
        line.set("lease_ms", plan.leaseMilliseconds)
        line.set("sections", judgement.sections)
        line.set("seconds", outcome.seconds)
        line.set("killed", outcome.kills)
        line.set("stopped", outcome.pauses)
        line.set("server_stopped", outcome.serverPauses)
        line.set("overlaps", judgement.overlaps)
        line.set("tokens", judgement.grants)
        line.set("tokens_not_grown", judgement.tokensNotGrown)
        line.set("stale_writes", judgement.staleWrites)
        line.set("refused_writes", judgement.refusedWrites)
        line.set("lost", judgement.lost)
        line.set("failed", judgement.failed)
        line.set("connections", outcome.connections)
        line.set("p50_us", percentile(0.5, of: judgement.handovers))
        line.set("p99_us", percentile(0.99, of: judgement.handovers))
        line.print()
        guard judgement.faults.isEmpty else { throw Failure(judgement.faults.joined(separator: "; ")) }
    }
}
