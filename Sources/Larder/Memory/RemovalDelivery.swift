import Synchronization

/// Tells a cache's listener which entries left, with nothing locked and in the order in which they left.
///
/// ## How the order holds
///
/// Each shard has a queue. What an operation discards is put into it while the operation still has the shard's lock, so
/// the queue's order is the order of the changes. When the lock is free, the operation's thread takes the *right to
/// deliver*, of which there is one for each queue, and tells the listener until the queue is empty. Where another thread
/// has the right already, there is nothing left to do: that thread comes by what was queued. So no two deliveries of a
/// shard, and hence of a key, run at the same time or out of order, and nobody waits.
///
/// A listener that changes the cache queues more, finds the right taken (by itself, further up its stack) and goes on;
/// what it queued is delivered after it has returned. It can neither deadlock nor overtake itself.
///
/// Locks are taken in one order only, a shard's before its queue's.
@usableFromInline
final class RemovalDelivery<Scheme: KeyScheme, Value: Sendable>: Sendable {
    @usableFromInline typealias Listener = @Sendable (Scheme.Key, Value, RemovalCause) -> Void

    private enum Departure: Sendable {
        case entry(Scheme.Stored, Value, RemovalCause)
        /// The entry of a key that is at hand, so that the stored one need not be read.
        case ofKey(Scheme.Key, Value, RemovalCause)
        /// All that a shard held.
        case all(Cleared)
    }

    /// A shard's former contents.
    private final class Cleared: Sendable {
        let shard: Shard<Scheme, Value>

        init(_ shard: consuming Shard<Scheme, Value>) {
            self.shard = shard
        }
    }

    private final class Queue: Sendable {
        struct State {
            var waiting: [Departure] = []
            var isBeingDelivered = false
        }

        let state = Mutex(State())
    }

    private let listener: Listener
    private let queues: [Queue]

    init(shards: Int, _ listener: @escaping Listener) {
        self.listener = listener
        self.queues = (0..<shards).map { _ in Queue() }
    }

    // MARK: With the shard locked

    /// Queues what an operation has discarded.
    ///
    /// The values stay in `discarded` as well: another thread may have delivered them before the shard is unlocked, and
    /// the last reference to a value must not go under the lock.
    @usableFromInline
    func queue(_ discarded: inout Discarded<Scheme, Value>, key: Scheme.Key?, shard: Int) {
        if discarded.value == nil { return }
        var departures: [Departure] = []
        var rest = Discarded<Scheme, Value>()
        for element in discarded.elements {
            switch (element.cause, element.key, key) {
            case (let cause?, let stored?, _):
                departures.append(.entry(stored, element.value, cause))
                rest.append(key: nil, value: element.value, cause: nil)
            case (let cause?, nil, let key?):
                departures.append(.ofKey(key, element.value, cause))
                rest.append(key: nil, value: element.value, cause: nil)
            default:
                rest.append(key: element.key, value: element.value, cause: element.cause)
            }
        }
        self.queues[shard].state.withLock { $0.waiting += departures }
        discarded = rest
    }

    /// Queues all that a shard held.
    ///
    /// - Returns: The same, to be dropped when nothing is locked.
    func queue(all shard: consuming Shard<Scheme, Value>, shard index: Int) -> any AnyObject & Sendable {
        let cleared = Cleared(shard)
        self.queues[index].state.withLock { $0.waiting.append(.all(cleared)) }
        return cleared
    }

    // MARK: With nothing locked

    /// Tells the listener of all that waits in a shard's queue, unless another thread is at it.
    @usableFromInline
    func deliver(shard: Int) {
        let queue = self.queues[shard]
        let hasRight = queue.state.withLock { state in
            if state.isBeingDelivered || state.waiting.isEmpty { return false }
            state.isBeingDelivered = true
            return true
        }
        guard hasRight else { return }
        while true {
            let batch = queue.state.withLock { state -> [Departure] in
                // The right is given back in the same step that finds nothing more to do, so that nothing is left lying.
                if state.waiting.isEmpty { state.isBeingDelivered = false }
                defer { state.waiting = [] }
                return state.waiting
            }
            if batch.isEmpty { return }
            for departure in batch { self.tell(departure) }
        }
    }

    private func tell(_ departure: Departure) {
        switch departure {
        case .entry(let stored, let value, let cause):
            let key = Scheme.key(of: stored)
            Scheme.release(stored)
            self.listener(key, value, cause)
        case .ofKey(let key, let value, let cause):
            self.listener(key, value, cause)
        case .all(let cleared):
            cleared.shard.forEachEntry { self.listener($0, $1, .cleared) }
        }
    }
}
