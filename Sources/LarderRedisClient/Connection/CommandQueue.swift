import DequeModule
import NIOCore

/// The commands on one connection whose replies have not come, in the order in which they were and will be sent.
///
/// Redis answers in order, so a queue is all that is needed to find whom a reply belongs to. A caller that leaves early,
/// because its time is up or its task was cancelled, leaves its place behind: the reply that comes for it is dropped and
/// never reaches another caller.
///
/// A plain value: `Waiter` is whoever waits for a reply, a continuation in earnest and a name in tests.
struct CommandQueue<Waiter> {
    struct Limits {
        var commands: Int
        var bytes: Int
    }

    private struct Slot {
        /// Nil when the caller has left.
        var waiter: Waiter?
        let deadline: MonotonicTime
        let bytes: Int
        /// How many replies are the caller's; more than one for a pipeline.
        let replies: Int32
        let isPipeline: Bool
    }

    private let limits: Limits
    private var slots: Deque<Slot> = []
    /// The replies that have come for the first slot, if it awaits several.
    private var partial: [RESPValue] = []
    private var answered: Int32 = 0
    /// The encoded commands of the last `unwritten` slots.
    private var outgoing = ByteBuffer()
    private(set) var unwritten = 0
    private(set) var commandsInFlight = 0
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

    /// Whether `count` commands of `bytes` bytes have room.
    ///
    /// A command too large for any queue passes through an empty one.
    func hasRoom(forBytes bytes: Int, commands count: Int) -> Bool {
        self.slots.isEmpty
            || (self.commandsInFlight + count <= self.limits.commands
                && self.bytesInFlight + bytes <= self.limits.bytes)
    }

    /// Appends a command, unless there is no room.
    ///
    /// `waiter` is nil if nobody wants the reply.
    ///
    /// - Returns: Whether there was room.
    mutating func append(
        _ command: borrowing RedisCommand,
        waiter: Waiter?,
        deadline: MonotonicTime
    ) -> Bool {
        let bytes = command.encodedSize
        guard self.hasRoom(forBytes: bytes, commands: 1) else { return false }
        self.outgoing.write(command)
        self.append(
            Slot(waiter: waiter, deadline: deadline, bytes: bytes, replies: 1, isPipeline: false)
        )
        return true
    }

    /// Appends commands whose replies are handed over together, unless there is no room for all of them.
    mutating func append(
        pipeline commands: [RedisCommand],
        waiter: Waiter?,
        deadline: MonotonicTime
    ) -> Bool {
        let bytes = commands.reduce(0) { $0 + $1.encodedSize }
        guard self.hasRoom(forBytes: bytes, commands: commands.count), let count = Int32(exactly: commands.count) else {
            return false
        }
        self.outgoing.reserveCapacity(minimumWritableBytes: bytes)
        for command in commands { self.outgoing.write(command) }
        self.append(
            Slot(waiter: waiter, deadline: deadline, bytes: bytes, replies: count, isPipeline: true)
        )
        return true
    }

    private mutating func append(_ slot: Slot) {
        self.unwritten += 1
        self.commandsInFlight += Int(slot.replies)
        self.bytesInFlight += slot.bytes
        if slot.waiter != nil { self.waiting += 1 }
        self.slots.append(slot)
    }

    // MARK: Writing

    /// Takes what is to be written; from here on it counts as written.
    ///
    /// - Parameter spare: A buffer to collect the next commands in, so that its storage is used again.
    /// - Returns: Whether there is anything to write.
    mutating func takeOutgoing(replacement spare: inout ByteBuffer) -> Bool {
        guard self.unwritten > 0 else { return false }
        self.unwritten = 0
        swap(&self.outgoing, &spare)
        return true
    }

