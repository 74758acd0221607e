// Written by scripts/generate-redis-methods.swift from RedisRequest+PubSub.swift: change that file, then run the script.

extension RedisCommandSender {
    /// Publishes a message on a channel.
    ///
    /// Sends `PUBLISH`. In a cluster the message goes to all nodes.
    ///
    /// - Parameters:
    ///   - channel: The channel's name.
    ///   - message: The message.
    /// - Returns: How many subscriptions it was sent to, those of patterns included; in a cluster those on the node that
    ///   answers.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func publish<Message: RedisArgument>(_ channel: String, _ message: Message) async throws -> Int {
        try await self.send(.publish(channel, message))
    }

    /// Publishes a message on a shard channel.
    ///
    /// Sends `SPUBLISH`, since Redis 7.0. In a cluster the message goes to the node of the name's slot and its replicas.
    ///
    /// - Parameters:
    ///   - shardChannel: The shard channel's name.
    ///   - message: The message.
    /// - Returns: How many subscriptions it was sent to.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func spublish<Message: RedisArgument>(_ shardChannel: String, _ message: Message) async throws -> Int {
        try await self.send(.spublish(shardChannel, message))
    }

    /// The channels that somebody subscribes to, by name and not by pattern.
    ///
    /// Sends `PUBSUB CHANNELS`.
    ///
    /// - Parameter pattern: A glob that the names have to fit; `nil` for all.
    /// - Returns: The names; in a cluster those on the node that answers.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func pubsubChannels(matching pattern: String? = nil) async throws -> [String] {
        try await self.send(.pubsubChannels(matching: pattern))
    }

    /// How many connections subscribe to channels, by name and not by pattern.
    ///
    /// Sends `PUBSUB NUMSUB`.
    ///
    /// - Parameter channels: The channels' names.
    /// - Returns: The number for each.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func pubsubNumSub(_ channels: [String]) async throws -> [String: Int] {
        try await self.send(.pubsubNumSub(channels))
    }

    /// How many patterns are subscribed to.
    ///
    /// Sends `PUBSUB NUMPAT`.
    ///
    /// - Returns: The number of different patterns.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func pubsubNumPat() async throws -> Int {
        try await self.send(.pubsubNumPat())
    }

    /// The shard channels that somebody subscribes to.
    ///
    /// Sends `PUBSUB SHARDCHANNELS`, since Redis 7.0.
    ///
    /// - Parameter pattern: A glob that the names have to fit; `nil` for all.
    /// - Returns: The names; in a cluster those on the node that answers.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func pubsubShardChannels(matching pattern: String? = nil) async throws -> [String] {
        try await self.send(.pubsubShardChannels(matching: pattern))
    }

    /// How many connections subscribe to shard channels.
    ///
    /// Sends `PUBSUB SHARDNUMSUB`, since Redis 7.0.
    ///
    /// - Parameter shardChannels: The shard channels' names.
    /// - Returns: The number for each.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func pubsubShardNumSub(_ shardChannels: [String]) async throws -> [String: Int] {
        try await self.send(.pubsubShardNumSub(shardChannels))
    }
}
