/// How much of what was published may wait for a reader.
///
/// ```swift
/// try await redis.withSubscription(to: ["news"], buffer: 1_000) { events in … }
/// ```
///
/// A reader that falls behind further than that gets what waits, and then an error with the code `.slowReader`: a server
/// does not wait, so the choice is between messages that are lost and memory that grows until the process ends. What
/// came in one read of the connection and is being read does not count any more.
public struct RedisSubscriptionBuffer: Sendable, Hashable, ExpressibleByIntegerLiteral {
    /// The most messages.
    public var messages: Int

    /// The most bytes of payloads and channels' names; a larger message passes if no other waits.
    public var bytes: Int

    /// - Parameters:
    ///   - messages: The most messages, at least one.
    ///   - bytes: The most bytes of payloads and channels' names, at least one; a larger message passes if no other
    ///     waits.
    public init(messages: Int = 10_000, bytes: Int = 16 << 20) {
        self.messages = messages
        self.bytes = bytes
    }

    /// - Parameter value: The most messages.
    public init(integerLiteral value: Int) {
        self.init(messages: value)
    }

    func validate() throws(RedisError) {
        guard self.messages >= 1, self.bytes >= 1 else {
            throw RedisError(
                .invalidConfiguration,
                message: "a subscription's buffer takes at least one message and one byte"
            )
        }
    }
}
