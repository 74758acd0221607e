import DequeModule
import Logging
import NIOCore
import Synchronization

/// A queue of commands and the connection that carries them, one after another if need be.
///
/// Any number of tasks append their encoded commands to one buffer under a lock. The first of a batch wakes the event
/// loop, which writes all that has gathered in one go and, when replies come, takes the lock once for all of a read and
/// resumes their tasks after it. So neither system calls nor wake-ups grow with the number of commands, and that is
/// where the time goes otherwise.
final class CommandLane: Sendable {
    /// A task that waits for an outcome.
    // Sendable: of the task it asks only whether it is cancelled, which any thread may ask while the task exists, and
    // that it does until it is resumed.
    struct Waiter: @unchecked Sendable {
        private let continuation: UnsafeContinuation<CommandOutcome, Never>
        /// The task, without a reference: it may be gone once it is resumed, and releasing it then would be too late. (An
        /// `async let` lies in memory of its parent's, which no reference keeps.)
        private let task: UInt

        @inline(__always)
        init(_ continuation: UnsafeContinuation<CommandOutcome, Never>) {
            self.continuation = continuation
            self.task = withUnsafeCurrentTask { unsafeBitCast($0, to: UInt.self) }
        }

        /// Only for a waiter that has not been resumed and cannot be meanwhile.
        var isCancelled: Bool { unsafeBitCast(self.task, to: UnsafeCurrentTask?.self)?.isCancelled ?? false }

        @inline(__always)
        func resume(returning outcome: sending CommandOutcome) { self.continuation.resume(returning: outcome) }
    }

    /// How often waiting tasks are asked whether they were cancelled, in milliseconds.
    ///
    /// A cancelled task's call ends one to two intervals later.
    private static var patrolInterval: Int64 { 2 }

    /// What only the event loop touches.
    struct LoopState {
        var connection: RedisChannelHandler?
        var opening: ServerHistory.Opening?
        /// The buffer that was written last, to be filled again.
        var spare = ByteBuffer()
        var ready: Deque<(Waiter, CommandOutcome)> = []
        var sweep: Scheduled<Void>?
        var patrol: Scheduled<Void>?
        var health: Scheduled<Void>?
        /// Asks the server who it is now.
        var question: Task<Void, Never>?
        var reconnect: Scheduled<Void>?
        var onClose: [@Sendable () -> Void] = []
    }

    typealias StateMachine = LaneStateMachine<Waiter, DirectSocket>

    let state: Mutex<StateMachine>
    let loop: NIOLoopBoundBox<LoopState>
    let locator: any ServerLocator
    let logger: Logger
    let healthInterval: Int64?
    /// Whether a lost connection is replaced.
    let reconnects: Bool
    let eventLoop: any EventLoop

    /// A lane that connects when it gets its first command, and again when it loses its connection.
    init(
        locator: any ServerLocator,
        eventLoop: any EventLoop,
        logger: Logger,
        reconnects: Bool = true
    ) {
        let configuration = locator.configuration
        self.locator = locator
        self.eventLoop = eventLoop
        self.logger = logger
        self.reconnects = reconnects
        self.healthInterval = configuration.healthCheckInterval?.wholeNanoseconds
        self.state = Mutex(
            StateMachine(
                parameters: .init(
                    limits: .init(
                        commands: configuration.maximumCommandsInFlight,
                        bytes: configuration.maximumBytesInFlight
                    ),
                    commandTimeout: configuration.commandTimeout.wholeNanoseconds,
                    reconnects: reconnects
                ),
                backoff: Backoff(configuration.reconnect),
                isConnected: false
            )
        )
        self.loop = .makeBoxSendingValue(LoopState(), eventLoop: eventLoop)
    }

    // MARK: Commands

    /// Sends a command and waits for its outcome until `deadline`.
    ///
    /// `bound` is the number of the last meeting whose server may execute it, see `ServerHistory`.
    @inline(__always)
    func execute(_ command: RedisCommand, deadline: MonotonicTime, bound: UInt64 = .max) async -> CommandOutcome {
        if Task.isCancelled { return .cancelled }
        return await withUnsafeContinuation { continuation in
            let waiter = Waiter(continuation)
            self.submit(waiter, deadline: deadline, bound: bound) {
                $0.append(command, waiter: waiter, deadline: deadline)
            }
        }
    }

    /// Sends commands one right behind the other and waits for all outcomes until `deadline`.
    func execute(
        pipeline commands: [RedisCommand],
        deadline: MonotonicTime,
        bound: UInt64 = .max
    ) async -> CommandOutcome {
        if Task.isCancelled { return .cancelled }
        return await withUnsafeContinuation { continuation in
            let waiter = Waiter(continuation)
            self.submit(waiter, deadline: deadline, bound: bound) {
                $0.append(pipeline: commands, waiter: waiter, deadline: deadline)
            }
        }
    }

