import DequeModule
import NIOCore

/// What a subscription lane knows and decides: who listens to what, what the server has confirmed, what to send next.
///
/// A plain value behind the lane's lock. It writes to no channel, starts no timer and calls nobody; it says what is to be
/// done, and the lane does it after the lock.
///
/// Commands name one channel, pattern or shard channel each: the server refuses a command as a whole, and so a name that
/// is forbidden takes no other with it.
struct SubscriptionStateMachine<Waiter, Listener> {
    typealias ID = UInt64
    typealias Command = SubscriptionCommand
    typealias Health = ListeningPhases.Health

    /// A caller that waits for the server to confirm.
    private struct Pending {
        let waiter: Waiter
        let name: SubscriptionName
        let deadline: MonotonicTime
    }

    enum Admission {
        /// The name is subscribed to already.
        case listening
        /// The waiter will hear of it; the event loop has to be told if it needs service.
        case waiting(needsService: Bool)
        case refused(RedisError)
    }

    /// Who is to hear of something.
    enum Effect {
        case admit(Waiter)
        case fail(Waiter, RedisError)
        case deliver([ID: Listener], MessageRun)
        case tell(Listener, SubscriptionTurn)
    }

    /// What the event loop has to do.
    struct Service {
        var connect = false
        var commands: [Command] = []
        /// A time at which to call `sweep`.
        var sweep: MonotonicTime?
    }

    private let maximum: Int
    private var phases: ListeningPhases
    private var names = SubscribedNames<Listener>()
    /// Listeners without an entry here have been told that they are heard.
    private var pending: [ID: Pending] = [:]
    /// The commands that were written and not answered yet.
    private var unanswered: Deque<Command> = []
    private var isServiceDue = false
    private var wantsConnection = false
    private var sweepAt = MonotonicTime.distantFuture
    private var isSweepMoved = false

    /// - Parameters:
    ///   - maximum: The most listeners, and the most names.
    ///   - backoff: The pauses between attempts to connect.
    init(maximum: Int, backoff: Backoff) {
        self.maximum = maximum
        self.phases = ListeningPhases(backoff: backoff)
    }

    /// The names that are known, wanted or still to be given up.
    var nameCount: Int { self.names.count }

    // MARK: Listeners

