import Larder
import Synchronization

/// Breaks the servers of a deployment that a history runs on, one after the other, and brings them back each time.
///
/// ```swift
/// let disturbance = DeploymentDisturbance(deployment, events: 10, commandTimeout: .milliseconds(500)) { process, key, member in
///     _ = try await clients[process].send(RedisCommand("SADD", key, member))
/// }
/// let history = try await HistoryRun.live(seed: 7, .deployed(tasks: 200), namespace: "history") { _, _ in
///     clients.map { .redis($0) }
/// } disturbance: {
///     try await disturbance.run($0)
/// }
/// ```
///
/// The history is as long as the disturbance. What it has to say of what has happened is in ``History/incidents``,
/// ``History/losses`` and ``History/stalls``.
public final class DeploymentDisturbance: Sendable {
    /// How long it may take until writing works again, and until servers say what they have.
    private static let patience = Duration.seconds(20)

    private let deployment: any HistoryDeployment
    private let eventCount: Int
    private let kinds: [HistoryEvent]
    private let commandTimeout: Duration
    private let processes: Int
    private let probe: HistoryProbe
    private let probing = Mutex<(commands: Int, late: [Duration])>((0, []))

    /// Describes what is done to a deployment, by one history.
    ///
    /// - Parameters:
    ///   - deployment: The deployment, which nobody else uses.
    ///   - kinds: What may be done to it, of its ``HistoryDeployment/events``; `nil`, all.
    ///   - events: How many times something is done.
    ///   - processes: How many clients there are, one for each cache of the history.
    ///   - commandTimeout: How long a command of these clients may take.
    ///   - write: Adds a member to a set (`SADD`) with one of the clients.
    public init(
        _ deployment: any HistoryDeployment,
        _ kinds: Set<HistoryEvent>? = nil,
        events: Int,
        processes: Int,
        commandTimeout: Duration,
        write: @escaping @Sendable (_ process: Int, _ key: String, _ member: String) async throws -> Void
    ) {
        self.deployment = deployment
        self.kinds = deployment.events.filter { kinds?.contains($0) ?? true }
        self.eventCount = events
        self.processes = processes
        self.commandTimeout = commandTimeout
        self.probe = HistoryProbe(write)
    }

    /// How many commands were sent beside the history, once it is over.
    public var commandCount: Int { self.probing.withLock { $0.commands } }

    /// By how much those were late that did not end within their timeout, ``HistoryDeadlines/slack`` and what the machine was
    /// late meanwhile.
    public var lateCommands: [Duration] { self.probing.withLock { $0.late } }

    /// What happens in a history, in order; the same for the same seed.
    ///
    /// Each kind comes before one comes again.
    ///
    /// - Parameter seed: The history's seed.
    /// - Returns: The events.
    public func events(seed: UInt64) -> [HistoryEvent] {
        var random = SeededGenerator(seed: seed, 0xDE91)
        var events: [HistoryEvent] = []
        while events.count < self.eventCount, !self.kinds.isEmpty { events += self.kinds.shuffled(using: &random) }
        return Array(events.prefix(self.eventCount))
    }

