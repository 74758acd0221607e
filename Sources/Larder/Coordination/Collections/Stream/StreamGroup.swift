/// Consumers who share the work on a stream: each message goes to one of them, and is kept in mind until it is acknowledged.
///
/// What a consumer has got and not acknowledged, since it died perhaps, others take over with ``claim(idleFor:as:from:limit:)``
/// when it has been left alone for long enough. So every message is worked on at least once, and more than once where a
/// consumer was merely slow: do what doing twice does not harm, or keep the ids of what is done.
///
/// The group is made by ``create()``, or by the first read where that was left out. It ends with its stream, and is made
/// again by the next read.
public struct StreamGroup<Element: Codable & Sendable>: Sendable {
    /// The stream that it reads.
    public let stream: SharedStream<Element>

    /// The group's name.
    public let name: String

    /// What it reads first.
    public let start: StreamStart

    private var store: any CollectionStore { self.stream.handle.store }

    private func key() throws -> StreamGroupKey {
        try self.checkName(self.name, "group")
        return StreamGroupKey(stream: try self.stream.handle.checkedKey(), name: self.name)
    }

    private func checkName(_ name: String, _ what: String) throws {
        if let fault = KeyRules.fault(in: name) {
            throw CacheError(.invalidKey, "the name of a \(what) \(fault)", key: self.stream.handle.key.text)
        }
    }

    /// Makes the group, unless it is there.
    ///
    /// A group that begins at ``StreamStart/end`` misses what is appended before it is made: make it when the program starts.
    ///
    /// - Returns: Whether it was made.
    /// - Throws: ``CacheError`` with ``CacheError/Code/wrongType``, ``CacheError/Code/invalidKey`` or
    ///   ``CacheError/Code/unavailable``.
    @discardableResult
    public func create() async throws -> Bool {
        try await self.store.createGroup(self.key(), at: self.start, self.stream.handle.lifetime)
    }

    /// Removes the group with all that it keeps in mind; the messages stay.
    ///
    /// - Returns: Whether it was there.
    /// - Throws: As ``create()``.
    @discardableResult
    public func remove() async throws -> Bool {
        try await self.store.removeGroup(self.key())
    }

    // MARK: Reading

    /// Messages that no consumer has got yet, and waits for some where there are none.
    ///
    /// A reader that is cancelled while the store answers may have got messages that it does not see: they are among those
    /// that it has not acknowledged.
    ///
    /// - Parameters:
    ///   - consumer: Who gets them: a name that is its own among the group's consumers.
    ///   - limit: How many to return, at most.
    ///   - duration: How long to wait, by the store's clock; no connection is taken meanwhile.
    /// - Returns: The messages, in order; none if the time has passed.
    /// - Throws: As ``create()``; ``CacheError/Code/invalidArgument``; `CancellationError`.
    public func read(
        as consumer: String,
        limit: Int = 10,
        waitingAtMost duration: Duration = .zero
    ) async throws -> [StreamMessage<Element>] {
        let key = try self.key()
        try self.checkName(consumer, "consumer")
        try self.stream.check(limit)
        return try await self.stream.waiting(atMost: duration) {
            try await self.store.deliver(
                key,
                to: consumer,
                limit: limit,
                startingAt: self.start,
                self.stream.handle.lifetime
            )
        }
    }

    /// What a consumer has got before and not acknowledged, for one that begins again after it died.
    ///
    /// Messages that were removed from the stream meanwhile are acknowledged and left out.
    ///
    /// - Parameters:
    ///   - consumer: The consumer.
    ///   - id: After which message to begin.
    ///   - limit: How many messages to look at, at most.
    /// - Returns: The messages, and where to go on.
    /// - Throws: As ``create()``; ``CacheError/Code/invalidArgument``.
    public func unacknowledged(
        of consumer: String,
        after id: StreamID = .zero,
        limit: Int = 10
    ) async throws -> StreamDeliveries<Element> {
        try self.checkName(consumer, "consumer")
        try self.stream.check(limit)
        return self.deliveries(
            try await self.store.redeliver(self.key(), to: consumer, after: id, limit: limit)
        )
    }

