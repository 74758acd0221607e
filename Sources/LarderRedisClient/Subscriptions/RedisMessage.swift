public import NIOCore

/// What was published on a channel.
public struct RedisMessage: Sendable, Hashable {
    /// The channel that it was published on.
    ///
    /// Bytes that are not UTF-8 are replaced; that can happen only with channels that a pattern found.
    public let channel: String

    /// The pattern that the channel fits, if the message came because of one; else `nil`.
    ///
    /// Who subscribes to a channel and to a pattern that it fits gets a message for each.
    public let pattern: String?

    /// What was published.
    public let payload: ByteBuffer

    /// Makes a message, for tests of what handles messages.
    ///
    /// - Parameters:
    ///   - channel: The channel that it was published on.
    ///   - pattern: The pattern that the channel fits.
    ///   - payload: What was published.
    public init(channel: String, pattern: String? = nil, payload: ByteBuffer) {
        self.channel = channel
        self.pattern = pattern
        self.payload = payload
    }

    /// The payload as text; bytes that are not UTF-8 are replaced.
    public var string: String { String(buffer: self.payload) }

    /// Turns the payload into a value.
    ///
    /// - Parameter type: What to turn it into, as from a reply.
    /// - Returns: The value.
    /// - Throws: `RedisError` with the code `.unexpectedReply` if the payload is nothing of the kind.
    public func decode<Value: RESPDecodable>(as type: Value.Type = Value.self) throws(RedisError) -> Value {
        try Value(resp: .bulkString(self.payload))
    }

    /// What the message counts for in a buffer, in bytes.
    var size: Int { self.payload.readableBytes + self.channel.utf8.count }
}

/// Messages that came one right behind the other under one name, in one read.
///
/// All who listen to the name share it, so that handing many messages over costs as much as handing over one.
struct MessageRun: Sendable {
    private(set) var messages: [RedisMessage] = []
    private(set) var bytes = 0

    mutating func append(_ message: RedisMessage) {
        self.messages.append(message)
        self.bytes += message.size
    }

    /// The messages at the beginning that a buffer still takes.
    func prefix(messages limit: Int, bytes byteLimit: Int, takesFirst: Bool) -> MessageRun {
        var prefix = MessageRun()
        for message in self.messages {
            let fits = prefix.messages.count < limit && prefix.bytes + message.size <= byteLimit
            guard fits || (takesFirst && prefix.messages.isEmpty) else { break }
            prefix.append(message)
        }
        return prefix
    }
}
