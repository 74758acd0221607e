import DequeModule
import Logging
import NIOCore

/// The connection on which one server tells of changes, one after another if need be.
///
/// It is a connection of its own: on one that carries commands a message would wait behind large replies. It lives on one
/// event loop, on which its listener is called, and connects again until it is closed.
final class InvalidationLane: Sendable {
    typealias Listener = @Sendable (InvalidationEvent) -> Void

    /// What only the event loop touches.
    private struct LoopState {
        var machine: InvalidationStateMachine
        var listener: Listener?
        var connection: RedisChannelHandler?
        var opening: ServerHistory.Opening?
        var check: Scheduled<Void>?
        var reconnect: Scheduled<Void>?
    }

    private let loop: NIOLoopBoundBox<LoopState>
    private let locator: TrackingLocator
    private let logger: Logger
    private let eventLoop: any EventLoop

    /// A lane that connects when it is started.
    ///
    /// - Parameters:
    ///   - locator: Where to listen, and to what.
    ///   - timing: How long the server may keep quiet.
    ///   - eventLoop: Where the lane lives.
    ///   - logger: For what happens in the background.
    ///   - listener: Is called on the event loop, one event after another; never after `close()` has done its work.
    init(
        locator: TrackingLocator,
        timing: InvalidationTiming,
        eventLoop: any EventLoop,
        logger: Logger,
        _ listener: @escaping Listener
    ) {
        self.locator = locator
        self.eventLoop = eventLoop
        self.logger = logger
        let backoff = Backoff(locator.configuration.reconnect)
        self.loop = .makeBoxSendingValue(
            LoopState(machine: InvalidationStateMachine(timing, backoff: backoff), listener: listener),
            eventLoop: eventLoop
        )
    }

    /// Connects; on the event loop.
    func start() {
        if self.loop.value.machine.start() { self.connect() }
    }

    /// Ends the lane; on the event loop.
    ///
    /// - Parameter error: Why.
    func close(_ error: RedisError) {
        self.loop.value.machine.close()
        self.loop.value.listener = nil
        self.loop.value.check?.cancel()
        self.loop.value.reconnect?.cancel()
        self.loop.value.connection?.close(error)
        self.forgetConnection()
    }

    private func tell(_ event: InvalidationEvent) { self.loop.value.listener?(event) }

    private func schedule(at time: MonotonicTime, _ task: @escaping @Sendable () -> Void) -> Scheduled<Void> {
        let delay = max(time.nanoseconds - MonotonicTime.now.nanoseconds, 0)
        return self.eventLoop.scheduleTask(in: .nanoseconds(delay), task)
    }

    // MARK: Connecting

    private func connect() {
        self.locator.connect(on: self.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let connection): self.established(connection.value)
            case .failure(let error):
                let error = RedisChannelHandler.connectionError(error, server: self.locator.name)
                self.connectFailed(TrackingLocator.unavailability(error, name: self.locator.name) ?? error)
            }
        }
    }

    private func established(_ connection: RedisChannelHandler) {
        guard self.loop.value.machine.established(at: .now) else {
            connection.close(self.locator.error(.shutdown, "nobody listens any more"))
            return
        }
        self.logger.debug("Redis tells of changes", metadata: ["redis.server": "\(self.locator.name)"])
        connection.deliversPushes = true
        connection.delegate = self
        self.loop.value.connection = connection
        let eventLoop = self.eventLoop
        let handle = NIOLoopBound(connection, eventLoop: eventLoop)
        self.loop.value.opening = self.locator.opened(connection.connector, connection.identity) { error in
            eventLoop.execute { handle.value.close(error) }
        }
        self.tell(.live)
        self.check()
    }

    private func connectFailed(_ error: RedisError) {
        let next = self.loop.value.machine.connectFailed(error, at: .now, chance: .random(in: 0...1))
        guard let next else { return }
        self.logger.debug(
            "cannot connect to Redis to hear of changes",
            metadata: ["redis.server": "\(self.locator.name)", "error": "\(error)"]
        )
        self.reconnect(at: next)
        self.tell(.unreachable(error))
    }

    private func reconnect(at time: MonotonicTime) {
        self.loop.value.reconnect = self.schedule(at: time) {
            if self.loop.value.machine.wantsConnection { self.connect() }
        }
    }

    private func forgetConnection() {
        self.loop.value.connection = nil
        if let opening = self.loop.value.opening { self.locator.closed(opening) }
        self.loop.value.opening = nil
    }

    // MARK: Silence

    private func check() {
        guard let connection = self.loop.value.connection, let check = self.loop.value.machine.check(at: .now) else {
            return
        }
        if check.isDead {
            connection.close(self.locator.error(.connectionClosed, "the server was silent for too long"))
            return
        }
        if check.asks {
            var buffer = ByteBuffer()
            buffer.write(RedisCommand("HELLO"))
            connection.write(buffer)
        }
        self.loop.value.check?.cancel()
        self.loop.value.check = self.schedule(at: check.next) { self.check() }
        if let event = check.event { self.tell(event) }
    }
}

// MARK: Connection events

extension InvalidationLane: RedisChannelHandler.Delegate {
    func connection(_ handler: RedisChannelHandler, received replies: inout Deque<RESPValue>) {
        let now = MonotonicTime.now
        var events: [InvalidationEvent] = []
        var violation: RedisError?
        while violation == nil, let reply = replies.popFirst() {
            violation = self.loop.value.machine.receive(reply, at: now, events: &events)
        }
        for event in events { self.tell(event) }
        if let violation {
            handler.close(violation.with(server: self.locator.name))
        } else if self.loop.value.machine.asksAtOnce(at: now) {
            self.check()
        }
    }

    func connectionMadeProgress(_ handler: RedisChannelHandler) {
        self.loop.value.machine.noteProgress(at: .now)
    }

    func connectionCanWrite(_ handler: RedisChannelHandler) {}

    func connection(_ handler: RedisChannelHandler, closed error: RedisError) {
        self.forgetConnection()
        self.loop.value.check?.cancel()
        let next = self.loop.value.machine.lost(error, at: .now, chance: .random(in: 0...1))
        guard let next else { return }
        self.logger.debug(
            "lost the connection on which Redis tells of changes",
            metadata: ["redis.server": "\(self.locator.name)", "error": "\(error)"]
        )
        self.tell(.lost(error))
        self.reconnect(at: next)
    }
}