    /// Disturbs a history until all has happened, and ends it.
    ///
    /// - Parameter history: The history.
    /// - Throws: `TestServerError` where servers do not do what they are told.
    public func run(_ history: HistoryControl) async throws {
        let start = (moment: history.now, instant: ContinuousClock.now)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await MachineWatch(history: history).run() }
            for process in 0..<self.processes { group.addTask { await self.probe.run(process: process) } }
            defer { group.cancelAll() }
            var random = SeededGenerator(seed: history.seed, 0xDE92)
            for (number, event) in self.events(seed: history.seed).enumerated() {
                try await self.calm(history, &random)
                try await self.perform(event, number, history, &random)
                history.noteDisturbance()
            }
            try await self.calm(history, &random)
        }
        let (commands, late) = self.probe.lateness(after: self.commandTimeout)
        let known = history.soFar
        let unexcused = late.filter { attempt in
            let end = start.moment + start.instant.duration(to: attempt.end).wholeNanoseconds
            return HistoryDeadlines.isLate(known, deadline: end - attempt.by.wholeNanoseconds, end: end)
        }
        self.probing.withLock { $0 = (commands, unexcused.map(\.by)) }
        history.end()
    }

    /// Lets the load go on for a while, until nothing is left of what was before.
    private func calm(_ history: HistoryControl, _ random: inout SeededGenerator) async throws {
        try await Task.sleep(for: .milliseconds(Int64.random(in: 200...600, using: &random)))
        try await history.settle(on: self.deployment.servers.running)
    }

    private func perform(
        _ event: HistoryEvent,
        _ number: Int,
        _ history: HistoryControl,
        _ random: inout SeededGenerator
    ) async throws {
        let shard = Int.random(in: 0..<self.deployment.shardCount, using: &random)
        let begin = history.now
        if event == .move {
            try await self.move(in: shard, &random)
            return history.note(HistoryIncident(event, begin: begin, end: history.now))
        }
        let key = try await self.deployment.key(in: shard, named: "probe:\(history.seed):\(number)")
        self.probe.aim(at: key)
        let change = try await self.replacePrimary(of: shard, by: event, history, &random)
        history.note(
            HistoryIncident(
                event,
                begin: begin,
                end: history.now,
                succession: change.succession,
                acquaintance: change.acquaintance,
                writableAfter: change.writableAfter / .milliseconds(1)
            )
        )
    }

    /// - Returns: From when on another server may have been primary, when all clients had met it, and how long after its
    ///   election a write had succeeded.
    private func replacePrimary(
        of shard: Int,
        by event: HistoryEvent,
        _ history: HistoryControl,
        _ random: inout SeededGenerator
    ) async throws -> (succession: Int64, acquaintance: Int64, writableAfter: Duration) {
        let old = try await self.deployment.primary(of: shard)
        let watch = ReplicationWatch(old, history)
        // Long enough for a replica that lags to have got what was there at the first look.
        let lead = Duration.milliseconds(Int64.random(in: 500...900, using: &random))
        let pause = Duration.milliseconds(Int64.random(in: 0...500, using: &random))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await watch.run() }
            try await watch.awaitFirst()
            try await Task.sleep(for: lead)
            let silence = Mutex<Int64?>(nil)
            let succession = history.now
            let promotion = try await self.deployment.replace(old, of: shard, by: event) {
                silence.withLock { $0 = history.now }
            }
            let successor = try await promotion.primary.replicationStatus()
            let writableAfter = try await self.probe.firstSuccess(after: promotion, atMost: Self.patience)
            try await self.probe.awaitAcquaintance(
                with: promotion,
                processes: self.processes,
                atMost: Self.patience
            )
            let acquaintance = history.now
            if event == .pause { try await Task.sleep(for: pause) }
            let waking = history.now
            try await self.deployment.bringBack(old, after: event)
            if self.deployment.losesWrites(event) {
                let begin = try watch.lastMoment(keptBy: successor)
                if event != .kill { try await watch.awaitDemotion() }
                // Of one that was silent two times are to be told apart, before that and after.
                let silence = silence.withLock { $0 }
                let end = silence ?? watch.lastAnswer(after: begin) ?? begin
                history.lostWrites(HistoryLoss(begin: begin, end: end))
                if event == .pause, let last = watch.lastAnswer(after: waking) {
                    history.lostWrites(HistoryLoss(begin: waking, end: last))
                }
            }
            return (succession, acquaintance, writableAfter)
        }
    }

    /// Moves slots in which the history has keys.
    private func move(in shard: Int, _ random: inout SeededGenerator) async throws {
        let count = Int.random(in: 200...1_500, using: &random)
        let primary = try await self.deployment.primary(of: shard)
        let key = try await AwaitedState.reach("A key in the shard \(shard)", within: Self.patience) {
            try await primary.order("RANDOMKEY").text
        }
        try await self.deployment.moveSlots(around: key, count: count)
    }
}
