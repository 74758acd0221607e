import NIOCore

/// What a lane knows and decides: which commands wait, whether there is a connection for them, and what to do next.
///
/// A plain value behind the lane's lock. It writes to no channel, starts no timer and resumes nobody; it says what is to
/// be done, and the lane does it after the lock.
///
/// ```
///           command              established
///   idle ───────────▶ connecting ───────────▶ active
///    ▲                 ▲      │ failed          │ lost
///    │          due or │      ▼                 │
///    └──────────── backingOff ◀───── (commands waiting: connecting, else idle)
/// ```
/// `closed` is the end, reached from everywhere.
struct LaneStateMachine<Waiter> {
    private enum Phase {
        /// There is no connection, and nobody needs one.
        case idle
        /// An attempt to connect is under way.
        case connecting
        /// The last attempt failed; the next one is due at `until`.
        case backingOff(RedisError, until: MonotonicTime)
        case active
        case closed(RedisError)
    }

    /// Settings that do not change.
    struct Parameters {
        var limits: CommandQueue<Waiter>.Limits
        /// How long a command usually may take: while there is a connection, the lane looks at the clock that often.
        var commandTimeout: Int64
        /// Whether a lost connection is replaced.
        ///
        /// Not for connections that are lent: what was set on them is lost, too.
        var reconnects: Bool
    }

    enum Submission {
        /// The command waits in the queue.
        case queued
        /// The same, and the event loop has to be told.
        case queuedNeedsService
        case refused(RedisError)
    }

    /// What the event loop has to do.
    struct Service {
        var connect = false
        /// The caller's buffer holds what is to be written.
        var write = false
        /// A time at which to come back.
        var sweep: MonotonicTime?
    }

    private let parameters: Parameters
    private var phase: Phase
    private(set) var queue: CommandQueue<Waiter>
    private var backoff: Backoff
    private var isServiceDue = false
    private var wantsConnection = false
    /// When the event loop will look at the deadlines next.
    private var sweepAt = MonotonicTime.distantFuture
    private var isSweepMoved = false
    private var shutdownError: RedisError?
    /// When the connection last showed that it lives, or had its first command to answer.
    private var lastProgress = MonotonicTime(nanoseconds: 0)

    /// Makes a lane that begins with a connection or without.
    init(parameters: Parameters, backoff: Backoff, isConnected: Bool) {
        self.parameters = parameters
        self.phase = isConnected ? .active : .idle
        self.queue = CommandQueue(limits: parameters.limits)
        self.backoff = backoff
    }

    // MARK: Commands

    /// Takes a command, or several whose replies belong together.
    @inline(__always)
    mutating func submit(
        waiter: Waiter?,
        ticket: UInt64,
        deadline: MonotonicTime,
        append: (inout CommandQueue<Waiter>) -> Bool
    ) -> Submission {
        switch self.phase {
        case .active, .connecting:
            break
        case .idle:
            self.phase = .connecting
            self.wantsConnection = true
        case .backingOff(let error, let until):
            // Whoever cannot live to see the next attempt hears at once why the last one failed.
            if deadline < until { return .refused(error) }
        case .closed(let error):
            return .refused(error)
        }
        if let error = self.shutdownError { return .refused(error) }
        guard append(&self.queue) else {
            return .refused(
                RedisError(
                    .overloaded,
                    message:
                        "\(self.queue.commandsInFlight) commands of \(self.queue.bytesInFlight) bytes wait for replies"
                )
            )
        }
        var needsService = self.wantsConnection
        if case .active = self.phase { needsService = true }
        if deadline < self.sweepAt {
            self.sweepAt = deadline
            self.isSweepMoved = true
            needsService = true
        }
        guard needsService, !self.isServiceDue else { return .queued }
        self.isServiceDue = true
        return .queuedNeedsService
    }

    /// Lets go of a command's caller.
    ///
    /// - Returns: The caller, if it still waited.
    mutating func abandon(ticket: UInt64) -> Waiter? {
        self.queue.abandon(ticket: ticket)
    }

    // MARK: The event loop's side

    /// Says what the event loop has to do now.
    ///
    /// - Parameters:
    ///   - buffer: An empty buffer, exchanged for the one that is to be written.
    ///   - canWrite: Whether the connection takes more. What is held back here can still go to another connection.
    /// - Returns: What to do, in this order.
    mutating func service(buffer: inout ByteBuffer, canWrite: Bool) -> Service {
        self.isServiceDue = false
        var service = Service()
        if self.wantsConnection {
            self.wantsConnection = false
            service.connect = true
        }
        if case .active = self.phase, canWrite {
            if !self.queue.awaitsReplies { self.lastProgress = .coarse }
            service.write = self.queue.takeOutgoing(replacement: &buffer)
        }
        if self.isSweepMoved {
            self.isSweepMoved = false
            service.sweep = self.sweepAt
        }
        return service
    }

