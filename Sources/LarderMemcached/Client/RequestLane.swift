import DequeModule
import Larder
import Logging
import NIOCore
import Synchronization

/// A queue of requests to one server and the connection that carries them, one after another if need be.
///
/// Any number of tasks append their encoded requests to one buffer under a lock. The first of a batch wakes the event
/// loop, which writes all that has gathered in one go and, when replies come, takes the lock once for all of a read and
/// resumes their tasks after it. So neither system calls nor wake-ups grow with the number of requests, and that is
/// where the time goes otherwise.
final class RequestLane: Sendable {
    /// A task that waits for an outcome.
    // Sendable: of the task it asks only whether it is cancelled, which any thread may ask while the task exists, and
    // that it does until it is resumed.
    struct Waiter: @unchecked Sendable {
        private let continuation: UnsafeContinuation<RequestOutcome, Never>
        /// The task, without a reference: it may be gone once it is resumed, and releasing it then would be too late. (An
        /// `async let` lies in memory of its parent's, which no reference keeps.)
        private let task: UInt

        @inline(__always)
        init(_ continuation: UnsafeContinuation<RequestOutcome, Never>) {
            self.continuation = continuation
            self.task = withUnsafeCurrentTask { unsafeBitCast($0, to: UInt.self) }
        }

        /// Only for a waiter that has not been resumed and cannot be meanwhile.
        var isCancelled: Bool { unsafeBitCast(self.task, to: UnsafeCurrentTask?.self)?.isCancelled ?? false }

        @inline(__always)
        func resume(returning outcome: sending RequestOutcome) { self.continuation.resume(returning: outcome) }
    }

    /// How often waiting tasks are asked whether they were cancelled, in milliseconds.
    ///
    /// A cancelled task's call ends one to two intervals later.
    private static var patrolInterval: Int64 { 2 }

    /// Numbers connections: no two of a process have the same, whichever server they lead to.
    private static let connections = Atomic<UInt64>(0)

    /// What only the event loop touches.
    struct LoopState {
        var connection: MemcachedChannelHandler?
        /// The buffer that was written last, to be filled again.
        var spare = ByteBuffer()
        var ready: Deque<(Waiter, RequestOutcome)> = []
        var sweep: Scheduled<Void>?
        var patrol: Scheduled<Void>?
        var health: Scheduled<Void>?
        var pause: Scheduled<Void>?
        var onClose: [@Sendable () -> Void] = []
    }

    typealias StateMachine = LaneStateMachine<Waiter>

    private let state: Mutex<StateMachine>
    private let loop: NIOLoopBoundBox<LoopState>
    private let connector: MemcachedConnector
    private let logger: Logger
    private let healthInterval: Int64?
    private let onIntroduction: @Sendable (ServerIntroduction) -> Void
    let eventLoop: any EventLoop

    /// A lane that connects when it gets its first request, and again when it has lost its connection.
    ///
    /// - Parameters:
    ///   - connector: What connects.
    ///   - eventLoop: Where connections live.
    ///   - logger: Where trouble is reported.
    ///   - onIntroduction: Hears who the server is, before anything else is sent to it.
    init(
        connector: MemcachedConnector,
        eventLoop: any EventLoop,
        logger: Logger,
        onIntroduction: @escaping @Sendable (ServerIntroduction) -> Void
    ) {
        let configuration = connector.configuration
        self.connector = connector
        self.eventLoop = eventLoop
        self.logger = logger
        self.onIntroduction = onIntroduction
        self.healthInterval = configuration.healthCheckInterval?.wholeNanoseconds
        self.state = Mutex(
            StateMachine(
                parameters: .init(
                    limits: .init(
                        requests: configuration.maximumRequestsInFlight,
                        bytes: configuration.maximumBytesInFlight
                    ),
                    requestTimeout: configuration.requestTimeout.wholeNanoseconds
                ),
                backoff: Backoff(configuration.reconnect)
            )
        )
        self.loop = .makeBoxSendingValue(LoopState(), eventLoop: eventLoop)
    }

    // MARK: Requests

    /// Sends a request and waits for its outcome until `deadline`.
    @inline(__always)
    func execute(_ request: MetaRequest, deadline: MonotonicTime, bound: UInt64 = 0) async -> RequestOutcome {
        if Task.isCancelled { return .cancelled }
        return await withUnsafeContinuation { continuation in
            let waiter = Waiter(continuation)
            self.submit(waiter, deadline: deadline, bound: bound) {
                $0.append(request, waiter: waiter, deadline: deadline)
            }
        }
    }