    /// Takes a listener.
    mutating func listen(
        _ id: ID,
        to name: SubscriptionName,
        listener: Listener,
        waiter: Waiter,
        deadline: MonotonicTime
    ) -> Admission {
        switch self.phases.phase {
        case .closed(let error):
            return .refused(error)
        case .backingOff(let error, let until):
            // Whoever cannot live to see the next attempt hears at once why the last one failed.
            if deadline < until { return .refused(error) }
        case .idle, .connecting, .active:
            break
        }
        guard self.names.listenerCount < self.maximum, self.names[name] != nil || self.names.count < self.maximum
        else {
            return .refused(
                RedisError(
                    .overloaded,
                    message: "\(self.names.listenerCount) listeners on \(self.names.count) channels"
                )
            )
        }
        self.names.add(id, listener, to: name)
        if self.names[name]?.status == .subscribed { return .listening }
        self.pending[id] = Pending(waiter: waiter, name: name, deadline: deadline)
        var needsService = self.hasSomethingToSend
        if self.phases.want() {
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
    mutating func leave(_ id: ID, _ name: SubscriptionName) -> (waiter: Waiter?, needsService: Bool) {
        let waiter = self.pending.removeValue(forKey: id)?.waiter
        guard self.names.remove(id, from: name) else { return (waiter, false) }
        return (waiter, self.hasSomethingToSend && self.claimService())
    }

    private var hasSomethingToSend: Bool { self.phases.isActive && self.names.isUnsettled }

    /// Whether the caller is the one to tell the event loop: one wake-up does for all who come before it.
    private mutating func claimService() -> Bool {
        if self.isServiceDue { return false }
        self.isServiceDue = true
        return true
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
                _ = self.leave(id, pending.name)
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
        guard canWrite, self.hasSomethingToSend else { return service }
        if self.unanswered.isEmpty { self.phases.noteProgress(at: now) }
        service.commands = self.names.takeCommands()
        self.unanswered.append(contentsOf: service.commands)
        return service
    }

    /// Takes what the server sent in one read.
    ///
    /// What is to be sent in return, `service` says.
    ///
    /// - Returns: Why the connection has to be closed, if what came fits nothing that was asked; the rest is ignored then.
    mutating func receive(
        _ values: some Sequence<RESPValue>,
        at now: MonotonicTime,
        effects: inout [Effect]
    ) -> RedisError? {
        guard self.phases.isActive else { return nil }
        self.phases.noteProgress(at: now)
        // All that comes under one name in a row is handed over at once.
        var runName: SubscriptionName?
        var text = ""
        var listeners: [ID: Listener] = [:]
        var run = MessageRun()
        for value in values {
            let push = SubscriptionPush(value)
            if case .message(let name, let channel, let payload) = push {
                if runName != name {
                    if !run.messages.isEmpty { effects.append(.deliver(listeners, run)) }
                    run = MessageRun()
                    runName = name
                    // The last listener may have left while the message was on its way.
                    listeners = self.names[name].map { $0.status == .subscribed ? $0.listeners : [:] } ?? [:]
                    text = self.names[name]?.text ?? ""
                }
                if listeners.isEmpty { continue }
                run.append(
                    RedisMessage(
                        channel: channel.map { String(buffer: $0) } ?? text,
                        pattern: channel == nil ? nil : text,
                        payload: payload
                    )
                )
            } else {
                if !run.messages.isEmpty { effects.append(.deliver(listeners, run)) }
                run = MessageRun()
                runName = nil
                if let violation = self.receive(push, value, effects: &effects) { return violation }
            }
        }
        if !run.messages.isEmpty {
            effects.append(.deliver(listeners, run))
            self.phases.noteUse()
        }
        return nil
    }

    private mutating func receive(
        _ push: SubscriptionPush,
        _ value: RESPValue,
        effects: inout [Effect]
    ) -> RedisError? {
        switch push {
        case .subscribed(let name):
            guard self.unanswered.popFirst() == .subscribe(name) else { return Self.violation(value) }
            self.confirm(name, effects: &effects)
        case .unsubscribed(let name):
            if self.unanswered.first == .unsubscribe(name) {
                self.unanswered.removeFirst()
                self.names.ended(name)
            } else {
                guard name.kind == .shardChannel else { return Self.violation(value) }
                self.withdraw(name, effects: &effects)
            }
        case .pong:
            guard self.unanswered.popFirst() == .ping else { return Self.violation(value) }
        case .error(let error):
            switch self.unanswered.popFirst() {
            case .subscribe(let name): self.refuse(name, RedisError(error), effects: &effects)
            case .unsubscribe(let name):
                self.confirm(name, effects: &effects)
                self.names.stays(name)
            case .ping: break
            case nil: return RedisError(error)
            }
        case .message, .foreign:
            return nil
        case .unexpected:
            return Self.violation(value)
        }
        self.phases.noteUse()
        return nil
    }

    private mutating func confirm(_ name: SubscriptionName, effects: inout [Effect]) {
        for (id, listener) in self.names[name]?.listeners ?? [:] {
            if let pending = self.pending.removeValue(forKey: id) {
                effects.append(.admit(pending.waiter))
            } else {
                effects.append(.tell(listener, .resumed))
            }
        }
        self.names.confirmed(name)
    }

    /// The server has ended the subscription to a shard channel by itself: the channel's slot is not its own any more.
    ///
    /// It is asked for again, and if the slot is elsewhere the server says so then. What comes while a command for the
    /// channel is under way changes nothing: that command's answer tells more.
    private mutating func withdraw(_ name: SubscriptionName, effects: inout [Effect]) {
        guard let entry = self.names[name], entry.status == .subscribed else { return }
        let error = RedisError(.connectionClosed, message: "the slot of the shard channel has left the server")
        for listener in entry.listeners.values { effects.append(.tell(listener, .interrupted(error))) }
        self.names.ended(name)
    }

    private mutating func refuse(_ name: SubscriptionName, _ error: RedisError, effects: inout [Effect]) {
        for (id, listener) in self.names.drop(name) { self.end(id, listener, error, effects: &effects) }
    }

    private mutating func end(_ id: ID, _ listener: Listener, _ error: RedisError, effects: inout [Effect]) {
        if let pending = self.pending.removeValue(forKey: id) {
            effects.append(.fail(pending.waiter, error))
        } else {
            effects.append(.tell(listener, .ended(error)))
        }
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
        self.phases.established(at: now)
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
        guard let until = self.phases.connectFailed(error, at: now, chance: chance) else { return nil }
        for (id, pending) in self.pending {
            effects.append(.fail(pending.waiter, error))
            _ = self.leave(id, pending.name)
        }
        return until
    }

    /// The pause after a failed attempt is over.
    ///
    /// - Returns: Whether to connect now: only if somebody listens.
    mutating func backoffEnded() -> Bool {
        self.phases.backoffEnded(isWanted: self.names.listenerCount > 0)
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
        guard self.phases.isActive else { return nil }
        self.unanswered.removeAll()
        for listener in self.names.lost() { effects.append(.tell(listener, .interrupted(error))) }
        return self.phases.lost(error, at: now, chance: chance, isWanted: self.names.listenerCount > 0)
    }

    // MARK: Health

    /// Notes that bytes came, though not yet a whole reply.
    mutating func noteProgress(at now: MonotonicTime) {
        self.phases.noteProgress(at: now)
    }

    /// Judges the connection by its silence.
    mutating func health(at now: MonotonicTime, interval: Int64) -> Health {
        let health = self.phases.health(at: now, interval: interval, owesAnswers: !self.unanswered.isEmpty)
        if case .ask = health { self.unanswered.append(.ping) }
        return health
    }

    // MARK: Ending

    /// Ends the lane, for all who wait and all who listen.
    mutating func close(_ error: RedisError, effects: inout [Effect]) {
        guard self.phases.close(error) else { return }
        for (id, listener) in self.names.dropAll() { self.end(id, listener, error, effects: &effects) }
        self.unanswered = []
        self.wantsConnection = false
        self.isSweepMoved = false
    }
}

/// What becomes of a subscription besides messages.
enum SubscriptionTurn: Sendable {
    /// Nothing is heard until `resumed` comes.
    case interrupted(RedisError)
    /// Heard again; what was published in between has been missed.
    case resumed
    /// Nothing will come any more.
    case ended(RedisError)
}

extension SubscriptionStateMachine.Effect: Sendable where Waiter: Sendable, Listener: Sendable {}