    /// Ends the waiting of callers whose time is up, and says when to come back.
    mutating func sweep(
        at now: MonotonicTime,
        expired: inout [(Waiter, wasWritten: Bool)]
    ) -> MonotonicTime? {
        let earliest = self.queue.expire(at: now, expired: &expired)
        self.isSweepMoved = false
        if earliest != .distantFuture {
            // With many callers a sweep is work, so it waits for a few more to be due: 1 ms, and 5 more per 100,000.
            let pause = 1_000_000 + Int64(self.queue.waiting) * 50
            self.sweepAt = max(earliest, now.advanced(by: pause))
        } else if case .active = self.phase {
            // Deadlines rise, so with a sweep always ahead hardly a command has to ask for one.
            self.sweepAt = now.advanced(by: self.parameters.commandTimeout)
        } else {
            self.sweepAt = .distantFuture
        }
        return self.sweepAt == .distantFuture ? nil : self.sweepAt
    }

    /// Gives replies to those who wait for them.
    ///
    /// - Returns: False if a reply came that nobody asked for.
    mutating func answer(_ replies: [RESPValue], ready: inout [(Waiter, CommandOutcome)]) -> Bool {
        self.lastProgress = .coarse
        self.backoff.reset()
        for reply in replies {
            guard self.queue.answer(reply, ready: &ready) else { return false }
        }
        return true
    }

    /// Notes that bytes came, though not yet a whole reply.
    mutating func noteProgress() {
        self.lastProgress = .coarse
    }

    // MARK: Connections

    /// A connection is there.
    ///
    /// - Returns: Whether it is wanted; else it has to be closed.
    mutating func established() -> Bool {
        guard case .connecting = self.phase else { return false }
        self.phase = .active
        self.lastProgress = .coarse
        self.queue.dropUnwantedUnwritten()
        return true
    }

    enum AfterFailure {
        /// Connect again at this time.
        case retry(at: MonotonicTime)
        case nothing
    }

    /// An attempt to connect failed.
    ///
    /// Everybody who waited for it hears of it.
    /// `chance` is a random number from 0 to 1, for the pause.
    ///
    /// - Returns: When to try again.
    mutating func connectFailed(
        _ error: RedisError,
        at now: MonotonicTime,
        chance: Double,
        failed: inout [Waiter]
    ) -> AfterFailure {
        guard case .connecting = self.phase else { return .nothing }
        failed += self.queue.removeUnwritten()
        let until = now.advanced(by: self.backoff.next(chance: chance))
        self.phase = .backingOff(error, until: until)
        return .retry(at: until)
    }

    /// The pause after a failed attempt is over.
    ///
    /// - Returns: Whether to connect now: only if somebody waits for it.
    mutating func backoffEnded() -> Bool {
        guard case .backingOff = self.phase else { return false }
        if self.queue.isEmpty {
            self.phase = .idle
            return false
        }
        self.phase = .connecting
        return true
    }

    /// What a lost connection leaves to do.
    struct Loss {
        /// Callers whose commands were written: nobody knows whether they were executed.
        var written: [Waiter] = []
        /// Callers whose commands never were, if no other connection will carry them.
        var unwritten: [Waiter] = []
        var reconnectAt: MonotonicTime?
    }

    /// The connection is gone.
    mutating func lost(_ error: RedisError, at now: MonotonicTime, chance: Double) -> Loss {
        guard case .active = self.phase else { return Loss() }
        var loss = Loss(written: self.queue.removeWritten())
        guard self.parameters.reconnects, self.shutdownError == nil else {
            loss.unwritten = self.queue.removeUnwritten()
            self.phase = .closed(self.shutdownError ?? error)
            return loss
        }
        // The first attempt follows at once if the connection was of use; else this would be a busy loop with a server
        // that accepts and closes.
        let pause = self.backoff.next(chance: chance)
        if self.queue.isEmpty {
            self.phase = .idle
        } else {
            self.phase = .connecting
            loss.reconnectAt = self.backoff.failures > 1 ? now.advanced(by: pause) : now
        }
        return loss
    }

    // MARK: Health

    enum Health {
        /// Nothing to do before this time.
        case well(checkAt: MonotonicTime)
        /// Idle for long: ask it.
        case ask(checkAt: MonotonicTime)
        case dead
        /// There is no connection to check.
        case none
    }

    /// Judges the connection by its silence.
    mutating func health(at now: MonotonicTime, interval: Int64) -> Health {
        guard case .active = self.phase else { return .none }
        let due = self.lastProgress.advanced(by: interval)
        if now < due { return .well(checkAt: due) }
        if self.queue.awaitsReplies { return .dead }
        return .ask(checkAt: now.advanced(by: interval))
    }

    // MARK: Ending

    /// Refuses new commands from now on.
    ///
    /// - Returns: Whether nobody waits any more, so that the lane can be closed.
    mutating func beginShutdown(_ error: RedisError) -> Bool {
        if self.shutdownError == nil { self.shutdownError = error }
        return self.queue.waiting == 0
    }

    /// Whether shutdown began and nobody waits any more.
    var isDrained: Bool { self.shutdownError != nil && self.queue.waiting == 0 }

    /// Ends the lane.
    ///
    /// - Returns: Everybody who still waited, with those whose commands were written apart.
    mutating func close(_ error: RedisError) -> Loss {
        if case .closed = self.phase { return Loss() }
        let loss = Loss(written: self.queue.removeWritten(), unwritten: self.queue.removeUnwritten())
        self.phase = .closed(self.shutdownError ?? error)
        return loss
    }

    /// The error that ended the lane, if it has ended.
    var closeError: RedisError? {
        if case .closed(let error) = self.phase { error } else { nil }
    }
}
