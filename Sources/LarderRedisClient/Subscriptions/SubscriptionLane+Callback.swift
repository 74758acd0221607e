extension SubscriptionLane {
    /// Calls a function with all that is heard under a name, and returns when the server has confirmed it.
    ///
    /// - Returns: The subscription, which goes on also on later connections until it is cancelled or the lane ends.
    /// - Throws: `RedisError`, at `deadline` at the latest; `CancellationError`.
    func listen(
        to name: SubscriptionName,
        deadline: MonotonicTime,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> LaneSubscription {
        let confirmations = Confirmations(1)
        let sink = SubscriptionCallback(listener)
        let wish = Wish(name: name, listener: SubscriptionListener(sink: sink, index: 0)) { confirmations.note($0) }
        let subscription = self.listen(to: [wish], deadline: deadline)
        do {
            try await confirmations.wait()
        } catch {
            subscription.cancel()
            throw error
        }
        return subscription
    }
}