    /// Sends requests one right behind the other and waits for all outcomes until `deadline`.
    func execute(batch: [MetaRequest], deadline: MonotonicTime, bound: UInt64 = 0) async -> RequestOutcome {
        if Task.isCancelled { return .cancelled }
        return await withUnsafeContinuation { continuation in
            let waiter = Waiter(continuation)
            self.submit(waiter, deadline: deadline, bound: bound) {
                $0.append(batch: batch, waiter: waiter, deadline: deadline)
            }
        }
    }

    @inline(__always)
    private func submit(
        _ waiter: Waiter,
        deadline: MonotonicTime,
        bound: UInt64,
        append: @Sendable (inout RequestQueue<Waiter>) -> Bool
    ) {
        let submission = self.state.withLock { $0.submit(deadline: deadline, bound: bound, append: append) }
        switch submission {
        case .queued: break
        case .queuedNeedsService: self.eventLoop.execute { self.service() }
        case .refused(let error): waiter.resume(returning: .failure(error.with(server: self.connector.name)))
        }
    }

    /// Whether there is a connection.
    var isConnected: Bool { self.state.withLock { $0.isActive } }

    /// Grows whenever the server answers something.
    var answers: UInt64 { self.state.withLock { $0.answers } }

    /// Asks the server for an answer, without waiting for it: ``answers`` tells of it.
    ///
    /// - Parameter deadline: Until when it may take to be sent.
    func probe(_ deadline: MonotonicTime) {
        let submission = self.state.withLock {
            $0.submit(deadline: deadline, bound: 0) { $0.append(.noop, waiter: nil, deadline: deadline) }
        }
        if case .queuedNeedsService = submission { self.eventLoop.execute { self.service() } }
    }

    // MARK: The event loop's side

    private func service() {
        self.serve(self.loop.value.connection)
    }

    private func serve(_ connection: MemcachedChannelHandler?) {
        var buffer = self.loop.value.spare
        self.loop.value.spare = ByteBuffer()
        buffer.clear()
        let canWrite = connection?.canWrite ?? false
        let service = self.state.withLock { $0.service(buffer: &buffer, canWrite: canWrite) }
        if service.write { connection?.write(buffer) }
        // One huge request must not keep its memory for ever.
        if buffer.storageCapacity <= 256 << 10 { self.loop.value.spare = buffer }
        if service.connect { self.connect() }
        if let sweep = service.sweep { self.scheduleSweep(at: sweep) }
        if service.patrol { self.schedulePatrol() }
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
        self.loop.value.sweep = self.schedule(at: time) { self.sweep() }
    }