    @inline(__always)
    private func submit(
        _ waiter: Waiter,
        deadline: MonotonicTime,
        bound: UInt64,
        append: @Sendable (inout CommandQueue<Waiter>) -> Bool
    ) {
        let submission = self.state.withLock {
            $0.submit(waiter: waiter, deadline: deadline, bound: bound, append: append)
        }
        switch submission {
        case .queued: break
        case .queuedNeedsService: self.eventLoop.execute { self.service() }
        case .writeDirectly(let write): self.write(write)
        case .refused(let error):
            waiter.resume(returning: .failure(error.with(server: self.locator.name)))
        }
    }

    /// Writes a command on the sender's thread.
    func write(_ write: consuming StateMachine.DirectWrite) {
        write.socket.write(&write.bytes)
        let ended = write
        if self.state.withLock({ $0.directWriteEnded(ended) }) {
            self.eventLoop.execute { self.service() }
        }
    }

    /// Whether the lane takes commands.
    var isUsable: Bool { self.state.withLock { $0.closeError == nil } }

    /// Whether there is a connection.
    var isConnected: Bool { self.state.withLock { $0.isActive } }

    /// Closes the connection, if there is one; what was not written goes to the next one.
    func closeConnection(_ error: RedisError) {
        self.eventLoop.execute { self.loop.value.connection?.close(error) }
    }

    /// Lets go of a server that is not needed any more: what was not written fails with `.notSent`, and the connection is
    /// closed when all replies have come.
    ///
    /// The lane connects again when it is used again.
    func retire(_ error: RedisError) {
        self.eventLoop.execute {
            let retirement = self.state.withLock { $0.retire() }
            if !retirement.turnedAway.isEmpty {
                let error = self.locator.error(.notSent, "the server is not needed any more", underlying: error)
                for waiter in retirement.turnedAway { waiter.resume(returning: .failure(error)) }
            }
            if retirement.closesConnection { self.dropConnection(error) }
            self.closeIfDrained()
        }
    }

    /// Closes a connection that the state machine has forgotten already: nobody may hear of its end any more.
    private func dropConnection(_ error: RedisError) {
        let connection = self.loop.value.connection
        connection?.delegate = nil
        self.loop.value.health?.cancel()
        self.forgetConnection()
        connection?.close(error)
    }

    func finishRetiring() {
        guard self.state.withLock({ $0.finishRetiring() }) else { return }
        self.dropConnection(self.locator.error(.connectionClosed, "the server is not needed any more"))
    }

    /// Whether no reply is due, nor will be.
    var isQuiet: Bool { self.state.withLock { $0.queue.isEmpty } }

    // MARK: The event loop's side

    func service() {
        self.serve(self.loop.value.connection)
    }

    func serve(_ connection: RedisChannelHandler?) {
        var buffer = self.loop.value.spare
        self.loop.value.spare = ByteBuffer()
        buffer.clear()
        let canWrite = connection?.canWrite ?? false
        let service = self.state.withLock { $0.service(buffer: &buffer, canWrite: canWrite) }
        if service.write { connection?.write(buffer) }
        // One huge command must not keep its memory for ever.
        if buffer.storageCapacity <= 256 << 10 { self.loop.value.spare = buffer }
        if service.connect { self.connect() }
        if let sweep = service.sweep { self.scheduleSweep(at: sweep) }
        if service.patrol { self.schedulePatrol() }
        if service.retires { self.finishRetiring() }
    }

    private func schedulePatrol() {
        self.loop.value.patrol = self.eventLoop.assumeIsolated()
            .scheduleTask(in: .milliseconds(Self.patrolInterval)) { self.patrol() }
    }

    private func patrol() {
        let (left, continues) = self.state.withLock { $0.patrol(where: \.isCancelled) }
        for waiter in left { waiter.resume(returning: .cancelled) }
        if continues { self.schedulePatrol() }
        if !left.isEmpty { self.closeIfDrained() }
    }

