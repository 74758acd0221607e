extension RedisClient {
    /// Listens to channels and patterns while `body` runs.
    ///
    /// ```swift
    /// try await redis.withSubscription(to: ["news"], patterns: ["weather.*"]) { events in
    ///     for try await event in events {
    ///         switch event {
    ///         case .message(let message): print(message.channel, message.string)
    ///         case .interrupted(let error): print("deaf for now: \(error)")
    ///         case .gap: print("heard again; something may have been missed")
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// `body` runs when the server has confirmed all names: what is published from then on is heard. Leaving it, by
    /// returning or throwing, ends the subscription. All subscriptions of a client share a connection, apart from those that
    /// carry commands, and those to one name share the server's subscription. A connection that is lost is replaced, and
    /// everything is subscribed to again.
    ///
    /// Messages of a channel come in the order of their publication. Those of several channels and patterns come as the
    /// server sends them; a message on a channel that is subscribed to and also fits a pattern comes for each.
    ///
    /// - Parameters:
    ///   - channels: The channels' names.
    ///   - patterns: Globs, such as `news.*`; all channels that fit are heard. See `RedisGlob` for what to escape.
    ///   - shardChannels: The names of shard channels, since Redis 7.0, on which `spublish(to:_:)` publishes: in a cluster
    ///     their messages stay on the node of the name's slot, and here they come over a connection to that node.
    ///   - buffer: How much may wait for `body` to read it.
    ///   - body: Reads what is heard, with one iterator.
    /// - Returns: What `body` returns.
    /// - Throws: `RedisError` if the names are not confirmed within the command timeout, with `.server` where the server
    ///   refuses one of them (`NOPERM`), with `.invalidCommand` for a pattern where the client spreads keys over independent
    ///   servers; `CancellationError`; what `body` throws.
    public func withSubscription<Value>(
        to channels: [String] = [],
        patterns: [String] = [],
        shardChannels: [String] = [],
        buffer: RedisSubscriptionBuffer = RedisSubscriptionBuffer(),
        _ body: (RedisSubscription) async throws -> Value
    ) async throws -> Value {
        try await self.view.withSubscription(
            to: channels,
            patterns: patterns,
            shardChannels: shardChannels,
            buffer: buffer,
            body
        )
    }
}

extension RedisClientView {
    /// Listens to channels and patterns while `body` runs.
    ///
    /// See ``RedisClient/withSubscription(to:patterns:shardChannels:buffer:_:)``. The timeout is for the server to confirm
    /// the names.
    ///
    /// - Parameters:
    ///   - channels: The channels' names.
    ///   - patterns: Globs, such as `news.*`.
    ///   - shardChannels: The names of shard channels.
    ///   - buffer: How much may wait for `body` to read it.
    ///   - body: Reads what is heard, with one iterator.
    /// - Returns: What `body` returns.
    /// - Throws: `RedisError`; `CancellationError`; what `body` throws.
    public func withSubscription<Value>(
        to channels: [String] = [],
        patterns: [String] = [],
        shardChannels: [String] = [],
        buffer: RedisSubscriptionBuffer = RedisSubscriptionBuffer(),
        _ body: (RedisSubscription) async throws -> Value
    ) async throws -> Value {
        try buffer.validate()
        // Twice the same name would bring every message twice.
        let names =
            Set(channels.map { SubscriptionName(.channel, $0) })
            .union(patterns.map { SubscriptionName(.pattern, $0) })
            .union(shardChannels.map { SubscriptionName(.shardChannel, $0) })
        guard !names.isEmpty else {
            throw RedisError(.invalidCommand, message: "a subscription needs a name", command: "SUBSCRIBE")
        }
        let inbox = SubscriptionInbox(buffer)
        let subscription = try await self.client.listen(
            to: Array(names),
            sink: inbox,
            deadline: .deadline(after: self.terms.timeout)
        )
        defer {
            subscription.cancel()
            inbox.leave()
        }
        return try await body(RedisSubscription(inbox))
    }
}

// MARK: Listening without a buffer

extension RedisClient {
    /// Lets a sink listen to names, which it knows by their places in the list, and returns when all are confirmed.
    func listen(
        to names: [SubscriptionName],
        sink: any SubscriptionSink,
        deadline: MonotonicTime
    ) async throws -> Subscription {
        if self.servers.areIndependent, names.contains(where: { $0.kind == .pattern }) {
            throw RedisError.patternOverShards
        }
        let confirmations = Confirmations(names.count)
        var wishes: [SubscriptionLane.Wish] = []
        var shardWishes: [SubscriptionLane.Wish] = []
        for (index, name) in names.enumerated() {
            let wish = SubscriptionLane.Wish(
                name: name,
                listener: SubscriptionListener(sink: sink, index: index)
            ) { outcome in
                if case .failure(let error) = outcome {
                    confirmations.note(.failure(error.with(command: name.kind.subscribe)))
                } else {
                    confirmations.note(outcome)
                }
            }
            if self.shardSubscriptions != nil, name.kind == .shardChannel || self.servers.areIndependent {
                shardWishes.append(wish)
            } else {
                wishes.append(wish)
            }
        }
        var parts: [any SubscriptionPart] = []
        if !wishes.isEmpty { parts.append(self.subscriptions.listen(to: wishes, deadline: deadline)) }
        if let shards = self.shardSubscriptions, !shardWishes.isEmpty {
            parts.append(shards.listen(to: shardWishes, deadline: deadline))
        }
        let subscription = Subscription(parts: parts)
        do {
            try await confirmations.wait()
        } catch {
            subscription.cancel()
            throw error
        }
        return subscription
    }
}

extension RedisClient: RedisSubscriber {
    /// See `RedisSubscriber`.
    package func listen(
        to channel: String,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> Subscription {
        try await self.view.listen(to: channel, listener)
    }
}

extension RedisClientView: RedisSubscriber {
    /// See `RedisSubscriber`.
    package func listen(
        to channel: String,
        _ listener: @escaping @Sendable (SubscriptionEvent) -> Void
    ) async throws -> Subscription {
        try await self.client.listen(
            to: [SubscriptionName(.channel, channel)],
            sink: SubscriptionCallback(listener),
            deadline: .deadline(after: self.terms.timeout)
        )
    }
}

extension RedisError {
    fileprivate static var patternOverShards: RedisError {
        RedisError(
            .invalidCommand,
            message: "independent servers cannot be listened to by a pattern; name the channels",
            command: "PSUBSCRIBE"
        )
    }
}
