// What is published and who listens; listening itself is `RedisClient.withSubscription`.
extension RedisRequest {
    /// Publishes a message on a channel.
    ///
    /// Sends `PUBLISH`. In a cluster the message goes to all nodes.
    ///
    /// - Parameters:
    ///   - channel: The channel's name.
    ///   - message: The message.
    /// - Returns: How many subscriptions it was sent to, those of patterns included; in a cluster those on the node that
    ///   answers.
    @discardableResult
    public static func publish<Message: RedisArgument>(_ channel: String, _ message: Message) -> RedisRequest<Int> {
        .init(RedisCommand("PUBLISH", channel, message))
    }

    /// Publishes a message on a shard channel.
    ///
    /// Sends `SPUBLISH`, since Redis 7.0. In a cluster the message goes to the node of the name's slot and its replicas.
    ///
    /// - Parameters:
    ///   - shardChannel: The shard channel's name.
    ///   - message: The message.
    /// - Returns: How many subscriptions it was sent to.
    @discardableResult
    public static func spublish<Message: RedisArgument>(
        _ shardChannel: String,
        _ message: Message
    ) -> RedisRequest<Int> {
        .init(RedisCommand("SPUBLISH", shardChannel, message))
    }

    /// The channels that somebody subscribes to, by name and not by pattern.
    ///
    /// Sends `PUBSUB CHANNELS`.
    ///
    /// - Parameter pattern: A glob that the names have to fit; `nil` for all.
    /// - Returns: The names; in a cluster those on the node that answers.
    public static func pubsubChannels(matching pattern: String? = nil) -> RedisRequest<[String]> {
        .init(RedisCommand("PUBSUB", "CHANNELS", pattern))
    }

    /// How many connections subscribe to channels, by name and not by pattern.
    ///
    /// Sends `PUBSUB NUMSUB`.
    ///
    /// - Parameter channels: The channels' names.
    /// - Returns: The number for each.
    public static func pubsubNumSub(_ channels: [String]) -> RedisRequest<[String: Int]> {
        .init(RedisCommand("PUBSUB", "NUMSUB", RedisArguments(channels)))
    }

    /// How many patterns are subscribed to.
    ///
    /// Sends `PUBSUB NUMPAT`.
    ///
    /// - Returns: The number of different patterns.
    public static func pubsubNumPat() -> RedisRequest<Int> {
        .init(RedisCommand("PUBSUB", "NUMPAT"))
    }

    /// The shard channels that somebody subscribes to.
    ///
    /// Sends `PUBSUB SHARDCHANNELS`, since Redis 7.0.
    ///
    /// - Parameter pattern: A glob that the names have to fit; `nil` for all.
    /// - Returns: The names; in a cluster those on the node that answers.
    public static func pubsubShardChannels(matching pattern: String? = nil) -> RedisRequest<[String]> {
        .init(RedisCommand("PUBSUB", "SHARDCHANNELS", pattern))
    }

    /// How many connections subscribe to shard channels.
    ///
    /// Sends `PUBSUB SHARDNUMSUB`, since Redis 7.0.
    ///
    /// - Parameter shardChannels: The shard channels' names.
    /// - Returns: The number for each.
    public static func pubsubShardNumSub(_ shardChannels: [String]) -> RedisRequest<[String: Int]> {
        .init(RedisCommand("PUBSUB", "SHARDNUMSUB", RedisArguments(shardChannels)))
    }
}
