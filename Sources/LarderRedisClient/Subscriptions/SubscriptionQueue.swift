import DequeModule

/// What was heard and not read yet.
///
/// A plain value behind the lock of a `SubscriptionInbox`. Bounded: messages by the buffer's limits, and what is said of
/// the connection by merging what nobody has read in between.
struct SubscriptionQueue {
    enum Entry: Sendable {
        case messages(MessageRun)
        case interrupted(RedisError)
        case gap
    }

    private let limits: RedisSubscriptionBuffer
    private var entries: Deque<Entry> = []
    /// Messages in `entries`.
    private(set) var messageCount = 0
    /// Their bytes.
    private(set) var byteCount = 0
    /// The names under which nothing is heard now.
    private var deaf: Set<Int> = []
    /// Names that are heard again, which the reader has not been told.
    private var returned: Set<Int> = []
    /// Whether the last that the reader is told of the connection is that it is gone.
    private var saysInterrupted = false
    /// What comes after `entries`, and ends them.
    private(set) var end: RedisError?

    init(_ limits: RedisSubscriptionBuffer) {
        self.limits = limits
    }

    /// Whether there is something to read.
    var isEmpty: Bool { self.entries.isEmpty }

    /// How many entries wait.
    var entryCount: Int { self.entries.count }

    // MARK: Writing

    mutating func append(_ heard: Heard) {
        guard self.end == nil else { return }
        switch heard.sound {
        case .messages(let run):
            // What is heard under this name comes after the gap, so the reader is told first.
            if self.returned.contains(heard.index) { self.appendGap() }
            self.append(run)
        case .turn(.interrupted(let error)):
            self.deaf.insert(heard.index)
            self.returned.remove(heard.index)
            self.appendInterruption(error)
        case .turn(.resumed):
            guard self.deaf.remove(heard.index) != nil else { return }
            self.returned.insert(heard.index)
            if self.deaf.isEmpty { self.appendGap() }
        case .turn(.ended(let error)):
            self.end = error
        }
    }

    private mutating func append(_ run: MessageRun) {
        let count = run.messages.count
        if self.messageCount + count <= self.limits.messages, self.byteCount + run.bytes <= self.limits.bytes {
            self.add(run)
            return
        }
        let prefix = run.prefix(
            messages: self.limits.messages - self.messageCount,
            bytes: self.limits.bytes - self.byteCount,
            takesFirst: self.messageCount == 0
        )
        if !prefix.messages.isEmpty { self.add(prefix) }
        guard prefix.messages.count < count else { return }
        let limit =
            self.messageCount >= self.limits.messages
            ? "\(self.limits.messages) messages" : "\(self.limits.bytes) bytes"
        self.end = RedisError(
            .slowReader,
            message: "the reader fell behind by more than the subscription's buffer takes: \(limit)"
        )
    }

    private mutating func add(_ run: MessageRun) {
        self.messageCount += run.messages.count
        self.byteCount += run.bytes
        self.entries.append(.messages(run))
    }

    private mutating func appendInterruption(_ error: RedisError) {
        if self.saysInterrupted { return }
        self.saysInterrupted = true
        // Deaf, heard again and deaf once more, and nobody has read anything of it: one gap, still to come.
        if self.entries.count >= 2, case .gap = self.entries[self.entries.count - 1],
            case .interrupted = self.entries[self.entries.count - 2]
        {
            self.entries.removeLast()
        } else {
            self.entries.append(.interrupted(error))
        }
    }

    private mutating func appendGap() {
        self.returned.removeAll()
        self.saysInterrupted = false
        if case .gap = self.entries.last { return }
        self.entries.append(.gap)
    }

    // MARK: Reading

    /// Takes what is next; messages that came together, together.
    mutating func next() -> Entry? {
        guard let entry = self.entries.popFirst() else { return nil }
        if case .messages(let run) = entry {
            self.messageCount -= run.messages.count
            self.byteCount -= run.bytes
        }
        return entry
    }
}
