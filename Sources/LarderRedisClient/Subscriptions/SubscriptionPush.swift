import NIOCore

/// What a server says on a connection that subscribes.
///
/// RESP3 says it in pushes and answers `PING` as always. RESP2 says everything in arrays, the answer to `PING` included
/// as long as something is subscribed to. Both are understood, whatever the connection speaks.
enum SubscriptionPush: Equatable {
    case message(channel: ByteBuffer, payload: ByteBuffer)
    case subscribed(ByteBuffer)
    case unsubscribed(ByteBuffer)
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
        switch String(buffer: kind) {
        case "message":
            guard parts.count == 3, let channel = Self.bytes(parts[1]), let payload = Self.bytes(parts[2]) else {
                return .unexpected
            }
            return .message(channel: channel, payload: payload)
        case "subscribe":
            return Self.channel(parts).map { .subscribed($0) } ?? .unexpected
        case "unsubscribe":
            return Self.channel(parts).map { .unsubscribed($0) } ?? .unexpected
        case "pong":
            return .pong
        default:
            return nil
        }
    }

    /// The channel of a confirmation, whose third part counts subscriptions.
    private static func channel(_ parts: [RESPValue]) -> ByteBuffer? {
        guard parts.count == 3, case .integer = parts[2] else { return nil }
        return Self.bytes(parts[1])
    }

    private static func bytes(_ value: RESPValue) -> ByteBuffer? {
        switch value {
        case .bulkString(let bytes): bytes
        case .simpleString(let text): ByteBuffer(string: text)
        default: nil
        }
    }
}