    private func scheduleSweep(at time: MonotonicTime) {
        self.loop.value.sweep?.cancel()
        let delay = time.nanoseconds - MonotonicTime.now.nanoseconds
        self.loop.value.sweep = self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(max(delay, 0))) {
            self.sweep()
        }
    }

    private func sweep() {
        var expired: [(Waiter, wasWritten: Bool)] = []
        let next = self.state.withLock { $0.sweep(at: .now, expired: &expired) }
        if let next { self.scheduleSweep(at: next) }
        if !expired.isEmpty {
            let written = self.locator.error(.timedOut, "no reply came in time; the command may have been executed")
            let unwritten = self.locator.error(
                .timedOut,
                "no connection took the command in time; it was not executed",
                underlying: self.locator.trouble
            )
            for (waiter, wasWritten) in expired {
                waiter.resume(returning: .failure(wasWritten ? written : unwritten))
            }
            self.closeIfDrained()
        }
    }

    // MARK: Connecting

    func connect() {
        self.loop.value.reconnect?.cancel()
        self.loop.value.reconnect = nil
        self.locator.connect(on: self.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let connection): self.established(connection.value)
            case .failure(let error):
                self.connectFailed(RedisChannelHandler.connectionError(error, server: self.locator.name))
            }
        }
    }

    private func established(_ connection: RedisChannelHandler) {
        let socket = connection.makeDirectSocket()
        let eventLoop = self.eventLoop
        let handle = NIOLoopBound(connection, eventLoop: eventLoop)
        let opening = self.locator.opened(connection.connector, connection.identity) { error in
            eventLoop.execute { handle.value.close(error) }
        }
        let arrival = self.state.withLock { $0.established(socket: socket, number: opening.number) }
        guard case .wanted(let turnedAway) = arrival else {
            self.locator.closed(opening)
            connection.close(self.locator.error(.shutdown, "the client was shut down"))
            return
        }
        self.logger.debug("connected to Redis", metadata: ["redis.server": "\(connection.connector.server)"])
        connection.delegate = self
        self.loop.value.connection = connection
        self.loop.value.opening = opening
        if !turnedAway.isEmpty {
            let error = self.locator.error(.notSent, "the connection leads to another server than before")
            for waiter in turnedAway { waiter.resume(returning: .failure(error)) }
        }
        self.scheduleHealthCheck()
        self.serve(connection)
        self.finishRetiring()
        // Of those who were turned away, one may have been the last that a shutdown waits for.
        self.closeIfDrained()
    }

    private func connectFailed(_ error: RedisError) {
        var failed: [Waiter] = []
        let next = self.state.withLock {
            $0.connectFailed(error, at: .now, chance: .random(in: 0...1), failed: &failed)
        }
        self.logger.warning(
            "cannot connect to Redis",
            metadata: ["redis.server": "\(self.locator.name)", "error": "\(error)"]
        )
        for waiter in failed { waiter.resume(returning: .failure(error)) }
        if case .retry(let time) = next { self.scheduleReconnect(at: time) }
        self.closeIfDrained()
    }

    private func scheduleReconnect(at time: MonotonicTime) {
        let delay = time.nanoseconds - MonotonicTime.now.nanoseconds
        self.loop.value.reconnect = self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(max(delay, 0))) {
            // It is no pause any more that could be ended early, also where nobody wants to connect now.
            self.loop.value.reconnect = nil
            if self.state.withLock({ $0.backoffEnded() }) { self.connect() }
        }
    }

    /// Ends the pause before the next attempt to connect: it is known where the server is.
    func connectNow() {
        self.eventLoop.execute {
            guard let pause = self.loop.value.reconnect else { return }
            pause.cancel()
            self.loop.value.reconnect = nil
            if self.state.withLock({ $0.pauseEndsEarly() }) { self.connect() }
        }
    }

    // MARK: Ending

    /// Refuses new commands, lets those that wait end, and closes the connection.
    func shutdown() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            self.eventLoop.execute {
                if self.state.withLock({ $0.closeError != nil }) {
                    done.resume()
                    return
                }
                self.loop.value.onClose.append { done.resume() }
                // Nobody wants to know any more; a server that hangs would keep the shutdown waiting for it.
                self.loop.value.question?.cancel()
                let error = self.locator.error(.shutdown, "the client was shut down")
                if self.state.withLock({ $0.beginShutdown(error) }) { self.finish(error) }
            }
        }
    }

    /// Ends the lane at once.
    func close() {
        self.eventLoop.execute {
            self.finish(self.locator.error(.shutdown, "the client was shut down"))
        }
    }

    func closeIfDrained() {
        guard self.state.withLock({ $0.isDrained }) else { return }
        self.close()
    }

    private func finish(_ error: RedisError) {
        let loss = self.state.withLock { $0.close(error) }
        self.fail(loss, because: error)
        self.loop.value.sweep?.cancel()
        self.loop.value.patrol?.cancel()
        self.loop.value.health?.cancel()
        self.loop.value.question?.cancel()
        self.loop.value.reconnect?.cancel()
        self.loop.value.connection?.close(error)
        self.forgetConnection()
        let onClose = self.loop.value.onClose
        self.loop.value.onClose = []
        for done in onClose { done() }
    }

    func forgetConnection() {
        self.loop.value.connection = nil
        if let opening = self.loop.value.opening { self.locator.closed(opening) }
        self.loop.value.opening = nil
    }

    func fail(_ loss: StateMachine.Loss, because error: RedisError) {
        if !loss.written.isEmpty {
            let unknown = self.locator.error(
                .fateUnknown,
                "the connection ended before the reply came; the command may have been executed",
                underlying: error
            )
            for waiter in loss.written { waiter.resume(returning: .failure(unknown)) }
        }
        if !loss.unwritten.isEmpty {
            let unsent =
                error.code == .shutdown
                ? error
                : self.locator.error(.notSent, "the connection ended before the command was sent", underlying: error)
            for waiter in loss.unwritten { waiter.resume(returning: .failure(unsent)) }
        }
    }
}
