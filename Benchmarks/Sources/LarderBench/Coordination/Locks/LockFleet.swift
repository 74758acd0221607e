import Foundation
import LarderTesting

/// Processes that run sections under one lock, and what is done to them meanwhile.
struct LockFleet {
    /// What it is to do.
    struct Plan {
        var processes: Int
        var tasks: Int
        var sections: Int
        var leaseMilliseconds: Int
        /// Whether holders are killed and stopped past their lease, and the server is stopped.
        var disturbances: Bool
    }

    /// What became of it.
    struct Outcome {
        var judgement: LockJudgement
        var seconds = 0.0
        var kills = 0
        var pauses = 0
        var serverPauses = 0
        /// The most connections that the server had of the processes, and how many processes those were.
        var connections = 0
    }

    let plan: Plan
    private let directory: URL
    private let server: RedisServer
    private var workers: [LockWorkerProcess] = []
    private var records: [String] = []
    private var outcome = (kills: 0, pauses: 0, serverPauses: 0, connections: 0)

    /// Runs a fleet against a server of its own.
    static func run(_ plan: Plan) async throws -> Outcome {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("larder-locks-\(UInt64.random(in: .min ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        // The system's to clear away where this fails.
        defer { try? FileManager.default.removeItem(at: directory) }
        return try await withRedisServer { server in
            var fleet = LockFleet(plan: plan, directory: directory, server: server)
            let result: Result<Outcome, any Error>
            do {
                result = .success(try await fleet.run())
            } catch {
                result = .failure(error)
            }
            for worker in fleet.workers { worker.killAtOnce() }
            return try result.get()
        }
    }

    private init(plan: Plan, directory: URL, server: RedisServer) {
        self.plan = plan
        self.directory = directory
        self.server = server
    }

    private mutating func begin() throws {
        let path = self.directory.appendingPathComponent("\(self.records.count)").path
        self.records.append(path)
        self.workers.append(
            try LockWorkerProcess(
                [
                    "--url", self.server.url, "--tasks", "\(self.plan.tasks)", "--sections", "\(self.plan.sections)",
                    "--lease", "\(self.plan.leaseMilliseconds)", "--long-every",
                    "\(self.plan.disturbances ? max(1, self.plan.sections / 20) : 0)",
                ],
                records: path
            )
        )
    }

    private mutating func run() async throws -> Outcome {
        for _ in 0..<self.plan.processes { try self.begin() }
        let start = SystemTime.nanoseconds
        let deadline = ContinuousClock.now.advanced(by: .seconds(540))
        while self.workers.contains(where: \.isRunning) {
            guard ContinuousClock.now < deadline else { throw Failure("the sections do not come to an end") }
            try await self.look()
            try await Task.sleep(for: .milliseconds(50))
        }
        let records = try self.records.flatMap { try LockRecordFile.read($0) }
        for case .failed(let reason) in records.prefix(100_000).suffix(5) { progress("a call failed: \(reason)") }
        var outcome = Outcome(judgement: LockJudgement(records))
        outcome.seconds = SystemTime.milliseconds(from: start, to: SystemTime.nanoseconds) / 1_000
        (outcome.kills, outcome.pauses, outcome.serverPauses, outcome.connections) = self.outcome
        return outcome
    }

    /// Counts connections, and disturbs whoever says that it holds the lock for long.
    private mutating func look() async throws {
        let list = try await self.server.command("CLIENT", "LIST")
        // One of them is that which asks.
        let connections = list.split(separator: "\n").count { $0.contains("addr=") } - 1
        self.outcome.connections = max(self.outcome.connections, connections)
        guard self.plan.disturbances else { return }
        let reply = try await self.server.command("GET", LockWorker.longHolder)
        guard let line = reply.split(whereSeparator: \.isNewline).last, let holder = Int32(line),
            let index = self.workers.firstIndex(where: { $0.identifier == holder && $0.isRunning })
        else { return }
        try await self.server.command("DEL", LockWorker.longHolder)
        let pastLease = Duration.milliseconds(self.plan.leaseMilliseconds * 3 / 2)
        switch (self.outcome.kills + self.outcome.pauses + self.outcome.serverPauses) % 3 {
        case 0:
            self.outcome.pauses += 1
            progress("a holder is stopped past its lease")
            self.workers[index].pause()
            defer { self.workers[index].resume() }
            try await Task.sleep(for: pastLease)
        case 1:
            self.outcome.serverPauses += 1
            progress("the server is stopped for longer than a lease")
            self.server.pause()
            defer { self.server.resume() }
            try await Task.sleep(for: pastLease)
        default:
            self.outcome.kills += 1
            progress("a holder is killed")
            self.workers[index].killAtOnce()
            try self.begin()
        }
    }
}
