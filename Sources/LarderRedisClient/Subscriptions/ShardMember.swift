import Synchronization

/// One listener to one shard channel, wherever that is.
///
/// What happens to it, happens on the event loop of its `ShardSubscriptions`; the lock is for those who leave.
final class ShardMember: Sendable {
    enum End: Sendable {
        case ended(RedisError)
        case cancelled
    }

    private struct State {
        var placement: ShardPlacement?
        /// Whether the caller still waits to hear that it is heard.
        var isWaitedFor = true
        var isDeaf = false
        /// Whether somebody looks from time to time where the channel is.
        var isWatched = false
        var isOver = false
        var lastError: RedisError?
        var backoff: Backoff
    }

    let id: UInt64
    let wish: SubscriptionLane.Wish
    /// When the caller's waiting ends.
    let deadline: MonotonicTime
    private let state: Mutex<State>

    init(id: UInt64, wish: SubscriptionLane.Wish, deadline: MonotonicTime, backoff: Backoff) {
        self.id = id
        self.wish = wish
        self.deadline = deadline
        self.state = Mutex(State(backoff: backoff))
    }

    var isWaitedFor: Bool { self.state.withLock { $0.isWaitedFor } }
    var isDeaf: Bool { self.state.withLock { $0.isDeaf } }
    /// What last kept the channel from being heard.
    var lastError: RedisError? { self.state.withLock { $0.lastError } }
    /// The name of the node that was asked last.
    var node: String? { self.state.withLock { $0.placement?.locator.name } }

    func isCurrent(_ placement: ShardPlacement) -> Bool { self.state.withLock { $0.placement === placement } }

    /// - Returns: Whether that is a change.
    func setWatched(_ isWatched: Bool) -> Bool {
        self.state.withLock { state in
            defer { state.isWatched = isWatched }
            return state.isWatched != isWatched
        }
    }

    /// Begins anew at a node.
    func makePlacement(
        at locator: any ServerLocator,
        _ turned: @escaping @Sendable (ShardMember, ShardPlacement, SubscriptionTurn) -> Void
    ) -> ShardPlacement {
        let placement = ShardPlacement(self, locator, turned)
        self.state.withLock { $0.placement = placement }
        return placement
    }

    /// Ends what was begun at a node: nothing that comes from there is heard any more.
    func takePlacement() -> ShardPlacement? {
        self.state.withLock { state in
            defer { state.placement = nil }
            return state.placement
        }
    }

    /// How long to wait before the next attempt: not at all before the first, nor beyond the caller's time.
    func pause() -> Int64 {
        let limit = self.isWaitedFor ? max(self.deadline.nanoseconds - MonotonicTime.now.nanoseconds, 0) : .max
        return self.state.withLock { state in
            let isFirst = state.backoff.failures == 0
            let pause = state.backoff.next(chance: .random(in: 0...1))
            return isFirst ? 0 : min(pause, limit)
        }
    }

    // MARK: What the listener hears

    func hear(_ heard: [Heard]) {
        if self.state.withLock({ $0.isOver }) { return }
        self.wish.listener.sink.hear(heard)
    }

    private func tell(_ turn: SubscriptionTurn) {
        self.wish.listener.sink.hear([Heard(index: self.wish.listener.index, sound: .turn(turn))])
    }

    /// A node has confirmed the channel.
    func confirmed() {
        let (wasWaitedFor, wasDeaf) = self.state.withLock { state in
            defer {
                state.isWaitedFor = false
                state.isDeaf = false
                state.backoff.reset()
            }
            return (state.isWaitedFor, state.isDeaf)
        }
        if wasWaitedFor { self.wish.waiter(.listening) }
        if wasDeaf { self.tell(.resumed) }
    }

    /// The channel is not heard any more, for now; the listener is told once.
    func interrupted(_ error: RedisError) {
        let isNews = self.state.withLock { state in
            // That time is over says less than what went before.
            if error.code != .timedOut || state.lastError == nil { state.lastError = error }
            defer { state.isDeaf = state.isDeaf || !state.isWaitedFor }
            return !state.isWaitedFor && !state.isDeaf && !state.isOver
        }
        if isNews { self.tell(.interrupted(error)) }
    }

    /// Nothing will come any more.
    func end(_ end: End) {
        let (wasWaitedFor, wasOver) = self.state.withLock { state in
            defer {
                state.isOver = true
                state.isWaitedFor = false
            }
            return (state.isWaitedFor, state.isOver)
        }
        switch end {
        case _ where wasOver: break
        case .ended(let error) where wasWaitedFor: self.wish.waiter(.failure(error))
        case .ended(let error): self.tell(.ended(error))
        case .cancelled where wasWaitedFor: self.wish.waiter(.cancelled)
        case .cancelled: break
        }
    }
}

/// A member's time at one node.
final class ShardPlacement: SubscriptionSink {
    private let member: ShardMember
    let locator: any ServerLocator
    private let turned: @Sendable (ShardMember, ShardPlacement, SubscriptionTurn) -> Void
    /// What to cancel.
    let subscription = Mutex<LaneSubscription?>(nil)

    init(
        _ member: ShardMember,
        _ locator: any ServerLocator,
        _ turned: @escaping @Sendable (ShardMember, ShardPlacement, SubscriptionTurn) -> Void
    ) {
        self.member = member
        self.locator = locator
        self.turned = turned
    }

    func hear(_ heard: [Heard]) {
        for heard in heard {
            guard self.member.isCurrent(self) else { return }
            switch heard.sound {
            case .messages: self.member.hear([heard])
            case .turn(let turn): self.turned(self.member, self, turn)
            }
        }
    }
}
