import DequeModule
import Logging
import NIOCore
import Synchronization

/// The connection on which a client listens, one after another if need be.
///
/// It is a connection of its own: in RESP2 one that subscribes carries no other commands, and messages must not wait
/// behind large replies. It connects for the first listener, again while somebody listens, and stays until the client
/// is shut down.
///
/// Patterns and channels of shards would be further kinds of names in the state machine, with commands and pushes of
/// their own; buffers for slow readers belong to listeners and have no place here, for this lane never waits for one.
final class SubscriptionLane: Sendable {
    typealias Listener = @Sendable (SubscriptionEvent) -> Void

    private enum Outcome: Sendable {
        case listening
        case failure(RedisError)
        case cancelled
    }

    private typealias Waiter = CheckedContinuation<Outcome, Never>
    private typealias StateMachine = SubscriptionStateMachine<Waiter, Listener>

    /// What only the event loop touches.
    private struct LoopState {
        var connection: RedisChannelHandler?
        var opening: ServerHistory.Opening?
        var sweep: Scheduled<Void>?
        var health: Scheduled<Void>?
        var reconnect: Scheduled<Void>?
    }

    private let state: Mutex<StateMachine>
    private let loop: NIOLoopBoundBox<LoopState>
    private let ids = Atomic<UInt64>(0)
    private let locator: any ServerLocator
    private let logger: Logger
    private let healthInterval: Int64?
    let eventLoop: any EventLoop

    /// A lane that connects when it gets its first listener.
    init(locator: any ServerLocator, eventLoop: any EventLoop, logger: Logger) {
        let configuration = locator.configuration
        self.locator = locator
        self.eventLoop = eventLoop
        self.logger = logger
        self.healthInterval = configuration.healthCheckInterval?.wholeNanoseconds
        self.state = Mutex(
            StateMachine(
                maximum: configuration.maximumCommandsInFlight,
                backoff: Backoff(configuration.reconnect)
            )
        )
        self.loop = .makeBoxSendingValue(LoopState(), eventLoop: eventLoop)
    }

    // MARK: Listeners