    private func schedule(at time: MonotonicTime, _ body: @escaping @Sendable () -> Void) -> Scheduled<Void> {
        let delay = max(time.nanoseconds - MonotonicTime.now.nanoseconds, 0)
        return self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay), body)
    }

    private func sweep() {
        var expired: [(Waiter, wasWritten: Bool)] = []
        let next = self.state.withLock { $0.sweep(at: .now, expired: &expired) }
        if let next { self.scheduleSweep(at: next) }
        guard !expired.isEmpty else { return }
        let written = self.error(.timedOut, "no reply came in time; the request may have been executed")
        let unwritten = self.error(.timedOut, "no connection took the request in time; it was not executed")
        for (waiter, wasWritten) in expired {
            waiter.resume(returning: .failure(wasWritten ? written : unwritten))
        }
        self.closeIfDrained()
    }

    private func error(
        _ code: MemcachedError.Code,
        _ message: String,
        underlying: (any Error)? = nil
    ) -> MemcachedError {
        MemcachedError(code, message: message, server: self.connector.name, underlying: underlying)
    }

    // MARK: Connecting

    private func connect() {
        self.loop.value.pause?.cancel()
        self.loop.value.pause = nil
        self.connector.connect(on: self.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let (connection, introduction)): self.established(connection.value, introduction)
            case .failure(let error):
                self.connectFailed(MemcachedConnector.connectionError(error, server: self.connector.name))
            }
        }
    }

    private func established(_ connection: MemcachedChannelHandler, _ introduction: ServerIntroduction) {
        let number = Self.connections.add(1, ordering: .relaxed).newValue
        self.onIntroduction(introduction)
        guard self.state.withLock({ $0.established(number: number) }) else {
            connection.close(self.error(.shutdown, "the client was shut down"))
            return
        }
        self.logger.debug("connected to memcached", metadata: ["memcached.server": "\(self.connector.name)"])
        connection.delegate = self
        self.loop.value.connection = connection
        if let interval = self.healthInterval { self.scheduleHealthCheck(at: MonotonicTime.now.advanced(by: interval)) }
        self.serve(connection)
    }

    private func connectFailed(_ error: MemcachedError) {
        let next = self.state.withLock { $0.connectFailed(error, at: .now, chance: .random(in: 0...1)) }
        guard let next else { return }
        self.logger.warning(
            "cannot connect to memcached",
            metadata: ["memcached.server": "\(self.connector.name)", "error": "\(error)"]
        )
        for waiter in next.failed { waiter.resume(returning: .failure(error)) }
        self.schedulePauseEnd(at: next.until)
        self.closeIfDrained()
    }

    private func schedulePauseEnd(at time: MonotonicTime) {
        self.loop.value.pause = self.schedule(at: time) {
            self.loop.value.pause = nil
            if self.state.withLock({ $0.backoffEnded() }) { self.connect() }
        }
    }

    // MARK: Health

    private func scheduleHealthCheck(at time: MonotonicTime) {
        self.loop.value.health?.cancel()
        self.loop.value.health = self.schedule(at: max(time, MonotonicTime.now.advanced(by: 1_000_000))) {
            self.checkHealth()
        }
    }

    private func checkHealth() {
        guard let interval = self.healthInterval, let connection = self.loop.value.connection else { return }
        switch self.state.withLock({ $0.health(at: .now, interval: interval) }) {
        case .none: break
        case .well(let time): self.scheduleHealthCheck(at: time)
        case .ask(let time):
            let submission = self.state.withLock {
                $0.submit(deadline: .distantFuture, bound: 0) {
                    $0.append(.noop, waiter: nil, deadline: .distantFuture)
                }
            }
            if case .refused = submission { break }
            self.service()
            self.scheduleHealthCheck(at: time)
        case .dead:
            self.logger.warning(
                "memcached is silent, closing the connection",
                metadata: ["memcached.server": "\(self.connector.name)"]
            )
            connection.close(self.error(.connectionClosed, "the server was silent for too long"))
        }
    }

    // MARK: Ending

    /// Refuses new requests, lets those that wait end, and closes the connection.
    func shutdown() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            self.eventLoop.execute {
                if self.state.withLock({ $0.closeError != nil }) {
                    done.resume()
                    return
                }
                self.loop.value.onClose.append { done.resume() }
                let error = self.error(.shutdown, "the client was shut down")
                if self.state.withLock({ $0.beginShutdown(error) }) { self.finish(error) }
            }
        }
    }

    /// Ends the lane at once.
    func close() {
        self.eventLoop.execute { self.finish(self.error(.shutdown, "the client was shut down")) }
    }

    private func closeIfDrained() {
        if self.state.withLock({ $0.isDrained }) { self.close() }
    }

    private func finish(_ error: MemcachedError) {
        let loss = self.state.withLock { $0.close(error) }
        self.fail(loss, because: error)
        self.loop.value.sweep?.cancel()
        self.loop.value.patrol?.cancel()
        self.loop.value.health?.cancel()
        self.loop.value.pause?.cancel()
        self.loop.value.connection?.close(error)
        self.loop.value.connection = nil
        let onClose = self.loop.value.onClose
        self.loop.value.onClose = []
        for done in onClose { done() }
    }

    private func fail(_ loss: StateMachine.Loss, because error: MemcachedError) {
        let unknown = self.error(
            .fateUnknown,
            "the connection ended before the reply came; the request may have been executed",
            underlying: error
        )
        for waiter in loss.written { waiter.resume(returning: .failure(unknown)) }
        let unsent =
            error.code == .shutdown
            ? error : self.error(.notSent, "the connection ended before the request was sent", underlying: error)
        for waiter in loss.unwritten { waiter.resume(returning: .failure(unsent)) }
    }
}

// MARK: Connection events

extension RequestLane: MemcachedChannelHandler.Delegate {
    func connection(_ handler: MemcachedChannelHandler, received replies: inout Deque<MetaReply>) {
        var ready: Deque<(Waiter, RequestOutcome)> = []
        swap(&ready, &self.loop.value.ready)
        let wereDue = self.state.withLock { $0.answer(&replies, ready: &ready) }
        while let (waiter, outcome) = ready.popFirst() { waiter.resume(returning: outcome) }
        self.loop.value.ready = ready
        if !wereDue { handler.close(self.error(.protocolViolation, "the server sent a reply to no request")) }
        self.closeIfDrained()
    }

    func connectionMadeProgress(_ handler: MemcachedChannelHandler) {
        self.state.withLock { $0.noteProgress() }
    }

    func connectionCanWrite(_ handler: MemcachedChannelHandler) {
        self.serve(handler)
    }

    func connection(_ handler: MemcachedChannelHandler, closed error: MemcachedError) {
        self.loop.value.connection = nil
        self.loop.value.health?.cancel()
        let loss = self.state.withLock { $0.lost(error, at: .now, chance: .random(in: 0...1)) }
        self.logger.debug(
            "lost the connection to memcached",
            metadata: ["memcached.server": "\(self.connector.name)", "error": "\(error)"]
        )
        self.fail(loss, because: error)
        if let until = loss.pauseUntil { self.schedulePauseEnd(at: until) }
        self.closeIfDrained()
    }
}
