import DequeModule
import NIOCore

/// What a subscription lane knows and decides: who listens to what, what the server has confirmed, what to send next.
///
/// A plain value behind the lane's lock. It writes to no channel, starts no timer and calls nobody; it says what is to be
/// done, and the lane does it after the lock.
///
/// Each Redis channel has at most one command under way. What is wanted meanwhile is settled when its answer has come, so
/// however often listeners come and go, what waits to be sent or answered is bounded by the number of channels, and that
/// by `maximum`. Commands name one channel each: the server refuses a command as a whole, and so a channel that is
/// forbidden takes no other with it.
///
/// The connection's phases are those of `LaneStateMachine`; only, a connection that was lost is replaced as long as
/// somebody listens.
struct SubscriptionStateMachine<Waiter, Listener> {
    typealias ID = UInt64

    private enum Phase {
        /// There is no connection, and nobody needs one.
        case idle
        /// An attempt to connect is under way, or will be in a moment.
        case connecting
        /// The last attempt failed; the next one is due at `until`.
        case backingOff(RedisError, until: MonotonicTime)
        case active
        case closed(RedisError)
    }

    private struct Channel {
        enum Status {
            /// Not subscribed to.
            case absent
            case subscribing
            case subscribed
            case unsubscribing
        }

        var status = Status.absent
        /// Those without an entry in `pending` have been told that they are heard.
        var listeners: [ID: Listener] = [:]
    }

    /// A caller that waits for the server to confirm.
    private struct Pending {
        let waiter: Waiter
        let channel: ByteBuffer
        let deadline: MonotonicTime
    }

    enum Command: Equatable {
        case subscribe(ByteBuffer)
        case unsubscribe(ByteBuffer)
        case ping
    }

    enum Admission {
        /// The channel is subscribed to already.
        case listening
        /// The waiter will hear of it; the event loop has to be told if it needs service.
        case waiting(needsService: Bool)
        case refused(RedisError)
    }

    /// Who is to hear of something.
    enum Effect {
        case admit(Waiter)
        case fail(Waiter, RedisError)
        case tell(Listener, SubscriptionEvent)
    }

    /// What the event loop has to do.
    struct Service {
        var connect = false
        var commands: [Command] = []
        /// A time at which to call `sweep`.
        var sweep: MonotonicTime?
    }

    private let maximum: Int
    private var phase = Phase.idle
    private var backoff: Backoff
    private var channels: [ByteBuffer: Channel] = [:]
    private var listenerCount = 0
    private var pending: [ID: Pending] = [:]
    /// The channels for which there is something to send.
    private var unsettled: Set<ByteBuffer> = []
    /// The commands that were written and not answered yet.
    private var unanswered: Deque<Command> = []
    private var isServiceDue = false
    private var wantsConnection = false
    private var sweepAt = MonotonicTime.distantFuture
    private var isSweepMoved = false
    /// When the connection last showed that it lives, or had its first command to answer.
    private var lastProgress = MonotonicTime(nanoseconds: 0)

    /// - Parameters:
    ///   - maximum: The most listeners, and the most channels.
    ///   - backoff: The pauses between attempts to connect.
    init(maximum: Int, backoff: Backoff) {
        self.maximum = maximum
        self.backoff = backoff
    }

    /// The channels that are known, wanted or still to be given up.
    var channelCount: Int { self.channels.count }

    private var isActive: Bool {
        if case .active = self.phase { true } else { false }
    }

    // MARK: Listeners

