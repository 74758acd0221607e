import DequeModule
import NIOCore

/// The requests on one connection whose replies have not come, in the order in which they were and will be sent.
///
/// memcached answers in order, so a queue is all that is needed to find whom a reply belongs to. A caller that leaves early,
/// because its time is up or its task was cancelled, leaves its place behind: the reply that comes for it is dropped and
/// never reaches another caller.
///
/// A plain value: `Waiter` is whoever waits for a reply, a continuation in earnest and a name in tests.
struct RequestQueue<Waiter> {
    struct Limits {
        var requests: Int
        var bytes: Int
    }

    private struct Slot {
        /// Nil when the caller has left.
        var waiter: Waiter?
        let deadline: MonotonicTime
        let bytes: Int
        /// How many replies are the caller's; more than one for a batch.
        let replies: Int32
        let isBatch: Bool
    }

    private let limits: Limits
    private var slots: Deque<Slot> = []
    /// The replies that have come for the first slot, if it awaits several.
    private var partial: [MetaReply] = []
    private var answered: Int32 = 0
    /// The encoded requests of the last `unwritten` slots.
    private var outgoing = ByteBuffer()
    private(set) var unwritten = 0
    private(set) var requestsInFlight = 0
    private(set) var bytesInFlight = 0
    /// How many callers still wait.
    private(set) var waiting = 0
    /// How many of the first slots were there when `abandon` was called last.
    private var seasoned = 0

    init(limits: Limits) {
        self.limits = limits
    }

    /// Whether replies are due: something was written that is not answered.
    var awaitsReplies: Bool { self.slots.count > self.unwritten }

    var isEmpty: Bool { self.slots.isEmpty }

    /// A request too large for any queue passes through an empty one.
    private func hasRoom(forBytes bytes: Int, requests count: Int) -> Bool {
        self.slots.isEmpty
            || (self.requestsInFlight + count <= self.limits.requests
                && self.bytesInFlight + bytes <= self.limits.bytes)
    }

    /// Appends a request, unless there is no room.
    ///
    /// `waiter` is nil if nobody wants the reply.
    ///
    /// - Returns: Whether there was room.
    mutating func append(_ request: borrowing MetaRequest, waiter: Waiter?, deadline: MonotonicTime) -> Bool {
        guard self.hasRoom(forBytes: request.sizeHint, requests: 1) else { return false }
        let bytes = self.outgoing.write(request)
        self.append(Slot(waiter: waiter, deadline: deadline, bytes: bytes, replies: 1, isBatch: false))
        return true
    }

    /// Appends requests whose replies are handed over together, unless there is no room for all of them.
    mutating func append(batch requests: [MetaRequest], waiter: Waiter?, deadline: MonotonicTime) -> Bool {
        let hint = requests.reduce(0) { $0 + $1.sizeHint }
        guard self.hasRoom(forBytes: hint, requests: requests.count), let count = Int32(exactly: requests.count) else {
            return false
        }
        var bytes = 0
        for request in requests { bytes += self.outgoing.write(request) }
        self.append(Slot(waiter: waiter, deadline: deadline, bytes: bytes, replies: count, isBatch: true))
        return true
    }

    private mutating func append(_ slot: Slot) {
        self.unwritten += 1
        self.requestsInFlight += Int(slot.replies)
        self.bytesInFlight += slot.bytes
        if slot.waiter != nil { self.waiting += 1 }
        self.slots.append(slot)
    }

    /// Takes what is to be written; from here on it counts as written.
    ///
    /// - Parameter spare: A buffer to collect the next requests in, so that its storage is used again.
    /// - Returns: Whether there is anything to write.
    mutating func takeOutgoing(replacement spare: inout ByteBuffer) -> Bool {
        guard self.unwritten > 0 else { return false }
        self.unwritten = 0
        swap(&self.outgoing, &spare)
        return true
    }

    // MARK: Ending

