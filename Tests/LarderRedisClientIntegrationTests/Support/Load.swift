import LarderRedisClient
import Synchronization
import Testing

/// 200 tasks that read and write, each its own key, so that a reply in the wrong hands is noticed.
final class Load: Sendable {
    static let taskCount = 200

    /// What the tasks have seen.
    struct Tally: CallTally {
        var replies = 0
        var errors: [RedisError.Code: Int] = [:]
        var otherErrors: [String] = []
        var wrong = 0
        var slowest = Duration.zero
        var lateness = Duration.zero
        /// Tasks that have had a reply since the last reset.
        var alive: Set<Int> = []
    }

    private let client: RedisClient
    private let tally = Mutex(Tally())
    private let isOver = Atomic<Bool>(false)

    private init(_ client: RedisClient) { self.client = client }

    /// Lets the tasks read and write while `trouble` is made; then waits until each of them works again.
    static func run(_ client: RedisClient, while trouble: () async throws -> Void) async throws -> Tally {
        let load = Load(client)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Whatever is thrown here, the tasks end; else the group would wait for them for ever.
            defer { load.isOver.store(true, ordering: .relaxed) }
            group.addTask { await load.measureLateness() }
            for task in 0..<Self.taskCount {
                group.addTask { await load.readAndWrite(task) }
            }
            try await load.untilAllAlive()
            try await trouble()
            try await load.untilAllAlive()
        }
        return load.tally.withLock { $0 }
    }

    /// Waits for a reply to every task from now on.
    private func untilAllAlive() async throws {
        self.tally.withLock { $0.alive = [] }
        let areAlive = try await eventually { self.tally.withLock { $0.alive.count == Self.taskCount } }
        #expect(areAlive, "the client does not work (again) within 30 seconds")
    }

    private var goesOn: Bool { !self.isOver.load(ordering: .relaxed) && !Task.isCancelled }

    private func measureLateness() async {
        await watchLateness(while: { self.goesOn }) { lateness in
            self.tally.withLock { $0.lateness = max($0.lateness, lateness) }
        }
    }

    private func readAndWrite(_ task: Int) async {
        let clock = ContinuousClock()
        var round = 0
        while self.goesOn {
            round += 1
            let start = clock.now
            do {
                let isRight = try await self.exchange("task:\(task)", round: round)
                let duration = start.duration(to: clock.now)
                self.tally.withLock {
                    $0.noteReply(after: duration)
                    $0.alive.insert(task)
                    if !isRight { $0.wrong += 1 }
                }
            } catch {
                let duration = start.duration(to: clock.now)
                self.tally.withLock { $0.note(error, after: duration) }
                await Task.yield()
            }
        }
    }

    /// Sends one command.
    ///
    /// - Returns: Whether the reply is this task's own.
    private func exchange(_ key: String, round: Int) async throws -> Bool {
        if round.isMultiple(of: 3) {
            try await self.client.send(RedisCommand("SET", key, "\(key) \(round)"), as: String.self) == "OK"
        } else if round.isMultiple(of: 5) {
            try await self.client.send(RedisCommand("ECHO", "\(key) \(round)"), as: String.self) == "\(key) \(round)"
        } else {
            try await self.client.send(RedisCommand("GET", key), as: String?.self)?.hasPrefix(key + " ") ?? true
        }
    }
}
