import DequeModule
import NIOCore

/// What a lane knows and decides: which requests wait, whether there is a connection for them, and what to do next.
///
/// A plain value behind the lane's lock. It writes to no channel, starts no timer and resumes nobody; it says what is to
/// be done, and the lane does it after the lock.
///
/// ```
///           request              established
///   idle ───────────▶ connecting ───────────▶ active
///    ▲                 ▲      │ failed          │ lost
///    │          due or │      ▼                 ▼
///    └──────────── backingOff              idle, or backingOff if it was of no use
/// ```
/// `closed` is the end, reached from everywhere.
///
/// With a connection goes everything that waits on it, written or not: what was not written is sent again by its caller, who
/// knows whether it may go to another server process. So whatever is in the queue belongs to the connection there is, and a
/// request that is bound to one (a change by an item's number, which another process of the server gives to another item)
/// is never carried by the next.
struct LaneStateMachine<Waiter> {
    enum Phase {
        /// There is no connection, and nobody needs one.
        case idle
        /// An attempt to connect is under way.
        case connecting
        /// The last attempt failed; the next one is due at `until`.
        case backingOff(MemcachedError, until: MonotonicTime)
        case active
        case closed(MemcachedError)
    }

    /// Settings that do not change.
    struct Parameters {
        var limits: RequestQueue<Waiter>.Limits
        /// How long a request usually may take: while there is a connection, the lane looks at the clock that often.
        var requestTimeout: Int64
    }

    enum Submission {
        /// The request waits in the queue.
        case queued
        /// The same, and the event loop has to be told.
        case queuedNeedsService
        case refused(MemcachedError)
    }

    /// What the event loop has to do.
    struct Service {
        var connect = false
        /// The caller's buffer holds what is to be written.
        var write = false
        /// A time at which to come back.
        var sweep: MonotonicTime?
        /// Whether `patrol` has to be called, from now on until it says that it need not.
        var patrol = false
    }

    private let parameters: Parameters
    private(set) var phase = Phase.idle
    private var queue: RequestQueue<Waiter>
    private var backoff: Backoff
    private var isServiceDue = false
    private var wantsConnection = false
    /// When the event loop will look at the deadlines next.
    private var sweepAt = MonotonicTime.distantFuture
    private var isSweepMoved = false
    /// Whether the event loop looks after callers that leave early, or has been told to.
    private var isPatrolling = false
    private var isPatrolDue = false
    private var hasSubmittedSincePatrol = false
    private var shutdownError: MemcachedError?
    /// The number of the connection; no two connections of a process have the same.
    private var connection: UInt64 = 0
    /// When the connection last showed that it lives, or had its first request to answer.
    private var lastProgress = MonotonicTime(nanoseconds: 0)
    /// Grows whenever the server answers something.
    private(set) var answers: UInt64 = 0

    init(parameters: Parameters, backoff: Backoff) {
        self.parameters = parameters
        self.queue = RequestQueue(limits: parameters.limits)
        self.backoff = backoff
    }

    // MARK: Requests

    /// Takes a request, or several whose replies belong together.
    ///
    /// `bound` is the number of the connection that has to carry it; zero, any.
    @inline(__always)
    mutating func submit(
        deadline: MonotonicTime,
        bound: UInt64,
        append: (inout RequestQueue<Waiter>) -> Bool
    ) -> Submission {
        if let error = self.shutdownError { return .refused(error) }
        switch self.phase {
        case .active:
            if bound != 0, bound != self.connection { return .refused(Self.connectionChanged) }
        case .connecting, .idle, .backingOff:
            if bound != 0 { return .refused(Self.connectionChanged) }
            if case .idle = self.phase {
                self.phase = .connecting
                self.wantsConnection = true
            } else if case .backingOff(let error, let until) = self.phase, deadline < until {
                // Whoever cannot live to see the next attempt hears at once why the last one failed.
                return .refused(error)
            }
        case .closed(let error):
            return .refused(error)
        }
        guard append(&self.queue) else {
            return .refused(
                MemcachedError(
                    .overloaded,
                    message:
                        "\(self.queue.requestsInFlight) requests of \(self.queue.bytesInFlight) bytes wait for replies"
                )
            )
        }
        self.hasSubmittedSincePatrol = true
        var needsService = self.wantsConnection
        if case .active = self.phase { needsService = true }
        if deadline < self.sweepAt {
            self.sweepAt = deadline
            self.isSweepMoved = true
            needsService = true
        }
        if !self.isPatrolling {
            self.isPatrolling = true
            self.isPatrolDue = true
            needsService = true
        }
        guard needsService, !self.isServiceDue else { return .queued }
        self.isServiceDue = true
        return .queuedNeedsService
    }

    private static var connectionChanged: MemcachedError {
        MemcachedError(.notSent, message: "the connection is another than the one that the request belongs to")
    }

    // MARK: The event loop's side

