package import NIOCore

/// What a listener of a channel hears.
package enum SubscriptionEvent: Sendable {
    /// A message was published.
    case message(ByteBuffer)
    /// The connection is gone, for the reason given: until `resumed` comes, messages are missed.
    case interrupted(RedisError)
    /// The channel is subscribed to again; messages that were published in between have been missed.
    case resumed
    /// Nothing will come any more: the client was shut down, or the server refused the channel on a new connection.
    case ended(RedisError)
}

/// A client that listens to channels.
///
/// What stands above asks for this and not for a `RedisClient`, so that clients of other topologies can listen in
/// their own way.
package protocol RedisSubscriber: Sendable {
    /// Begins to listen to a channel.
    ///
    /// All listeners of a client share one connection, and those of a channel one subscription. Messages that are
    /// published after this has returned are heard, also after a lost connection was replaced, unless `interrupted`
    /// said otherwise.
    ///
    /// - Parameters:
    ///   - channel: The channel's name.
    ///   - listener: Is called on an event loop, one event after another: it must not block. It may be called before
    ///     this returns, and once more while the subscription is being cancelled.
    /// - Returns: The subscription, which its owner has to cancel.
    /// - Throws: `RedisError`, within the command timeout; `.overloaded` where too many listen already, `.server` where
    ///   the server refuses the channel. `CancellationError`.
    func listen(
        to channel: String,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> Subscription
}

/// Somebody who listens.
package struct Subscription: Sendable {
    let parts: [any SubscriptionPart]

    /// Stops listening; the last listener of a name takes the server's subscription with it.
    ///
    /// Does nothing the second time.
    package func cancel() {
        for part in self.parts { part.cancel() }
    }
}

/// Somebody who listens on one connection, or wherever the servers have it.
protocol SubscriptionPart: Sendable {
    /// Stops listening, at once for the listener and soon for the server.
    func cancel()
}
