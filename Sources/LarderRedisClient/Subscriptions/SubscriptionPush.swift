import NIOCore

/// What a server says on a connection that subscribes.
///
/// RESP3 says it in pushes and answers `PING` as always. RESP2 says everything in arrays, the answer to `PING` included
/// as long as something is subscribed to. Both are understood, whatever the connection speaks.
enum SubscriptionPush: Equatable {
    /// A message that came under a name; `channel` where the name is a pattern.
    case message(SubscriptionName, channel: ByteBuffer?, payload: ByteBuffer)
    case subscribed(SubscriptionName)
    /// The answer to a command; for a shard channel also without one, when its slot has left the server.
    case unsubscribed(SubscriptionName)
    case pong
    case error(RedisServerError)
    /// A push of a kind that nobody here asked for; RESP3 lets servers send what they like.
    case foreign
    /// Nothing that such a connection may carry.
    case unexpected

    init(_ value: RESPValue) {
        switch value {
        case .push(let parts): self = Self.read(parts) ?? .foreign
        case .array(let parts): self = Self.read(parts) ?? .unexpected
        case .simpleString("PONG"): self = .pong
        case .error(let error): self = .error(error)
        default: self = .unexpected
        }
    }

    /// Nil for a kind that is not known.
    private static func read(_ parts: [RESPValue]) -> SubscriptionPush? {
        guard let kind = parts.first.flatMap(Self.bytes) else { return nil }
        return switch String(buffer: kind) {
        case "message": Self.message(parts, .channel)
        case "pmessage": Self.patternMessage(parts)
        case "smessage": Self.message(parts, .shardChannel)
        case "subscribe": Self.name(parts, .channel).map { .subscribed($0) } ?? .unexpected
        case "psubscribe": Self.name(parts, .pattern).map { .subscribed($0) } ?? .unexpected
        case "ssubscribe": Self.name(parts, .shardChannel).map { .subscribed($0) } ?? .unexpected
        case "unsubscribe": Self.name(parts, .channel).map { .unsubscribed($0) } ?? .unexpected
        case "punsubscribe": Self.name(parts, .pattern).map { .unsubscribed($0) } ?? .unexpected
        case "sunsubscribe": Self.name(parts, .shardChannel).map { .unsubscribed($0) } ?? .unexpected
        case "pong": .pong
        default: nil
        }
    }

    private static func message(_ parts: [RESPValue], _ kind: SubscriptionName.Kind) -> SubscriptionPush {
        guard parts.count == 3, let name = Self.bytes(parts[1]), let payload = Self.bytes(parts[2]) else {
            return .unexpected
        }
        return .message(SubscriptionName(kind, name), channel: nil, payload: payload)
    }

    private static func patternMessage(_ parts: [RESPValue]) -> SubscriptionPush {
        guard parts.count == 4, let pattern = Self.bytes(parts[1]), let channel = Self.bytes(parts[2]),
            let payload = Self.bytes(parts[3])
        else { return .unexpected }
        return .message(SubscriptionName(.pattern, pattern), channel: channel, payload: payload)
    }

    /// The name in a confirmation, whose third part counts subscriptions.
    private static func name(_ parts: [RESPValue], _ kind: SubscriptionName.Kind) -> SubscriptionName? {
        guard parts.count == 3, case .integer = parts[2] else { return nil }
        return Self.bytes(parts[1]).map { SubscriptionName(kind, $0) }
    }

    private static func bytes(_ value: RESPValue) -> ByteBuffer? {
        switch value {
        case .bulkString(let bytes): bytes
        case .simpleString(let text): ByteBuffer(string: text)
        default: nil
        }
    }
}
