extension RedisClient: RedisSubscriber {
    /// See `RedisSubscriber`.
    package func listen(
        to channel: String,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> Subscription {
        try await self.listen(to: channel, timeout: self.configuration.commandTimeout.wholeNanoseconds, listener)
    }

    func listen(
        to channel: String,
        timeout: Int64,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> Subscription {
        try await self.subscriptions.listen(to: channel, deadline: .deadline(after: timeout), listener)
    }
}

extension RedisClientView: RedisSubscriber {
    /// See `RedisSubscriber`.
    package func listen(
        to channel: String,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> Subscription {
        try await self.client.listen(to: channel, timeout: self.terms.timeout, listener)
    }
}