    /// Drops commands that were not written and whose callers have left.
    ///
    /// To be called before a new connection is used.
    mutating func dropUnwantedUnwritten() {
        let first = self.slots.count - self.unwritten
        guard self.slots[first...].contains(where: { $0.waiter == nil }) else { return }
        var kept: Deque<Slot> = []
        var bytes = ByteBuffer()
        for slot in self.slots[first...] {
            guard var command = self.outgoing.readSlice(length: slot.bytes) else { continue }
            if slot.waiter != nil {
                kept.append(slot)
                bytes.writeBuffer(&command)
            } else {
                self.commandsInFlight -= Int(slot.replies)
                self.bytesInFlight -= slot.bytes
            }
        }
        self.slots.replaceSubrange(first..., with: kept)
        self.seasoned = 0
        self.unwritten = kept.count
        self.outgoing = bytes
    }

    // MARK: Ending

    /// Hands a reply to the first slot.
    ///
    /// `ready` gets the slot's caller with its outcome, if the slot is complete and its caller still waits.
    ///
    /// - Returns: False if no reply was due.
    @inline(__always)
    mutating func answer(_ reply: consuming RESPValue, ready: inout Deque<(Waiter, CommandOutcome)>) -> Bool {
        guard self.awaitsReplies, let slot = self.slots.first else { return false }
        if slot.isPipeline {
            self.answerPipeline(slot, reply, ready: &ready)
            return true
        }
        self.removeFirst(slot)
        if let waiter = slot.waiter { ready.append((waiter, .reply(reply))) }
        return true
    }

    private mutating func answerPipeline(
        _ slot: Slot,
        _ reply: consuming RESPValue,
        ready: inout Deque<(Waiter, CommandOutcome)>
    ) {
        self.answered += 1
        if slot.waiter != nil { self.partial.append(reply) }
        guard self.answered == slot.replies else { return }
        self.removeFirst(slot)
        if let waiter = slot.waiter { ready.append((waiter, .replies(self.partial))) }
        self.answered = 0
        self.partial = []
    }

    @inline(__always)
    private mutating func removeFirst(_ slot: Slot) {
        self.slots.removeFirst()
        self.seasoned = max(0, self.seasoned &- 1)
        self.commandsInFlight &-= Int(slot.replies)
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
    ///   - expired: Gets the callers, each with whether its command was written.
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

    /// Removes all commands that were written: the connection is gone, so their replies will not come.
    ///
    /// - Returns: Their callers.
    mutating func removeWritten() -> [Waiter] {
        let written = self.slots.count - self.unwritten
        var waiters: [Waiter] = []
        for slot in self.slots[..<written] {
            self.commandsInFlight -= Int(slot.replies)
            self.bytesInFlight -= slot.bytes
            if let waiter = slot.waiter { waiters.append(waiter) }
        }
        self.slots.removeFirst(written)
        self.seasoned = 0
        self.waiting -= waiters.count
        self.partial = []
        self.answered = 0
        return waiters
    }

    /// Removes all commands that were not written.
    ///
    /// - Returns: Their callers.
    mutating func removeUnwritten() -> [Waiter] {
        var waiters: [Waiter] = []
        for slot in self.slots.suffix(self.unwritten) {
            self.commandsInFlight -= Int(slot.replies)
            self.bytesInFlight -= slot.bytes
            if let waiter = slot.waiter { waiters.append(waiter) }
        }
        self.slots.removeLast(self.unwritten)
        self.seasoned = 0
        self.unwritten = 0
        self.waiting -= waiters.count
        self.outgoing = ByteBuffer()
        return waiters
    }

}

/// How a command or a pipeline ended.
enum CommandOutcome: Sendable {
    case reply(RESPValue)
    case replies([RESPValue])
    case failure(RedisError)
    case cancelled
}

extension ByteBuffer {
    /// Writes the array header and the bulk strings of a command.
    mutating func write(_ command: borrowing RedisCommand) {
        let count = command.elementCount
        if count < 10 {
            // "*", a digit and the line end in one write.
            self.writeInteger(0x2A30_0D0A as UInt32 &+ UInt32(truncatingIfNeeded: count) << 16)
        } else {
            self.writeInteger(UInt8(ascii: "*"))
            RESPEncoding.withDigits(of: count) { _ = self.writeBytes($0) }
            self.writeInteger(0x0D0A as UInt16)
        }
        command.body.withUnsafeBytes { _ = self.writeBytes($0) }
    }
}
