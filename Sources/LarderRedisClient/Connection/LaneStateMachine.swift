import DequeModule
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
struct LaneStateMachine<Waiter, Socket> {
    enum Phase {
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
        /// The command waits for its reply, and its sender has to write it. See `DirectWrite`.
        case writeDirectly(DirectWrite)
        case refused(RedisError)
    }

    /// A command that its sender writes itself, because it is alone.
    ///
    /// A task without company would wait for the event loop to wake up and do nothing but write. So while nothing is in
    /// flight, and unless many have been sending together, the sender's thread writes the command. Until it says that it
    /// has, the event loop writes nothing: bytes must leave in the order of the queue.
    struct DirectWrite {
        let socket: Socket
        var bytes: ByteBuffer
        fileprivate let connection: Int
    }

    /// Longer commands would fill the socket's buffer.
    private static var longestDirectWrite: Int { 16 << 10 }

    /// What the event loop has to do.
    struct Service {
        var connect = false
        /// The caller's buffer holds what is to be written.
        var write = false
        /// A time at which to come back.
        var sweep: MonotonicTime?
        /// Whether `patrol` has to be called, from now on until it says that it need not.
        var patrol = false
        /// Whether the connection may be one to close (`finishRetiring`).
        var retires = false
    }

    let parameters: Parameters
    var phase: Phase
    var queue: CommandQueue<Waiter>
    var backoff: Backoff
    private var isServiceDue = false
    private var wantsConnection = false
    /// When the event loop will look at the deadlines next.
    private var sweepAt = MonotonicTime.distantFuture
    private var isSweepMoved = false
    /// Whether the event loop looks after callers that leave early, or has been told to.
    private var isPatrolling = false
    private var isPatrolDue = false
    private var hasSubmittedSincePatrol = false
    var shutdownError: RedisError?
    /// Whether the connection is to be closed as soon as no reply is due on it.
    var isRetiring = false
    private var socket: Socket?
    /// Counts connections, so that whoever wrote on one of them does not speak for the next.
    private var connection = 0
    /// The number under which the connection's server is known, see `ServerHistory`.
    private var serverNumber: UInt64 = 0
    /// The smallest number that a command in the queue is bound to, or was since the queue was last empty.
    private var strictestBound = UInt64.max
    private(set) var isWritingDirectly = false
    private var wasWriteHeldBack = false
    /// The end of a directly written command that the socket did not take.
    private var unfinished = ByteBuffer()
    /// The buffer for the next direct write.
    private var directSpare = ByteBuffer()
    private var lastBatch = 0
    /// When the connection last showed that it lives, or had its first command to answer.
    private(set) var lastProgress = MonotonicTime(nanoseconds: 0)

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
        deadline: MonotonicTime,
        bound: UInt64,
        append: (inout CommandQueue<Waiter>) -> Bool
    ) -> Submission {
        switch self.phase {
        case .active:
            if bound < self.serverNumber { return .refused(Self.serverChanged) }
        case .connecting:
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
        let wasEmpty = self.queue.isEmpty
        guard append(&self.queue) else {
            return .refused(
                RedisError(
                    .overloaded,
                    message:
                        "\(self.queue.commandsInFlight) commands of \(self.queue.bytesInFlight) bytes wait for replies"
                )
            )
        }
        self.hasSubmittedSincePatrol = true
        // The lane is used again before it had a connection to let go of.
        if self.isRetiring, !self.isActive { self.isRetiring = false }
        if wasEmpty || bound < self.strictestBound { self.strictestBound = bound }
        if wasEmpty, let write = self.directWrite(deadline: deadline) { return .writeDirectly(write) }
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

    /// The only command in the queue, for its sender to write.
    private mutating func directWrite(deadline: MonotonicTime) -> DirectWrite? {
        guard case .active = self.phase, let socket = self.socket, self.lastBatch <= 1, !self.isServiceDue,
            !self.isWritingDirectly, deadline >= self.sweepAt, self.isPatrolling,
            self.queue.bytesInFlight <= Self.longestDirectWrite
        else { return nil }
        // What was written before has been answered, so nothing of it waits in the channel.
        var bytes = self.directSpare
        self.directSpare = ByteBuffer()
        bytes.clear()
        guard self.queue.takeOutgoing(replacement: &bytes) else { return nil }
        self.isWritingDirectly = true
        self.lastProgress = .coarse
        return DirectWrite(socket: socket, bytes: bytes, connection: self.connection)
    }

    /// The sender has written; what is left of `write.bytes` the socket did not take.
    ///
    /// - Returns: Whether the event loop has to be told.
    mutating func directWriteEnded(_ write: consuming DirectWrite) -> Bool {
        guard write.connection == self.connection, self.isWritingDirectly else { return false }
        self.isWritingDirectly = false
        if write.bytes.readableBytes > 0 {
            self.unfinished = write.bytes
            self.wasWriteHeldBack = true
        } else {
            self.directSpare = write.bytes
        }
        // A reply may be here before its sender comes back; then a connection that retires was not closed behind it.
        guard self.wasWriteHeldBack || self.isRetiring, !self.isServiceDue else { return false }
        self.wasWriteHeldBack = false
        self.isServiceDue = true
        return true
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
        if case .active = self.phase, self.isWritingDirectly {
            self.wasWriteHeldBack = true
        } else if case .active = self.phase, canWrite {
            if !self.queue.awaitsReplies { self.lastProgress = .coarse }
            if self.queue.unwritten > 0 { self.lastBatch = self.queue.unwritten }
            service.write = self.queue.takeOutgoing(replacement: &buffer)
            if self.unfinished.readableBytes > 0 {
                self.unfinished.writeImmutableBuffer(buffer)
                swap(&self.unfinished, &buffer)
                self.unfinished = ByteBuffer()
                service.write = true
            }
        }
        if self.isSweepMoved {
            self.isSweepMoved = false
            service.sweep = self.sweepAt
        }
        service.retires = self.isRetiring
        service.patrol = self.isPatrolDue
        self.isPatrolDue = false
        return service
    }

    /// Lets go of callers that no longer want their replies.
    ///
    /// A task tells nobody that it was cancelled unless it has a handler for that, and a handler costs a command that is
    /// answered in time, as nearly all are, a third of what waiting costs at all. So while commands come or wait, the
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
    ///
    /// The replies are moved, not copied: each copy would count references that other cores count at the same time.
    mutating func answer(
        _ replies: inout Deque<RESPValue>,
        ready: inout Deque<(Waiter, CommandOutcome)>
    ) -> Bool {
        self.lastProgress = .coarse
        self.backoff.reset()
        while let reply = replies.popFirst() {
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
    /// - Parameters:
    ///   - socket: Its socket, if senders may write on it.
    ///   - number: The number under which its server is known.
    /// - Returns: What becomes of it.
    mutating func established(socket: Socket? = nil, number: UInt64 = 0) -> Arrival {
        guard case .connecting = self.phase else { return .unwanted }
        self.phase = .active
        self.socket = socket
        self.serverNumber = number
        self.lastBatch = 0
        self.lastProgress = .coarse
        guard self.strictestBound >= number else {
            // Some of them were meant for another server. Which ones, only their callers know: the others send theirs again.
            self.strictestBound = .max
            return .wanted(turnedAway: self.queue.removeUnwritten())
        }
        self.queue.dropUnwantedUnwritten()
        return .wanted(turnedAway: [])
    }

    enum Arrival {
        /// The connection is used; these callers' commands were not written, and will not be.
        case wanted(turnedAway: [Waiter])
        /// It has to be closed.
        case unwanted
    }

    private static var serverChanged: RedisError {
        RedisError(.serverChanged, message: "another server answers than the one that the command was meant for")
    }

    /// Whether there is a connection.
    var isActive: Bool {
        if case .active = self.phase { true } else { false }
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

    /// A pause before an attempt, after a failed one or after a loss, is ended before its time.
    ///
    /// - Returns: Whether to connect now.
    mutating func pauseEndsEarly() -> Bool {
        // After a loss the attempt is as good as under way; only its pause was not over.
        if case .connecting = self.phase { return true }
        return self.backoffEnded()
    }

    /// Forgets what belongs to one connection.
    mutating func forgetConnection() {
        self.isRetiring = false
        self.socket = nil
        self.connection += 1
        self.isWritingDirectly = false
        self.wasWriteHeldBack = false
        self.unfinished = ByteBuffer()
    }
}

extension LaneStateMachine.DirectWrite: Sendable where Socket: Sendable {}

extension LaneStateMachine.Arrival: Equatable where Waiter: Equatable {}
