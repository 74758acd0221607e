/// Messages in the order of their arrival, which stay until they are dropped and which any number of readers and groups of
/// readers go through: a stream of Redis, in memory too.
///
/// ```swift
/// let orders = collections.stream("orders", of: Order.self, lifetime: .sliding(.days(30)), limit: .count(100_000))
/// try await orders.append(order)
///
/// let mailers = orders.group("mailers", startingAt: .beginning)
/// for try await message in mailers.messages(as: "mailer-\(processID)", claimingAfter: .minutes(5)) {
///     try await send(message.element)        // acknowledged when the next one is asked for
/// }
/// ```
///
/// In Redis, a message is an entry with the field `element`, which programs in other languages read and write with `XADD`,
/// `XRANGE` and `XREADGROUP`; fields that they add are ignored here. Who waits for messages takes no connection: appending
/// publishes on the channel that has the stream's name. Messages that other programs append without publishing are found
/// within a second.
public struct SharedStream<Element: Codable & Sendable>: SharedCollection {
    /// The stream in its store.
    public let handle: CollectionHandle

    /// What it keeps; `nil` for everything.
    public let limit: StreamLimit?

    let coding: ElementCoding<Element>

    init(_ handle: CollectionHandle, limit: StreamLimit?) {
        self.handle = handle
        self.limit = limit
        self.coding = ElementCoding(handle.codec)
    }

    // MARK: Appending

    /// Appends a message.
    ///
    /// - Parameter element: What it holds.
    /// - Returns: Its id.
    /// - Throws: ``CacheError`` with ``CacheError/Code/encodingFailed``, ``CacheError/Code/wrongType``,
    ///   ``CacheError/Code/invalidKey``, ``CacheError/Code/invalidArgument`` for a limit that keeps nothing, or
    ///   ``CacheError/Code/unavailable``.
    @discardableResult
    public func append(_ element: Element) async throws -> StreamID {
        let ids = try await self.append(contentsOf: CollectionOfOne(element))
        guard let id = ids.first else {
            throw CacheError(.unavailable, "the store has given a message no id", key: self.handle.key.text)
        }
        return id
    }

    /// Appends messages, in one step.
    ///
    /// - Parameter elements: What they hold.
    /// - Returns: Their ids, in order.
    /// - Throws: As ``append(_:)``.
    @discardableResult
    public func append(contentsOf elements: some Sequence<Element>) async throws -> [StreamID] {
        let key = try self.handle.checkedKey()
        try self.limit?.check(key)
        let elements = try self.coding.encode(elements, for: key)
        if elements.isEmpty { return [] }
        return try await self.handle.store.append(elements, to: key, keeping: self.limit, self.handle.lifetime)
    }

    // MARK: Reading

    /// The messages after one, and waits for some where there are none.
    ///
    /// - Parameters:
    ///   - id: The message's id, which need not be there; ``StreamID/zero`` for the beginning.
    ///   - limit: How many to return, at most.
    ///   - duration: How long to wait, by the store's clock; no connection is taken meanwhile.
    /// - Returns: The messages, in order; none if the time has passed.
    /// - Throws: As ``append(_:)``; `CancellationError`.
    public func read(
        after id: StreamID,
        limit: Int = 100,
        waitingAtMost duration: Duration = .zero
    ) async throws -> [StreamMessage<Element>] {
        let key = try self.handle.checkedKey()
        try self.check(limit)
        guard let first = id.next else { return [] }
        return try await self.waiting(atMost: duration) {
            try await self.handle.store.messages(of: key, first...StreamID.last, isReversed: false, limit: limit)
        }
    }

    /// The messages from one to another, the oldest first.
    ///
    /// - Parameters:
    ///   - first: The first id; ``StreamID/zero`` for the beginning.
    ///   - last: The last id, included; ``StreamID/last`` for the end.
    ///   - limit: How many to return, at most.
    /// - Returns: The messages.
    /// - Throws: As ``append(_:)``.
    public func range(
        from first: StreamID = .zero,
        through last: StreamID = .last,
        limit: Int = 100
    ) async throws -> [StreamMessage<Element>] {
        try await self.range(from: first, through: last, limit: limit, isReversed: false)
    }

    /// The messages from one back to another, the latest first.
    ///
    /// - Parameters:
    ///   - last: The last id, included; ``StreamID/last`` for the end.
    ///   - first: The first id; ``StreamID/zero`` for the beginning.
    ///   - limit: How many to return, at most.
    /// - Returns: The messages.
    /// - Throws: As ``append(_:)``.
    public func reversedRange(
        from last: StreamID = .last,
        through first: StreamID = .zero,
        limit: Int = 100
    ) async throws -> [StreamMessage<Element>] {
        try await self.range(from: first, through: last, limit: limit, isReversed: true)
    }