    /// Says what the event loop has to do now.
    ///
    /// - Parameters:
    ///   - buffer: An empty buffer, exchanged for the one that is to be written.
    ///   - canWrite: Whether the connection takes more.
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
        service.patrol = self.isPatrolDue
        self.isPatrolDue = false
        return service
    }

    /// Lets go of callers that no longer want their replies.
    ///
    /// A task tells nobody that it was cancelled unless it has a handler for that, and a handler costs a request that is
    /// answered in time, as nearly all are, a third of what waiting costs at all. So while requests come or wait, the
    /// event loop asks the tasks, at an interval: those that have waited for one already.
    ///
    /// - Parameter hasLeft: Whether a caller no longer wants its reply.
    /// - Returns: Those callers, and whether to come back after another interval.
    mutating func patrol(where hasLeft: (Waiter) -> Bool) -> (left: [Waiter], continues: Bool) {
        let left = self.queue.abandon(where: hasLeft)
        self.isPatrolling = self.hasSubmittedSincePatrol || self.queue.waiting > 0
        self.hasSubmittedSincePatrol = false
        return (left, self.isPatrolling)
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
            // Deadlines rise, so with a sweep always ahead hardly a request has to ask for one.
            self.sweepAt = now.advanced(by: self.parameters.requestTimeout)
        } else {
            self.sweepAt = .distantFuture
        }
        return self.sweepAt == .distantFuture ? nil : self.sweepAt
    }

    /// Gives replies to those who wait for them.
    ///
    /// - Returns: False if a reply came that nobody asked for.
    mutating func answer(
        _ replies: inout Deque<MetaReply>,
        ready: inout Deque<(Waiter, RequestOutcome)>
    ) -> Bool {
        self.lastProgress = .coarse
        self.answers &+= 1
        self.backoff.reset()
        while let reply = replies.popFirst() {
            guard self.queue.answer(reply, on: self.connection, ready: &ready) else { return false }
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
    /// - Parameter number: Its number.
    /// - Returns: Whether it is used; else it has to be closed.
    mutating func established(number: UInt64) -> Bool {
        guard case .connecting = self.phase else { return false }
        self.phase = .active
        self.connection = number
        self.lastProgress = .coarse
        // It has said who it is.
        self.answers &+= 1
        return true
    }

    /// Whether there is a connection.
    var isActive: Bool {
        if case .active = self.phase { true } else { false }
    }

    /// An attempt to connect failed.
    ///
    /// - Parameters:
    ///   - error: Why.
    ///   - now: The time.
    ///   - chance: A random number from 0 to 1, for the pause.
    /// - Returns: Everybody who waited for it, and when the pause is over; `nil` where nobody tried to connect.
    mutating func connectFailed(
        _ error: MemcachedError,
        at now: MonotonicTime,
        chance: Double
    ) -> (failed: [Waiter], until: MonotonicTime)? {
        guard case .connecting = self.phase else { return nil }
        let until = now.advanced(by: self.backoff.next(chance: chance))
        self.phase = .backingOff(error, until: until)
        return (self.queue.removeAll().unwritten, until)
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
        /// Callers whose requests were written: nobody knows whether they were executed.
        var written: [Waiter] = []
        /// Callers whose requests never were.
        var unwritten: [Waiter] = []
        /// When the pause before the next attempt is over, if there is one.
        var pauseUntil: MonotonicTime?
    }

    /// The connection is gone.
    mutating func lost(_ error: MemcachedError, at now: MonotonicTime, chance: Double) -> Loss {
        guard case .active = self.phase else { return Loss() }
        self.connection = 0
        let callers = self.queue.removeAll()
        var loss = Loss(written: callers.written, unwritten: callers.unwritten)
        // The first attempt follows at once if the connection was of use; else this would be a busy loop with a server
        // that accepts and closes.
        let pause = self.backoff.next(chance: chance)
        if self.backoff.failures > 1 {
            let until = now.advanced(by: pause)
            self.phase = .backingOff(error, until: until)
            loss.pauseUntil = until
        } else {
            self.phase = .idle
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

    /// Refuses new requests from now on.
    ///
    /// - Returns: Whether nobody waits any more, so that the lane can be closed.
    mutating func beginShutdown(_ error: MemcachedError) -> Bool {
        if self.shutdownError == nil { self.shutdownError = error }
        return self.queue.waiting == 0
    }

    /// Whether shutdown began and nobody waits any more.
    var isDrained: Bool { self.shutdownError != nil && self.queue.waiting == 0 }

    /// Ends the lane.
    ///
    /// - Returns: Everybody who still waited.
    mutating func close(_ error: MemcachedError) -> Loss {
        if case .closed = self.phase { return Loss() }
        let callers = self.queue.removeAll()
        self.phase = .closed(self.shutdownError ?? error)
        return Loss(written: callers.written, unwritten: callers.unwritten)
    }

    /// The error that ended the lane, if it has ended.
    var closeError: MemcachedError? {
        if case .closed(let error) = self.phase { error } else { nil }
    }
}