    /// Takes a listener.
    mutating func listen(
        _ id: ID,
        to name: ByteBuffer,
        listener: Listener,
        waiter: Waiter,
        deadline: MonotonicTime
    ) -> Admission {
        switch self.phase {
        case .closed(let error):
            return .refused(error)
        case .backingOff(let error, let until):
            // Whoever cannot live to see the next attempt hears at once why the last one failed.
            if deadline < until { return .refused(error) }
        case .idle, .connecting, .active:
            break
        }
        guard self.listenerCount < self.maximum, self.channels[name] != nil || self.channels.count < self.maximum
        else {
            return .refused(
                RedisError(.overloaded, message: "\(self.listenerCount) listeners on \(self.channels.count) channels")
            )
        }
        self.channels[name, default: Channel()].listeners[id] = listener
        self.listenerCount += 1
        var needsService = self.settle(name)
        if self.channels[name]?.status == .subscribed { return .listening }
        self.pending[id] = Pending(waiter: waiter, channel: name, deadline: deadline)
        if case .idle = self.phase {
            self.phase = .connecting
            self.wantsConnection = true
            needsService = true
        }
        if deadline < self.sweepAt {
            self.sweepAt = deadline
            self.isSweepMoved = true
            needsService = true
        }
        return .waiting(needsService: needsService && self.claimService())
    }

    /// Lets a listener go.
    ///
    /// - Returns: Its caller, if that still waited, and whether the event loop has to be told.
    mutating func leave(_ id: ID, _ name: ByteBuffer) -> (waiter: Waiter?, needsService: Bool) {
        let waiter = self.pending.removeValue(forKey: id)?.waiter
        guard self.channels[name]?.listeners.removeValue(forKey: id) != nil else { return (waiter, false) }
        self.listenerCount -= 1
        return (waiter, self.settle(name) && self.claimService())
    }

    /// Whether the caller is the one to tell the event loop: one wake-up does for all who come before it.
    private mutating func claimService() -> Bool {
        if self.isServiceDue { return false }
        self.isServiceDue = true
        return true
    }

    /// Notes what a channel needs; one that nobody wants and that is not subscribed to is forgotten.
    ///
    /// - Returns: Whether there is something to send now.
    private mutating func settle(_ name: ByteBuffer) -> Bool {
        guard let status = self.channels[name]?.status else { return false }
        let isWanted = self.channels[name]?.listeners.isEmpty == false
        switch (status, isWanted) {
        case (.absent, false):
            self.channels[name] = nil
            self.unsettled.remove(name)
        case (.subscribed, true):
            self.unsettled.remove(name)
        case (.absent, true), (.subscribed, false):
            self.unsettled.insert(name)
            return self.isActive
        case (.subscribing, _), (.unsubscribing, _):
            break
        }
        return false
    }

    /// Ends the waiting of callers whose time is up, and says when to come back.
    mutating func sweep(at now: MonotonicTime) -> (expired: [Waiter], next: MonotonicTime?) {
        var expired: [Waiter] = []
        var earliest = MonotonicTime.distantFuture
        for (id, pending) in self.pending {
            if pending.deadline > now {
                earliest = min(earliest, pending.deadline)
            } else {
                expired.append(pending.waiter)
                _ = self.leave(id, pending.channel)
            }
        }
        self.isSweepMoved = false
        // Many who came one after the other shall not cost a sweep each.
        self.sweepAt = earliest == .distantFuture ? earliest : max(earliest, now.advanced(by: 1_000_000))
        return (expired, earliest == .distantFuture ? nil : self.sweepAt)
    }

    // MARK: The event loop's side

    /// Says what the event loop has to do now.
    ///
    /// - Parameters:
    ///   - canWrite: Whether the connection takes more.
    ///   - now: The time.
    /// - Returns: What to do, in any order.
    mutating func service(canWrite: Bool, at now: MonotonicTime) -> Service {
        self.isServiceDue = false
        var service = Service(connect: self.wantsConnection)
        self.wantsConnection = false
        if self.isSweepMoved {
            self.isSweepMoved = false
            service.sweep = self.sweepAt
        }
        guard self.isActive, canWrite, !self.unsettled.isEmpty else { return service }
        if self.unanswered.isEmpty { self.lastProgress = now }
        for name in self.unsettled {
            switch self.channels[name]?.status {
            case .absent:
                self.channels[name]?.status = .subscribing
                service.commands.append(.subscribe(name))
            case .subscribed:
                self.channels[name]?.status = .unsubscribing
                service.commands.append(.unsubscribe(name))
            case .subscribing, .unsubscribing, nil:
                break
            }
        }
        self.unsettled.removeAll(keepingCapacity: true)
        self.unanswered.append(contentsOf: service.commands)
        return service
    }