    /// Takes over messages that consumers have got, this one included, and not acknowledged for some time.
    ///
    /// Messages that were removed from the stream meanwhile are acknowledged and left out.
    ///
    /// - Parameters:
    ///   - duration: For how long nobody must have got them. Longer than the work on a message can take.
    ///   - consumer: Who gets them.
    ///   - id: With which message to begin: what the last call says, so that calls go through all.
    ///   - limit: How many to return, at most.
    /// - Returns: The messages, and where to go on.
    /// - Throws: As ``create()``; ``CacheError/Code/invalidArgument``.
    public func claim(
        idleFor duration: Duration,
        as consumer: String,
        from id: StreamID = .zero,
        limit: Int = 10
    ) async throws -> StreamDeliveries<Element> {
        try self.checkName(consumer, "consumer")
        try self.stream.check(limit)
        return self.deliveries(
            try await self.store.claim(
                self.key(),
                for: consumer,
                idleFor: max(0, duration.wholeNanoseconds / 1_000_000),
                from: id,
                limit: limit
            )
        )
    }

    private func deliveries(_ stored: StoredDeliveries) -> StreamDeliveries<Element> {
        StreamDeliveries(
            messages: stored.messages.map { StreamMessage($0, self.stream.coding, of: self.stream.handle.key) },
            position: stored.position
        )
    }

    /// Notes that a message is done with.
    ///
    /// - Parameter message: The message.
    /// - Returns: Whether it was one that the group kept in mind.
    /// - Throws: As ``create()``.
    @discardableResult
    public func acknowledge(_ message: StreamMessage<Element>) async throws -> Bool {
        try await self.acknowledge([message.id]) > 0
    }

    /// Notes that messages are done with.
    ///
    /// - Parameter ids: The messages' ids.
    /// - Returns: How many of them the group kept in mind.
    /// - Throws: As ``create()``.
    @discardableResult
    public func acknowledge(_ ids: [StreamID]) async throws -> Int {
        let key = try self.key()
        return ids.isEmpty ? 0 : try await self.store.acknowledge(ids, of: key)
    }

    // MARK: Looking

    /// What the group has delivered and nobody acknowledged, in numbers.
    ///
    /// - Returns: The numbers.
    /// - Throws: As ``create()``.
    public func pending() async throws -> PendingSummary {
        try await self.store.pendingSummary(of: self.key())
    }

    /// What the group has delivered and nobody acknowledged, one by one.
    ///
    /// - Parameters:
    ///   - limit: How many to return, at most.
    ///   - id: With which message to begin.
    ///   - consumer: Whose messages; `nil` for everybody's.
    ///   - duration: For how long nobody must have got them.
    /// - Returns: The messages in the order of their ids.
    /// - Throws: As ``create()``; ``CacheError/Code/invalidArgument``.
    public func pending(
        limit: Int,
        from id: StreamID = .zero,
        consumer: String? = nil,
        idleFor duration: Duration = .zero
    ) async throws -> [PendingMessage] {
        try self.stream.check(limit)
        if let consumer { try self.checkName(consumer, "consumer") }
        return try await self.store.pendingMessages(
            of: self.key(),
            consumer,
            idleFor: max(0, duration.wholeNanoseconds / 1_000_000),
            from: id,
            limit: limit
        )
    }

    /// The consumers that the group knows.
    ///
    /// - Returns: The consumers by their names; none where there is no such group.
    /// - Throws: As ``create()``.
    public func consumers() async throws -> [StreamConsumer] {
        try await self.store.consumers(of: self.key()).sorted { $0.name < $1.name }
    }

    /// Removes a consumer.
    ///
    /// What it has not acknowledged is not delivered to anybody any more: claim it before.
    ///
    /// - Parameter consumer: The consumer.
    /// - Returns: How many messages it had not acknowledged.
    /// - Throws: As ``create()``.
    @discardableResult
    public func remove(consumer: String) async throws -> Int {
        try self.checkName(consumer, "consumer")
        return try await self.store.removeConsumer(consumer, of: self.key()) ?? 0
    }
}

/// Messages that were delivered again, and where to go on.
public struct StreamDeliveries<Element: Codable & Sendable>: Sendable {
    /// The messages, in order.
    public let messages: [StreamMessage<Element>]

    /// Where the next call goes on; `nil` at the end.
    ///
    /// There can be a place to go on without messages: what was removed from the stream is left out.
    public let position: StreamID?
}

extension SharedStream {
    /// A group of consumers.
    ///
    /// - Parameters:
    ///   - name: The group's name.
    ///   - start: What it reads first, where it is made by this.
    /// - Returns: The group.
    public func group(_ name: String, startingAt start: StreamStart = .beginning) -> StreamGroup<Element> {
        StreamGroup(stream: self, name: name, start: start)
    }
}
