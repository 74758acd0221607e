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
/// It never waits for a listener: who buffers, and how much, is the sinks' business.
final class SubscriptionLane: Sendable {
    typealias Waiter = @Sendable (Confirmations.Outcome) -> Void
    private typealias StateMachine = SubscriptionStateMachine<Waiter, SubscriptionListener>

    /// A name that somebody wants to listen to.
    struct Wish: Sendable {
        let name: SubscriptionName
        let listener: SubscriptionListener
        /// Is called once, with what becomes of it.
        let waiter: Waiter
    }

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

    /// Begins to listen to names; what becomes of each, its waiter hears at `deadline` at the latest.
    ///
    /// All leave in one write.
    ///
    /// - Returns: What to cancel, also where a waiter hears of a failure.
    func listen(to wishes: [Wish], deadline: MonotonicTime) -> LaneSubscription {
        let count = UInt64(wishes.count)
        let firstID = self.ids.wrappingAdd(count, ordering: .relaxed).newValue - count + 1
        var needsService = false
        var outcomes: [(Waiter, Confirmations.Outcome)] = []
        self.state.withLock { state in
            for (offset, wish) in wishes.enumerated() {
                let admission = state.listen(
                    firstID + UInt64(offset),
                    to: wish.name,
                    listener: wish.listener,
                    waiter: wish.waiter,
                    deadline: deadline
                )
                switch admission {
                case .listening: outcomes.append((wish.waiter, .listening))
                case .refused(let error): outcomes.append((wish.waiter, self.failure(error)))
                case .waiting(let needs): needsService = needsService || needs
                }
            }
        }
        for (waiter, outcome) in outcomes { waiter(outcome) }
        if needsService { self.eventLoop.execute { self.service() } }
        return LaneSubscription(firstID: firstID, names: wishes.map(\.name), lane: self)
    }

    private func failure(_ error: RedisError) -> Confirmations.Outcome {
        .failure(error.with(server: self.locator.name))
    }

    /// Lets listeners go, or callers that wait to become some.
    fileprivate func leave(_ firstID: UInt64, _ names: [SubscriptionName]) {
        var waiters: [Waiter] = []
        var needsService = false
        self.state.withLock { state in
            for (offset, name) in names.enumerated() {
                let (waiter, needs) = state.leave(firstID + UInt64(offset), name)
                if let waiter { waiters.append(waiter) }
                needsService = needsService || needs
            }
        }
        for waiter in waiters { waiter(.cancelled) }
        if needsService { self.eventLoop.execute { self.service() } }
    }

    /// Tells those concerned, in order; never under the lock.
    private func perform(_ effects: [StateMachine.Effect]) {
        var heard = HeardBySink()
        for effect in effects {
            switch effect {
            case .admit(let waiter): waiter(.listening)
            case .fail(let waiter, let error): waiter(self.failure(error))
            case .deliver(let listeners, let run):
                for listener in listeners.values { heard.add(.messages(run), for: listener) }
            case .tell(let listener, let turn): heard.add(.turn(turn), for: listener)
            }
        }
        heard.tell()
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
        for command in commands { buffer.write(command.redisCommand) }
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
        for waiter in expired { waiter(.failure(error)) }
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
        let violation = self.state.withLock { $0.receive(replies, at: now, effects: &effects) }
        replies.removeAll(keepingCapacity: true)
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

/// Names that somebody listens to on one lane.
struct LaneSubscription: SubscriptionPart {
    fileprivate let firstID: UInt64
    fileprivate let names: [SubscriptionName]
    fileprivate let lane: SubscriptionLane

    func cancel() { self.lane.leave(self.firstID, self.names) }
}