    /// Takes what the server sent.
    ///
    /// What is to be sent in return, `service` says.
    ///
    /// - Returns: Why the connection has to be closed, if what came fits nothing that was asked.
    mutating func receive(_ value: RESPValue, at now: MonotonicTime, effects: inout [Effect]) -> RedisError? {
        guard self.isActive else { return nil }
        self.lastProgress = now
        switch SubscriptionPush(value) {
        case .message(let name, let payload):
            // The last listener may have left while the message was on its way.
            guard let channel = self.channels[name], channel.status == .subscribed else { return nil }
            for listener in channel.listeners.values { effects.append(.tell(listener, .message(payload))) }
        case .subscribed(let name):
            guard self.unanswered.popFirst() == .subscribe(name) else { return Self.violation(value) }
            self.confirm(name, effects: &effects)
        case .unsubscribed(let name):
            guard self.unanswered.popFirst() == .unsubscribe(name) else { return Self.violation(value) }
            self.channels[name]?.status = .absent
            _ = self.settle(name)
        case .pong:
            guard self.unanswered.popFirst() == .ping else { return Self.violation(value) }
        case .error(let error):
            switch self.unanswered.popFirst() {
            case .subscribe(let name): self.refuse(name, RedisError(error), effects: &effects)
            // Asking again would bring the same answer, so the channel stays as it is, and what comes on it is dropped.
            case .unsubscribe(let name):
                self.confirm(name, effects: &effects)
                self.unsettled.remove(name)
            case .ping: break
            case nil: return RedisError(error)
            }
        case .foreign:
            return nil
        case .unexpected:
            return Self.violation(value)
        }
        self.backoff.reset()
        return nil
    }

    private mutating func confirm(_ name: ByteBuffer, effects: inout [Effect]) {
        self.channels[name]?.status = .subscribed
        for (id, listener) in self.channels[name]?.listeners ?? [:] {
            if let pending = self.pending.removeValue(forKey: id) {
                effects.append(.admit(pending.waiter))
            } else {
                effects.append(.tell(listener, .resumed))
            }
        }
        _ = self.settle(name)
    }

    private mutating func refuse(_ name: ByteBuffer, _ error: RedisError, effects: inout [Effect]) {
        for (id, listener) in self.channels[name]?.listeners ?? [:] {
            self.listenerCount -= 1
            if let pending = self.pending.removeValue(forKey: id) {
                effects.append(.fail(pending.waiter, error))
            } else {
                effects.append(.tell(listener, .ended(error)))
            }
        }
        self.channels[name] = nil
        self.unsettled.remove(name)
    }

    private static func violation(_ value: RESPValue) -> RedisError {
        RedisError(
            .protocolViolation,
            message: "the server sent \(value.kindDescription) that fits no subscription"
        )
    }

    // MARK: Connections

    /// A connection is there.
    ///
    /// - Returns: Whether it is wanted; else it has to be closed.
    mutating func established(at now: MonotonicTime) -> Bool {
        guard case .connecting = self.phase else { return false }
        self.phase = .active
        self.lastProgress = now
        return true
    }