    /// Hands a reply to the first slot.
    ///
    /// `ready` gets the slot's caller with its outcome, if the slot is complete and its caller still waits.
    ///
    /// - Returns: False if no reply was due.
    @inline(__always)
    mutating func answer(
        _ reply: consuming MetaReply,
        on connection: UInt64,
        ready: inout Deque<(Waiter, RequestOutcome)>
    ) -> Bool {
        guard self.awaitsReplies, let slot = self.slots.first else { return false }
        if slot.isBatch {
            self.answerBatch(slot, reply, on: connection, ready: &ready)
            return true
        }
        self.removeFirst(slot)
        if let waiter = slot.waiter { ready.append((waiter, .reply(reply, connection: connection))) }
        return true
    }

    private mutating func answerBatch(
        _ slot: Slot,
        _ reply: consuming MetaReply,
        on connection: UInt64,
        ready: inout Deque<(Waiter, RequestOutcome)>
    ) {
        self.answered += 1
        if slot.waiter != nil { self.partial.append(reply) }
        guard self.answered == slot.replies else { return }
        self.removeFirst(slot)
        if let waiter = slot.waiter { ready.append((waiter, .replies(self.partial, connection: connection))) }
        self.answered = 0
        self.partial = []
    }

    @inline(__always)
    private mutating func removeFirst(_ slot: Slot) {
        self.slots.removeFirst()
        self.seasoned = max(0, self.seasoned &- 1)
        self.requestsInFlight &-= Int(slot.replies)
        self.bytesInFlight &-= slot.bytes
        if slot.waiter != nil { self.waiting &-= 1 }
    }

    /// Forgets the callers that no longer want their replies.
    ///
    /// Looks only at those that have waited since the call before: the others will most likely have their replies before
    /// the next one.
    ///
    /// - Parameter hasLeft: Whether a caller no longer wants its reply.
    /// - Returns: Those callers.
    mutating func abandon(where hasLeft: (Waiter) -> Bool) -> [Waiter] {
        var left: [Waiter] = []
        for index in 0..<self.seasoned {
            guard let waiter = self.slots[index].waiter, hasLeft(waiter) else { continue }
            self.slots[index].waiter = nil
            left.append(waiter)
        }
        self.waiting -= left.count
        self.seasoned = self.slots.count
        return left
    }

    /// Forgets the callers whose time is up.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - expired: Gets the callers, each with whether its request was written.
    /// - Returns: The earliest deadline of those that still wait.
    mutating func expire(at now: MonotonicTime, expired: inout [(Waiter, wasWritten: Bool)]) -> MonotonicTime {
        var earliest = MonotonicTime.distantFuture
        guard self.waiting > 0 else { return earliest }
        let firstUnwritten = self.slots.count - self.unwritten
        for index in self.slots.indices {
            guard let waiter = self.slots[index].waiter else { continue }
            let deadline = self.slots[index].deadline
            if deadline <= now {
                self.slots[index].waiter = nil
                self.waiting -= 1
                expired.append((waiter, index < firstUnwritten))
            } else if deadline < earliest {
                earliest = deadline
            }
        }
        return earliest
    }

    /// Removes all requests.
    ///
    /// - Returns: Their callers, those whose requests were written apart from the others.
    mutating func removeAll() -> (written: [Waiter], unwritten: [Waiter]) {
        let written = self.slots.count - self.unwritten
        let callers = (self.slots[..<written].compactMap(\.waiter), self.slots[written...].compactMap(\.waiter))
        self.slots = []
        self.partial = []
        self.answered = 0
        self.outgoing = ByteBuffer()
        self.unwritten = 0
        self.requestsInFlight = 0
        self.bytesInFlight = 0
        self.waiting = 0
        self.seasoned = 0
        return callers
    }
}

/// How a request or a batch ended.
enum RequestOutcome: Sendable {
    /// `connection` is the number of the connection that the reply came on.
    case reply(MetaReply, connection: UInt64)
    case replies([MetaReply], connection: UInt64)
    case failure(MemcachedError)
    case cancelled
}