    private func range(
        from first: StreamID,
        through last: StreamID,
        limit: Int,
        isReversed: Bool
    ) async throws -> [StreamMessage<Element>] {
        let key = try self.handle.checkedKey()
        try self.check(limit)
        guard first <= last else { return [] }
        let found = try await self.handle.store.messages(of: key, first...last, isReversed: isReversed, limit: limit)
        return found.map { StreamMessage($0, self.coding, of: key) }
    }

    /// How many messages there are.
    ///
    /// - Returns: The number.
    /// - Throws: As ``append(_:)``.
    public func count() async throws -> Int {
        try await self.handle.store.messageCount(of: self.handle.checkedKey())
    }

    /// The id of the message that was appended last, also if it is not there any more: what to read after for all that is yet
    /// to come.
    ///
    /// - Returns: The id; ``StreamID/zero`` where nothing was appended yet.
    /// - Throws: As ``append(_:)``.
    public func lastID() async throws -> StreamID {
        try await self.handle.store.lastMessageID(of: self.handle.checkedKey()) ?? .zero
    }

    // MARK: Messages leave

    /// Drops what exceeds a limit.
    ///
    /// A stream that was made with a limit does that with each append.
    ///
    /// - Parameter limit: What to keep.
    /// - Returns: How many messages were dropped.
    /// - Throws: As ``append(_:)``.
    @discardableResult
    public func trim(to limit: StreamLimit) async throws -> Int {
        let key = try self.handle.checkedKey()
        try limit.check(key)
        return try await self.handle.store.trimMessages(of: key, to: limit)
    }

    /// Removes a message; groups that have delivered it go on to know it until it is acknowledged.
    ///
    /// - Parameter id: The message's id.
    /// - Returns: Whether it was there.
    /// - Throws: As ``append(_:)``.
    @discardableResult
    public func remove(_ id: StreamID) async throws -> Bool {
        try await self.remove(contentsOf: [id]) > 0
    }

    /// Removes messages.
    ///
    /// - Parameter ids: The messages' ids.
    /// - Returns: How many were there.
    /// - Throws: As ``append(_:)``.
    @discardableResult
    public func remove(contentsOf ids: [StreamID]) async throws -> Int {
        let key = try self.handle.checkedKey()
        if ids.isEmpty { return 0 }
        return try await self.handle.store.removeMessages(ids, from: key)
    }

    // MARK: Waiting

    /// Reads until something is found or the time has passed.
    ///
    /// Listens first and looks again after, so that nothing that is appended in between is missed.
    func waiting(
        atMost duration: Duration,
        _ read: () async throws -> [StoredMessage]
    ) async throws -> [StreamMessage<Element>] {
        let key = self.handle.key
        let messages = { (found: [StoredMessage]) in found.map { StreamMessage($0, self.coding, of: key) } }
        let found = try await read()
        if !found.isEmpty || duration <= .zero { return messages(found) }
        let store = self.handle.store
        let deadline = store.waitClock.now.advanced(by: duration)
        let signal = try await store.listen(to: key)
        defer { signal?.cancel() }
        while true {
            let found = try await read()
            let left = store.waitClock.now.duration(to: deadline)
            if !found.isEmpty || left <= .zero { return messages(found) }
            let pause = min(left, store.longestStreamWait ?? left)
            if let signal {
                try await signal.wait(atMost: pause)
            } else {
                try await store.waitClock.sleep(
                    until: store.waitClock.now.advanced(by: min(pause, Self.pauseWithoutSignal))
                )
            }
        }
    }

    /// How often one looks who cannot be told.
    private static var pauseWithoutSignal: Duration { .milliseconds(50) }

    func check(_ limit: Int) throws {
        guard limit >= 1 else {
            throw CacheError(
                .invalidArgument,
                "reading \(limit) messages reads nothing; at least one has to be asked for",
                key: self.handle.key.text
            )
        }
    }
}

extension Collections {
    /// A stream.
    ///
    /// - Parameters:
    ///   - name: Its name in the namespace.
    ///   - type: The type of its elements.
    ///   - lifetime: How long it lives: as a whole, with its groups, begun anew by each append where it is sliding.
    ///   - limit: What it keeps: each append drops the rest in the same step. `nil` for all.
    /// - Returns: The stream.
    public func stream<Element: Codable & Sendable>(
        _ name: String,
        of type: Element.Type = Element.self,
        lifetime: CollectionLifetime = .unlimited,
        limit: StreamLimit? = nil
    ) -> SharedStream<Element> {
        SharedStream(self.handle(.stream, name, lifetime), limit: limit)
    }
}
