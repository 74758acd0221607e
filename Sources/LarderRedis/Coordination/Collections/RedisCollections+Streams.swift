public import Larder
import LarderRedisClient

/// Streams as Redis' own, with the element of a message in its field `element`.
extension RedisCollections {
    /// A second: programs in other languages append without publishing.
    public var longestStreamWait: Duration? { .seconds(1) }

    /// See `StreamStore`.
    public func append(
        _ elements: [[UInt8]],
        to key: CollectionKey,
        keeping limit: StreamLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> [StreamID] {
        let texts = try await self.run(
            StreamScripts.append,
            [key.text],
            key,
            Self.lifetime(lifetime) + Self.arguments(of: limit) + elements.map { .bytes($0) },
            as: [String].self
        )
        return try texts.map { try Self.id($0, key) }
    }

    /// See `StreamStore`.
    public func messages(
        of key: CollectionKey,
        _ ids: ClosedRange<StreamID>,
        isReversed: Bool,
        limit: Int
    ) async throws -> [StoredMessage] {
        let (first, last) = (ids.lowerBound.description, ids.upperBound.description)
        let command = RedisCommand(
            isReversed ? "XREVRANGE" : "XRANGE",
            key.text,
            isReversed ? last : first,
            isReversed ? first : last,
            "COUNT",
            limit
        )
        let entries = try await self.send(command, key, as: [[RESPValue]].self)
        return try self.decoding(key) { try entries.map { try Self.entry($0, key) } }
    }

    /// See `StreamStore`.
    public func messageCount(of key: CollectionKey) async throws -> Int {
        try await self.send(RedisCommand("XLEN", key.text), key, as: Int.self)
    }

    /// See `StreamStore`.
    public func lastMessageID(of key: CollectionKey) async throws -> StreamID? {
        try await self.run(StreamScripts.lastID, [key.text], key, [], as: String?.self).map { try Self.id($0, key) }
    }

    /// See `StreamStore`.
    public func trimMessages(of key: CollectionKey, to limit: StreamLimit) async throws -> Int {
        try await self.run(StreamScripts.trim, [key.text], key, Self.arguments(of: limit), as: Int.self)
    }

    /// See `StreamStore`.
    public func removeMessages(_ ids: [StreamID], from key: CollectionKey) async throws -> Int {
        var command = RedisCommand("XDEL", key.text)
        for id in ids { command.append(id.description) }
        return try await self.send(command, key, as: Int.self)
    }

    // MARK: Groups

    /// See `StreamStore`.
    public func createGroup(
        _ group: StreamGroupKey,
        at start: StreamStart,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        try await self.run(
            StreamScripts.createGroup,
            [group.stream.text],
            group.stream,
            Self.lifetime(lifetime) + [.text(group.name), Self.argument(of: start)],
            as: Bool.self
        )
    }

    /// See `StreamStore`.
    public func removeGroup(_ group: StreamGroupKey) async throws -> Bool {
        try await self.changeGroup("DESTROY", group) == 1
    }

    /// See `StreamStore`.
    public func deliver(
        _ group: StreamGroupKey,
        to consumer: String,
        limit: Int,
        startingAt start: StreamStart,
        _ lifetime: CollectionLifetime
    ) async throws -> [StoredMessage] {
        let messages = try await self.run(
            StreamScripts.deliver,
            [group.stream.text],
            group.stream,
            Self.lifetime(lifetime)
                + [.text(group.name), .text(consumer), .integer(Int64(limit)), Self.argument(of: start)],
            as: [[RESPValue]].self
        )
        return try self.decoding(group.stream) { try messages.map { try Self.delivery($0, group.stream) } }
    }

    /// See `StreamStore`.
    public func redeliver(
        _ group: StreamGroupKey,
        to consumer: String,
        after id: StreamID,
        limit: Int
    ) async throws -> StoredDeliveries {
        try await self.deliveries(
            StreamScripts.redeliver,
            group,
            [.text(group.name), .text(consumer), .integer(Int64(limit)), .text(id.description)]
        )
    }

    /// See `StreamStore`.
    public func claim(
        _ group: StreamGroupKey,
        for consumer: String,
        idleFor milliseconds: Int64,
        from id: StreamID,
        limit: Int
    ) async throws -> StoredDeliveries {
        try await self.deliveries(
            StreamScripts.claim,
            group,
            [
                .text(group.name), .text(consumer), .integer(milliseconds), .text(id.description),
                .integer(Int64(limit)),
            ]
        )
    }

    /// See `StreamStore`.
    public func acknowledge(_ ids: [StreamID], of group: StreamGroupKey) async throws -> Int {
        var command = RedisCommand("XACK", group.stream.text, group.name)
        for id in ids { command.append(id.description) }
        return try await self.send(command, group.stream, as: Int.self)
    }

    /// See `StreamStore`.
    public func pendingSummary(of group: StreamGroupKey) async throws -> PendingSummary {
        let command = RedisCommand("XPENDING", group.stream.text, group.name)
        guard let parts = try await self.sendToGroup(command, group), parts.count == 4,
            let first = try self.decoding(group.stream, { try parts[1].decode(as: String?.self) }),
            let last = try self.decoding(group.stream, { try parts[2].decode(as: String?.self) })
        else { return PendingSummary() }
        return try self.decoding(group.stream) {
            let ids = (try Self.id(first, group.stream), try Self.id(last, group.stream))
            guard ids.0 <= ids.1 else { throw Self.unexpectedReply(to: "XPENDING", group.stream) }
            return PendingSummary(
                count: try parts[0].decode(as: Int.self),
                ids: ids.0...ids.1,
                consumers: try parts[3].decode(as: [String: Int]?.self) ?? [:]
            )
        }
    }

    /// See `StreamStore`.
    public func pendingMessages(
        of group: StreamGroupKey,
        _ consumer: String?,
        idleFor milliseconds: Int64,
        from id: StreamID,
        limit: Int
    ) async throws -> [PendingMessage] {
        let command = RedisCommand(
            "XPENDING",
            group.stream.text,
            group.name,
            "IDLE",
            milliseconds,
            id.description,
            "+",
            limit,
            consumer
        )
        guard let found = try await self.sendToGroup(command, group) else { return [] }
        return try self.decoding(group.stream) {
            try found.map { reply in
                let parts = try reply.decode(as: [RESPValue].self)
                guard parts.count == 4 else { throw Self.unexpectedReply(to: "XPENDING", group.stream) }
                return PendingMessage(
                    id: try Self.id(parts[0].decode(as: String.self), group.stream),
                    consumer: try parts[1].decode(as: String.self),
                    idle: .milliseconds(try parts[2].decode(as: Int64.self)),
                    deliveries: try parts[3].decode(as: Int.self)
                )
            }
        }
    }

    /// See `StreamStore`.
    public func consumers(of group: StreamGroupKey) async throws -> [StreamConsumer] {
        let command = RedisCommand("XINFO", "CONSUMERS", group.stream.text, group.name)
        guard let found = try await self.sendToGroup(command, group) else { return [] }
        return try self.decoding(group.stream) {
            try found.map { reply in
                let fields = try reply.decode(as: [String: RESPValue].self)
                guard let name = fields["name"], let pending = fields["pending"], let idle = fields["idle"] else {
                    throw Self.unexpectedReply(to: "XINFO", group.stream)
                }
                return StreamConsumer(
                    name: try name.decode(as: String.self),
                    pending: try pending.decode(as: Int.self),
                    idle: .milliseconds(try idle.decode(as: Int64.self))
                )
            }
        }
    }

    /// See `StreamStore`.
    public func removeConsumer(_ consumer: String, of group: StreamGroupKey) async throws -> Int? {
        try await self.changeGroup("DELCONSUMER", group, [.text(consumer)])
    }

    // MARK: Sending

    private func changeGroup(
        _ subcommand: String,
        _ group: StreamGroupKey,
        _ arguments: [ScriptArgument] = []
    ) async throws -> Int? {
        try await self.run(
            StreamScripts.changeGroup,
            [group.stream.text],
            group.stream,
            [.text(subcommand), .text(group.name)] + arguments,
            as: Int?.self
        )
    }

    /// Sends what only reads of a group; `nil` where there is none.
    private func sendToGroup(_ command: RedisCommand, _ group: StreamGroupKey) async throws -> [RESPValue]? {
        try await self.translatingErrors(group.stream) {
            do {
                return try await self.client.send(command, as: [RESPValue].self)
            } catch let error as RedisError
                where error.code.serverPrefix == "NOGROUP"
                || (error.code.serverPrefix == "ERR" && error.message.hasSuffix("no such key"))
            {
                return nil
            }
        }
    }

    private func deliveries(
        _ script: RedisScript,
        _ group: StreamGroupKey,
        _ arguments: [ScriptArgument]
    ) async throws -> StoredDeliveries {
        let reply = try await self.run(script, [group.stream.text], group.stream, arguments, as: [RESPValue].self)
        return try self.decoding(group.stream) {
            guard reply.count == 2 else { throw Self.unexpectedReply(to: "a script on a stream", group.stream) }
            let position = try reply[0].decode(as: String?.self).map { try Self.id($0, group.stream) }
            let messages = try reply[1].decode(as: [[RESPValue]].self).map { try Self.delivery($0, group.stream) }
            return StoredDeliveries(messages: messages, position: position)
        }
    }

    // MARK: Arguments and replies

    private static func arguments(of limit: StreamLimit?) -> [ScriptArgument] {
        guard let limit else { return [.text(""), .text(""), .text("")] }
        let precision = ScriptArgument.text(limit.isExact ? "=" : "~")
        return switch limit.kind {
        case .count(let count): [.text("MAXLEN"), precision, .integer(Int64(count))]
        case .age(let milliseconds): [.text("AGE"), precision, .integer(milliseconds)]
        }
    }

    private static func argument(of start: StreamStart) -> ScriptArgument { .text(start.id?.description ?? "$") }

    private func decoding<Value>(_ key: CollectionKey, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as RedisError {
            throw Self.translated(error, key)
        }
    }

    private static func id(_ text: String, _ key: CollectionKey) throws -> StreamID {
        guard let id = StreamID(text) else { throw Self.unexpectedReply(to: "a command on a stream", key) }
        return id
    }

    /// A message as `XRANGE` has it: id, and fields with their values.
    private static func entry(_ parts: [RESPValue], _ key: CollectionKey) throws -> StoredMessage {
        guard parts.count == 2 else { throw Self.unexpectedReply(to: "XRANGE", key) }
        let fields = try parts[1].decode(as: [RESPValue].self)
        var element: [UInt8]?
        for index in stride(from: 0, to: fields.count - 1, by: 2) where element == nil {
            // A field of another program need not be text.
            if try fields[index].decode(as: [UInt8].self).elementsEqual("element".utf8) {
                element = try fields[index + 1].decode(as: [UInt8].self)
            }
        }
        return StoredMessage(id: try Self.id(parts[0].decode(as: String.self), key), element: element)
    }

    /// A message as the scripts have it: id, element, number of deliveries.
    private static func delivery(_ parts: [RESPValue], _ key: CollectionKey) throws -> StoredMessage {
        guard parts.count == 3 else { throw Self.unexpectedReply(to: "a script on a stream", key) }
        return StoredMessage(
            id: try Self.id(parts[0].decode(as: String.self), key),
            element: try parts[1].decode(as: [UInt8]?.self),
            deliveries: try parts[2].decode(as: Int.self)
        )
    }
}
