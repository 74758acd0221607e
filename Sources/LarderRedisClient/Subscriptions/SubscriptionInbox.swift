import Synchronization

/// Where a subscription's one reader meets what is heard.
///
/// What one read of the connection brings takes the lock once, and wakes the reader at most once.
final class SubscriptionInbox: SubscriptionSink {
    enum Delivery: Sendable {
        case entry(SubscriptionQueue.Entry)
        /// Nothing will come any more.
        case end(RedisError)
        /// The scope of the subscription has been left.
        case left
        case cancelled
    }

    private typealias Reader = CheckedContinuation<Delivery, Never>

    private struct State {
        var queue: SubscriptionQueue
        var reader: Reader?
        var isClaimed = false
        var isLeft = false

        mutating func take() -> Delivery? {
            if self.isLeft { return .left }
            if let entry = self.queue.next() { return .entry(entry) }
            return self.queue.end.map { .end($0) }
        }

        /// Takes what is next for the reader that waits, if both are there.
        mutating func serve() -> (Reader, Delivery)? {
            guard let reader = self.reader, let delivery = self.take() else { return nil }
            self.reader = nil
            return (reader, delivery)
        }
    }

    private let state: Mutex<State>

    init(_ limits: RedisSubscriptionBuffer) {
        self.state = Mutex(State(queue: SubscriptionQueue(limits)))
    }

    func hear(_ heard: [Heard]) {
        let served = self.state.withLock { state in
            guard !state.isLeft else { return nil as (Reader, Delivery)? }
            for heard in heard { state.queue.append(heard) }
            return state.serve()
        }
        if let (reader, delivery) = served { reader.resume(returning: delivery) }
    }

    /// Ends the reading: the scope has been left.
    func leave() {
        let (served, _) = self.state.withLock { state in
            state.isLeft = true
            // What nobody will read any more is freed, but after the lock.
            let unread = state.queue
            state.queue = SubscriptionQueue(RedisSubscriptionBuffer())
            return (state.serve(), unread)
        }
        if let (reader, delivery) = served { reader.resume(returning: delivery) }
    }

    /// Makes the caller the reader.
    ///
    /// - Returns: Whether there was none before.
    func claim() -> Bool {
        self.state.withLock { state in
            defer { state.isClaimed = true }
            return !state.isClaimed
        }
    }

    /// Takes what is next, and waits for it if need be.
    func next() async -> Delivery {
        if let delivery = self.state.withLock({ $0.take() }) { return delivery }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (reader: Reader) in
                let delivery = self.state.withLock { state -> Delivery? in
                    if let delivery = state.take() { return delivery }
                    // The handler may have come too early to find anything.
                    if Task.isCancelled { return .cancelled }
                    state.reader = reader
                    return nil
                }
                if let delivery { reader.resume(returning: delivery) }
            }
        } onCancel: {
            let reader = self.state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: .cancelled)
        }
    }
}
