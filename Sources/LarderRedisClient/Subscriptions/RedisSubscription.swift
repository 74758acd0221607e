/// What is heard under the names of a subscription, in order.
///
/// Comes from ``RedisClient/withSubscription(to:patterns:shardChannels:buffer:_:)`` and lives as long as the scope there.
///
/// ```swift
/// for try await event in events {
///     switch event {
///     case .message(let message): print(message.channel, message.string)
///     case .interrupted: break   // nothing is heard for now
///     case .gap: try await reload()
///     }
/// }
/// ```
///
/// It does not end by itself, only by throwing:
///
/// - `RedisError` with the code `.slowReader`, after everything that was buffered, when the buffer was full.
/// - `.shutdown` when the client is shut down; `.server` when the server refuses a name on a new connection.
/// - `CancellationError` when the task is cancelled.
///
/// There is one reader: a second iterator stops the program. Two who want the same messages take a subscription each, which
/// share the client's connection and cost the server one.
public struct RedisSubscription: AsyncSequence, Sendable {
    /// What is heard.
    public typealias Element = RedisSubscriptionEvent

    private let inbox: SubscriptionInbox

    init(_ inbox: SubscriptionInbox) {
        self.inbox = inbox
    }

    /// Begins to read.
    ///
    /// A second call is a programmer's error and stops the program.
    ///
    /// - Returns: The only iterator.
    public func makeAsyncIterator() -> Iterator {
        guard self.inbox.claim() else {
            preconditionFailure("a RedisSubscription has one reader; take a subscription for each")
        }
        return Iterator(self.inbox)
    }

    /// Reads what is heard.
    public struct Iterator: AsyncIteratorProtocol {
        private let inbox: SubscriptionInbox
        /// Messages that were taken together, and how many of them have been read.
        private var messages: [RedisMessage] = []
        private var position = 0

        init(_ inbox: SubscriptionInbox) {
            self.inbox = inbox
        }

        /// What is next; waits for it if need be.
        ///
        /// - Parameter actor: Where the caller is isolated.
        /// - Returns: The event; `nil` after the scope of the subscription was left.
        /// - Throws: `RedisError`, `CancellationError`; see ``RedisSubscription``.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws -> RedisSubscriptionEvent? {
            try Task.checkCancellation()
            if self.position < self.messages.count {
                self.position += 1
                return .message(self.messages[self.position - 1])
            }
            self.messages = []
            switch await self.inbox.next() {
            case .entry(.messages(let run)):
                self.messages = run.messages
                self.position = 1
                return .message(run.messages[0])
            case .entry(.interrupted(let error)): return .interrupted(error)
            case .entry(.gap): return .gap
            case .end(let error): throw error
            case .left: return nil
            case .cancelled: throw CancellationError()
            }
        }
    }
}

@available(*, unavailable)
extension RedisSubscription.Iterator: Sendable {}

/// Something that happens to a subscription.
public enum RedisSubscriptionEvent: Sendable {
    /// A message was published.
    case message(RedisMessage)

    /// The connection was lost, for the reason given; it is being replaced.
    ///
    /// Until `gap` comes, messages are missed: what depends on hearing everything had better not rely on it now.
    case interrupted(RedisError)

    /// What was interrupted is heard again, and what was published meanwhile may have been missed.
    ///
    /// Messages before this came before the loss, those after it after the new subscription. Who keeps something up to
    /// date by messages reads it anew now. Where several names come back one after the other with messages in between,
    /// this comes once more for those that were last.
    case gap
}
