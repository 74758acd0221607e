import NIOCore

/// What messages are asked for by.
///
/// Compared by bytes, as Redis does: two strings that are one to Swift can be two names to Redis.
struct SubscriptionName: Hashable, Sendable {
    /// What kinds of names there are.
    ///
    /// Each has a space of its own: a channel and a shard channel of one name are two.
    enum Kind: Hashable, Sendable, CaseIterable {
        case channel
        /// A glob; messages of all channels that fit come under it.
        case pattern
        /// A channel whose messages stay on the node of its slot, since Redis 7.0.
        case shardChannel

        /// The command that asks for a name.
        var subscribe: String {
            switch self {
            case .channel: "SUBSCRIBE"
            case .pattern: "PSUBSCRIBE"
            case .shardChannel: "SSUBSCRIBE"
            }
        }

        /// The command that gives a name up.
        var unsubscribe: String {
            switch self {
            case .channel: "UNSUBSCRIBE"
            case .pattern: "PUNSUBSCRIBE"
            case .shardChannel: "SUNSUBSCRIBE"
            }
        }
    }

    let kind: Kind
    let bytes: ByteBuffer

    init(_ kind: Kind, _ bytes: ByteBuffer) {
        self.kind = kind
        self.bytes = bytes
    }

    init(_ kind: Kind, _ text: String) {
        self.init(kind, ByteBuffer(string: text))
    }

    /// The name as text.
    var text: String { String(buffer: self.bytes) }
}

/// What a connection that listens sends.
enum SubscriptionCommand: Equatable, Sendable {
    case subscribe(SubscriptionName)
    case unsubscribe(SubscriptionName)
    case ping

    /// The command for the server.
    var redisCommand: RedisCommand {
        switch self {
        case .subscribe(let name): RedisCommand(name.kind.subscribe, name.bytes)
        case .unsubscribe(let name): RedisCommand(name.kind.unsubscribe, name.bytes)
        case .ping: RedisCommand("PING")
        }
    }
}