    /// An attempt to connect failed.
    ///
    /// Everybody who waits for it hears of it; those who were heard before go on waiting for the next one.
    ///
    /// - Parameters:
    ///   - error: Why.
    ///   - now: The time.
    ///   - chance: A random number from 0 to 1, for the pause.
    ///   - effects: Whom to tell.
    /// - Returns: When to call `backoffEnded`.
    mutating func connectFailed(
        _ error: RedisError,
        at now: MonotonicTime,
        chance: Double,
        effects: inout [Effect]
    ) -> MonotonicTime? {
        guard case .connecting = self.phase else { return nil }
        for (id, pending) in self.pending {
            effects.append(.fail(pending.waiter, error))
            _ = self.leave(id, pending.channel)
        }
        let until = now.advanced(by: self.backoff.next(chance: chance))
        self.phase = .backingOff(error, until: until)
        return until
    }

    /// The pause after a failed attempt is over.
    ///
    /// - Returns: Whether to connect now: only if somebody listens.
    mutating func backoffEnded() -> Bool {
        guard case .backingOff = self.phase else { return false }
        self.phase = self.listenerCount > 0 ? .connecting : .idle
        return self.listenerCount > 0
    }

    /// The connection is gone: everything has to be subscribed to again.
    ///
    /// Those who still wait to be confirmed go on waiting; asking twice does no harm.
    ///
    /// - Parameters:
    ///   - error: Why.
    ///   - now: The time.
    ///   - chance: A random number from 0 to 1, for the pause.
    ///   - effects: Whom to tell.
    /// - Returns: When to connect again, if somebody listens.
    mutating func lost(
        _ error: RedisError,
        at now: MonotonicTime,
        chance: Double,
        effects: inout [Effect]
    ) -> MonotonicTime? {
        guard self.isActive else { return nil }
        self.unanswered.removeAll()
        self.unsettled.removeAll()
        let wanted = self.channels.filter { !$0.value.listeners.isEmpty }
        self.channels = wanted.mapValues { Channel(listeners: $0.listeners) }
        for (name, channel) in wanted {
            self.unsettled.insert(name)
            guard channel.status == .subscribed else { continue }
            for listener in channel.listeners.values { effects.append(.tell(listener, .interrupted(error))) }
        }
        // At once only after a connection that was of use and did not end over what the server sent.
        let pause = self.backoff.next(chance: chance)
        let wasOfUse = self.backoff.failures == 1 && error.code != .protocolViolation && error.code != .replyTooLarge
        self.phase = self.listenerCount > 0 ? .connecting : .idle
        guard self.listenerCount > 0 else { return nil }
        return wasOfUse ? now : now.advanced(by: pause)
    }

    // MARK: Health

    enum Health: Equatable {
        /// Nothing to do before this time.
        case well(checkAt: MonotonicTime)
        /// Silent for long: send `PING`.
        case ask(checkAt: MonotonicTime)
        case dead
        /// There is no connection to check.
        case none
    }

    /// Notes that bytes came, though not yet a whole reply.
    mutating func noteProgress(at now: MonotonicTime) {
        self.lastProgress = now
    }

    /// Judges the connection by its silence.
    mutating func health(at now: MonotonicTime, interval: Int64) -> Health {
        guard self.isActive else { return .none }
        let due = self.lastProgress.advanced(by: interval)
        if now < due { return .well(checkAt: due) }
        if !self.unanswered.isEmpty { return .dead }
        self.unanswered.append(.ping)
        self.lastProgress = now
        return .ask(checkAt: now.advanced(by: interval))
    }

    // MARK: Ending

    /// Ends the lane, for all who wait and all who listen.
    mutating func close(_ error: RedisError, effects: inout [Effect]) {
        if case .closed = self.phase { return }
        self.phase = .closed(error)
        for (id, listener) in self.channels.values.flatMap(\.listeners) {
            if let pending = self.pending.removeValue(forKey: id) {
                effects.append(.fail(pending.waiter, error))
            } else {
                effects.append(.tell(listener, .ended(error)))
            }
        }
        self.channels = [:]
        self.listenerCount = 0
        self.unsettled = []
        self.unanswered = []
        self.wantsConnection = false
        self.isSweepMoved = false
    }
}

extension SubscriptionStateMachine.Effect: Sendable where Waiter: Sendable, Listener: Sendable {}
