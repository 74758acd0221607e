/// What a store of streams does; see ``CollectionStore``.
///
/// A stream keeps its last id and its groups while it is there, with messages or without, and ends by its lifetime or by
/// being removed as a whole. Who appends tells those who listen to the collection.
public protocol StreamStore: Sendable {
    /// How long a reader waits at most before it looks by itself, for messages that nobody tells of; `nil` for as long as it
    /// waits at all.
    var longestStreamWait: Duration? { get }

    /// Appends messages, tells those who listen, and drops what exceeds a limit.
    ///
    /// - Parameters:
    ///   - elements: The messages' bytes, at least one.
    ///   - key: The stream.
    ///   - limit: What the stream keeps; `nil` for all.
    ///   - lifetime: How long the stream lives.
    /// - Returns: The ids of the messages, in order.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func append(
        _ elements: [[UInt8]],
        to key: CollectionKey,
        keeping limit: StreamLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> [StreamID]

    /// Messages by their ids.
    ///
    /// - Parameters:
    ///   - key: The stream.
    ///   - ids: The first and the last id.
    ///   - isReversed: Whether the latest come first.
    ///   - limit: How many, at most.
    /// - Returns: The messages.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func messages(
        of key: CollectionKey,
        _ ids: ClosedRange<StreamID>,
        isReversed: Bool,
        limit: Int
    ) async throws -> [StoredMessage]

    /// How many messages a stream has.
    func messageCount(of key: CollectionKey) async throws -> Int

    /// The id of the last message that was appended, removed ones included; `nil` where there is no stream, ``StreamID/zero``
    /// where nothing was.
    func lastMessageID(of key: CollectionKey) async throws -> StreamID?

    /// Drops what exceeds a limit.
    ///
    /// - Returns: How many messages were dropped.
    func trimMessages(of key: CollectionKey, to limit: StreamLimit) async throws -> Int

    /// Removes messages by their ids.
    ///
    /// - Returns: How many there were.
    func removeMessages(_ ids: [StreamID], from key: CollectionKey) async throws -> Int

    // MARK: Groups

    /// Makes a group, and the stream with it, unless the group is there.
    ///
    /// - Parameters:
    ///   - group: The group.
    ///   - start: What it reads first.
    ///   - lifetime: How long the stream lives.
    /// - Returns: Whether it was made.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func createGroup(
        _ group: StreamGroupKey,
        at start: StreamStart,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool

    /// Removes a group with all that it knows.
    ///
    /// - Returns: Whether it was there.
    func removeGroup(_ group: StreamGroupKey) async throws -> Bool

    /// Delivers messages that no consumer of a group has got yet; makes the group where it is not there.
    ///
    /// - Parameters:
    ///   - group: The group.
    ///   - consumer: Who gets the messages.
    ///   - limit: How many, at most.
    ///   - start: What the group reads first, if it has to be made.
    ///   - lifetime: How long the stream lives, if it has to be made.
    /// - Returns: The messages.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func deliver(
        _ group: StreamGroupKey,
        to consumer: String,
        limit: Int,
        startingAt start: StreamStart,
        _ lifetime: CollectionLifetime
    ) async throws -> [StoredMessage]

    /// Delivers again what a consumer has got and not acknowledged; what was removed from the stream meanwhile is
    /// acknowledged instead.
    ///
    /// - Parameters:
    ///   - group: The group.
    ///   - consumer: The consumer.
    ///   - id: After which id to begin.
    ///   - limit: How many to look at, at most.
    /// - Returns: The messages, and the last id that was looked at; `nil` where there was none left.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func redeliver(
        _ group: StreamGroupKey,
        to consumer: String,
        after id: StreamID,
        limit: Int
    ) async throws -> StoredDeliveries

    /// Makes messages that were delivered, and not acknowledged for some time, those of another consumer; what was removed
    /// from the stream meanwhile is acknowledged instead.
    ///
    /// - Parameters:
    ///   - group: The group.
    ///   - consumer: Who gets the messages.
    ///   - milliseconds: For how long nobody must have got them.
    ///   - id: With which id to begin.
    ///   - limit: How many, at most.
    /// - Returns: The messages, and the id to go on with; `nil` at the end.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func claim(
        _ group: StreamGroupKey,
        for consumer: String,
        idleFor milliseconds: Int64,
        from id: StreamID,
        limit: Int
    ) async throws -> StoredDeliveries

    /// Notes that messages are done with.
    ///
    /// - Returns: How many of them had been delivered and not acknowledged.
    func acknowledge(_ ids: [StreamID], of group: StreamGroupKey) async throws -> Int

    /// What a group has delivered and nobody acknowledged, in numbers.
    func pendingSummary(of group: StreamGroupKey) async throws -> PendingSummary

    /// What a group has delivered and nobody acknowledged, one by one.
    ///
    /// - Parameters:
    ///   - group: The group.
    ///   - consumer: Whose messages; `nil` for everybody's.
    ///   - milliseconds: For how long nobody must have got them.
    ///   - id: With which id to begin.
    ///   - limit: How many, at most.
    /// - Returns: The messages, in order of their ids.
    /// - Throws: ``CacheError``; see ``CollectionStore``.
    func pendingMessages(
        of group: StreamGroupKey,
        _ consumer: String?,
        idleFor milliseconds: Int64,
        from id: StreamID,
        limit: Int
    ) async throws -> [PendingMessage]

    /// The names of the consumers of a group.
    func consumers(of group: StreamGroupKey) async throws -> [StreamConsumer]

    /// Removes a consumer; what it has not acknowledged is not delivered to anybody any more.
    ///
    /// - Returns: How many messages those were; `nil` where there is no such group.
    func removeConsumer(_ consumer: String, of group: StreamGroupKey) async throws -> Int?
}

/// A group in its stream.
public struct StreamGroupKey: Sendable, Hashable {
    /// The stream.
    public let stream: CollectionKey

    /// The group's name.
    public let name: String

    /// Names a group.
    ///
    /// - Parameters:
    ///   - stream: The stream.
    ///   - name: The group's name.
    public init(stream: CollectionKey, name: String) {
        self.stream = stream
        self.name = name
    }
}

/// A message as a store hands it out.
public struct StoredMessage: Sendable, Hashable {
    /// The message's id.
    public let id: StreamID

    /// The element's bytes; `nil` where the message has none, as some other program's may.
    public let element: [UInt8]?

    /// How often the message was delivered in the group that it was read in, this time included; 0 without a group.
    public let deliveries: Int

    /// Puts a message together.
    ///
    /// - Parameters:
    ///   - id: The message's id.
    ///   - element: The element's bytes.
    ///   - deliveries: How often it was delivered.
    public init(id: StreamID, element: [UInt8]?, deliveries: Int = 0) {
        self.id = id
        self.element = element
        self.deliveries = deliveries
    }
}

/// Messages that are delivered again, and where to go on.
public struct StoredDeliveries: Sendable, Hashable {
    /// The messages.
    public var messages: [StoredMessage]

    /// Where to go on; `nil` at the end.
    public var position: StreamID?

    /// Puts messages together.
    ///
    /// - Parameters:
    ///   - messages: The messages.
    ///   - position: Where to go on.
    public init(messages: [StoredMessage], position: StreamID?) {
        self.messages = messages
        self.position = position
    }
}