    /// Adds a listener, and returns when the server has confirmed that it will be heard.
    ///
    /// - Throws: `RedisError`, at `deadline` at the latest; `CancellationError`.
    func listen(
        to channel: String,
        deadline: MonotonicTime,
        _ listener: @escaping Listener
    ) async throws -> Subscription {
        let id = self.ids.wrappingAdd(1, ordering: .relaxed).newValue
        let name = ByteBuffer(string: channel)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                self.enter(id, name, listener, waiter, deadline)
                // The handler may have come too early to find anything.
                if Task.isCancelled { self.leave(id, name) }
            }
        } onCancel: {
            self.leave(id, name)
        }
        switch outcome {
        // The handler may have taken the listener away although the server had confirmed it.
        case .listening where Task.isCancelled:
            self.leave(id, name)
            throw CancellationError()
        case .listening: return Subscription(id: id, channel: name, lane: self)
        case .failure(let error): throw error.with(server: self.locator.name, command: "SUBSCRIBE")
        case .cancelled: throw CancellationError()
        }
    }

    private func enter(
        _ id: UInt64,
        _ name: ByteBuffer,
        _ listener: @escaping Listener,
        _ waiter: Waiter,
        _ deadline: MonotonicTime
    ) {
        let admission = self.state.withLock {
            $0.listen(id, to: name, listener: listener, waiter: waiter, deadline: deadline)
        }
        switch admission {
        case .listening: waiter.resume(returning: .listening)
        case .refused(let error): waiter.resume(returning: .failure(error))
        case .waiting(let needsService):
            if needsService { self.eventLoop.execute { self.service() } }
        }
    }

    /// Lets a listener go, or a caller that waits to become one.
    func leave(_ id: UInt64, _ name: ByteBuffer) {
        let (waiter, needsService) = self.state.withLock { $0.leave(id, name) }
        waiter?.resume(returning: .cancelled)
        if needsService { self.eventLoop.execute { self.service() } }
    }

    /// Tells those concerned, in order; never under the lock.
    private func perform(_ effects: [StateMachine.Effect]) {
        for effect in effects {
            switch effect {
            case .admit(let waiter): waiter.resume(returning: .listening)
            case .fail(let waiter, let error): waiter.resume(returning: .failure(error))
            case .tell(let listener, let event): listener(event)
            }
        }
    }

    // MARK: The event loop's side

    private func service() {
        let connection = self.loop.value.connection
        let canWrite = connection?.canWrite ?? false
        let service = self.state.withLock { $0.service(canWrite: canWrite, at: .now) }
        if !service.commands.isEmpty { connection?.write(Self.encode(service.commands)) }
        if service.connect { self.connect() }
        if let sweep = service.sweep { self.scheduleSweep(at: sweep) }
    }

    private static func encode(_ commands: [StateMachine.Command]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for command in commands {
            switch command {
            case .subscribe(let name): buffer.write(RedisCommand("SUBSCRIBE", name))
            case .unsubscribe(let name): buffer.write(RedisCommand("UNSUBSCRIBE", name))
            case .ping: buffer.write(RedisCommand("PING"))
            }
        }
        return buffer
    }

    private func schedule(at time: MonotonicTime, _ task: @escaping @Sendable () -> Void) -> Scheduled<Void> {
        let delay = max(time.nanoseconds - MonotonicTime.now.nanoseconds, 0)
        return self.eventLoop.scheduleTask(in: .nanoseconds(delay), task)
    }

    private func scheduleSweep(at time: MonotonicTime) {
        self.loop.value.sweep?.cancel()
        self.loop.value.sweep = self.schedule(at: time) { self.sweep() }
    }

    private func sweep() {
        let (expired, next) = self.state.withLock { $0.sweep(at: .now) }
        if let next { self.scheduleSweep(at: next) }
        let error = self.locator.error(.timedOut, "the server did not confirm the subscription in time")
        for waiter in expired { waiter.resume(returning: .failure(error)) }
    }

    // MARK: Connecting

    private func connect() {
        self.locator.connect(on: self.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let connection): self.established(connection.value)
            case .failure(let error):
                self.connectFailed(RedisChannelHandler.connectionError(error, server: self.locator.name))
            }
        }
    }

    private func established(_ connection: RedisChannelHandler) {
        guard self.state.withLock({ $0.established(at: .now) }) else {
            connection.close(self.shutdownError)
            return
        }
        self.logger.debug("listening to Redis", metadata: ["redis.server": "\(self.locator.name)"])
        connection.deliversPushes = true
        connection.delegate = self
        self.loop.value.connection = connection
        let eventLoop = self.eventLoop
        let handle = NIOLoopBound(connection, eventLoop: eventLoop)
        self.loop.value.opening = self.locator.opened(connection.connector, connection.identity) { error in
            eventLoop.execute { handle.value.close(error) }
        }
        self.checkHealth()
        self.service()
    }

    private func connectFailed(_ error: RedisError) {
        var effects: [StateMachine.Effect] = []
        let next = self.state.withLock {
            $0.connectFailed(error, at: .now, chance: .random(in: 0...1), effects: &effects)
        }
        guard let next else { return }
        self.logger.warning(
            "cannot connect to Redis to listen",
            metadata: ["redis.server": "\(self.locator.name)", "error": "\(error)"]
        )
        self.loop.value.reconnect = self.schedule(at: next) {
            if self.state.withLock({ $0.backoffEnded() }) { self.connect() }
        }
        self.perform(effects)
    }

    // MARK: Health

    private func checkHealth() {
        guard let interval = self.healthInterval, let connection = self.loop.value.connection else { return }
        switch self.state.withLock({ $0.health(at: .now, interval: interval) }) {
        case .none: break
        case .well(let time): self.scheduleHealthCheck(at: time)
        case .ask(let time):
            connection.write(Self.encode([.ping]))
            self.scheduleHealthCheck(at: time)
        case .dead:
            self.logger.warning(
                "Redis is silent, closing the connection that listens",
                metadata: ["redis.server": "\(self.locator.name)"]
            )
            connection.close(self.locator.error(.connectionClosed, "the server was silent for too long"))
        }
    }

    private func scheduleHealthCheck(at time: MonotonicTime) {
        self.loop.value.health?.cancel()
        self.loop.value.health = self.schedule(at: time) { self.checkHealth() }
    }

    /// Closes the connection; all that is listened to is asked for again on the next one.
    func closeConnection(_ error: RedisError) {
        self.eventLoop.execute { self.loop.value.connection?.close(error) }
    }

    private func forgetConnection() {
        self.loop.value.connection = nil
        if let opening = self.loop.value.opening { self.locator.closed(opening) }
        self.loop.value.opening = nil
    }

    // MARK: Ending

    private var shutdownError: RedisError { self.locator.error(.shutdown, "the client was shut down") }

    /// Ends the lane at once, for all who wait and all who listen, and returns when they have been told.
    func shutdown() async {
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            self.eventLoop.execute {
                self.finish()
                done.resume()
            }
        }
    }

    /// Ends the lane at once.
    func close() {
        self.eventLoop.execute { self.finish() }
    }

    private func finish() {
        let error = self.shutdownError
        var effects: [StateMachine.Effect] = []
        self.state.withLock { $0.close(error, effects: &effects) }
        self.loop.value.sweep?.cancel()
        self.loop.value.health?.cancel()
        self.loop.value.reconnect?.cancel()
        self.loop.value.connection?.close(error)
        self.forgetConnection()
        self.perform(effects)
    }
}

// MARK: Connection events

extension SubscriptionLane: RedisChannelHandler.Delegate {
    func connection(_ handler: RedisChannelHandler, received replies: inout Deque<RESPValue>) {
        let now = MonotonicTime.now
        var effects: [StateMachine.Effect] = []
        let violation = self.state.withLock { state -> RedisError? in
            while let reply = replies.popFirst() {
                if let violation = state.receive(reply, at: now, effects: &effects) { return violation }
            }
            return nil
        }
        self.perform(effects)
        if let violation { handler.close(violation.with(server: self.locator.name)) }
    }

    func connectionMadeProgress(_ handler: RedisChannelHandler) {
        self.state.withLock { $0.noteProgress(at: .now) }
    }

    func connectionCanWrite(_ handler: RedisChannelHandler) {
        self.service()
    }

    func connection(_ handler: RedisChannelHandler, closed error: RedisError) {
        self.forgetConnection()
        self.loop.value.health?.cancel()
        var effects: [StateMachine.Effect] = []
        let next = self.state.withLock {
            $0.lost(error, at: .now, chance: .random(in: 0...1), effects: &effects)
        }
        self.logger.debug(
            "lost the connection that listens to Redis",
            metadata: ["redis.server": "\(self.locator.name)", "error": "\(error)"]
        )
        if let next { self.loop.value.reconnect = self.schedule(at: next) { self.connect() } }
        self.perform(effects)
    }
}
