/// When messages that are read in a loop count as done.
public enum StreamAcknowledgement: Sendable, Hashable {
    /// When the next one is asked for, which is when the body of the loop has come to its end.
    ///
    /// Leaving the loop by `break` or an error does not acknowledge the message: it is delivered again.
    case onNext
    /// When ``StreamGroup/acknowledge(_:)-(StreamMessage<Element>)`` is called.
    case explicit
}

/// The messages of a stream for one consumer of a group, without an end.
///
/// First comes what the consumer got before and has not acknowledged, then what is new, and from time to time what others have
/// left. The sequence ends by an error or with its task, whose cancellation throws `CancellationError`. Each iterator is a
/// consumer of its own, so a name is for one loop at a time.
public struct StreamMessages<Item: Codable & Sendable>: AsyncSequence, Sendable {
    /// A message.
    public typealias Element = StreamMessage<Item>

    let group: StreamGroup<Item>
    let consumer: String
    let acknowledgement: StreamAcknowledgement
    let claimAfter: Duration?
    let batch: Int

    /// Begins to read.
    ///
    /// - Returns: The messages, one after the other.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self) }

    /// Reads messages one after the other.
    public struct AsyncIterator: AsyncIteratorProtocol, Sendable {
        private let messages: StreamMessages
        /// Read and not handed out yet; the last is the next.
        private var buffer: [StreamMessage<Item>] = []
        /// Handed out and not acknowledged.
        private var last: StreamID?
        /// Where to go on with what the consumer got before; `nil` when it has been through.
        private var recovery: StreamID? = .zero
        /// The newest message that was read.
        private var newest = StreamID.zero
        /// Where to go on with what others have left.
        private var claimPosition = StreamID.zero
        private var nextClaim: CacheInstant?

        /// How long a read waits, so that what others leave is looked for from time to time.
        private static var longestRead: Duration { .seconds(30) }

        /// How long to leave others alone between two looks at what they have left.
        private static func pause(_ idle: Duration) -> Duration {
            idle > .milliseconds(2) ? idle / 2 : .milliseconds(1)
        }

        init(_ messages: StreamMessages) { self.messages = messages }

        /// Acknowledges the message before, where that is how the sequence was made, and waits for the next one.
        ///
        /// - Returns: The message; never `nil`.
        /// - Throws: ``CacheError``; `CancellationError`. The next call goes on where this one has failed.
        public mutating func next() async throws -> StreamMessage<Item>? {
            try Task.checkCancellation()
            if let id = self.last {
                if self.messages.acknowledgement == .onNext { try await self.messages.group.acknowledge([id]) }
                self.last = nil
            }
            while self.buffer.isEmpty { try await self.fill() }
            let message = self.buffer.removeLast()
            self.last = message.id
            return message
        }

        /// Reads once: what was left, or what is new.
        private mutating func fill() async throws {
            let (group, consumer, batch) = (self.messages.group, self.messages.consumer, self.messages.batch)
            if let position = self.recovery {
                let old = try await group.unacknowledged(of: consumer, after: position, limit: batch)
                self.recovery = old.position
                self.buffer = old.messages.reversed()
                self.newest = Swift.max(self.newest, self.buffer.first?.id ?? .zero)
                return
            }
            var wait = Self.longestRead
            if let idle = self.messages.claimAfter {
                let clock = group.stream.handle.store.waitClock
                // As often as something can have become old enough, and at once while there is more.
                if self.nextClaim.map({ clock.hasPassed($0) }) ?? true {
                    let left = try await group.claim(
                        idleFor: idle,
                        as: consumer,
                        from: self.claimPosition,
                        limit: batch
                    )
                    self.claimPosition = left.position ?? .zero
                    if left.position == nil { self.nextClaim = clock.now.advanced(by: Self.pause(idle)) }
                    self.buffer = left.messages.reversed()
                    return
                }
                if Self.pause(idle) < wait { wait = Self.pause(idle) }
            }
            do {
                self.buffer = try await group.read(as: consumer, limit: batch, waitingAtMost: wait).reversed()
            } catch {
                // What was delivered with an answer that was lost is the consumer's now, and no longer new.
                self.recovery = self.newest
                throw error
            }
            self.newest = Swift.max(self.newest, self.buffer.first?.id ?? .zero)
        }
    }
}

extension StreamGroup {
    /// The group's messages for one consumer, without an end.
    ///
    /// - Parameters:
    ///   - consumer: Who gets them: a name that is its own among the group's consumers, and the same after a restart.
    ///   - acknowledgement: When a message counts as done.
    ///   - duration: For how long others must have left a message alone for this one to take it over; `nil` for never. Longer
    ///     than the work on `batch` messages can take: what is read ahead counts as delivered.
    ///   - batch: How many messages are read at a time, at least one.
    /// - Returns: The messages.
    public func messages(
        as consumer: String,
        acknowledging acknowledgement: StreamAcknowledgement = .onNext,
        claimingAfter duration: Duration? = nil,
        batch: Int = 10
    ) -> StreamMessages<Element> {
        StreamMessages(
            group: self,
            consumer: consumer,
            acknowledgement: acknowledgement,
            claimAfter: duration,
            batch: batch < 1 ? 1 : batch
        )
    }
}
