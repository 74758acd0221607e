/// Streams in memory.
extension MemoryCollections {
    /// `nil`: whoever appends, does it here.
    public var longestStreamWait: Duration? { nil }

    /// See ``StreamStore``.
    public func append(
        _ elements: [[UInt8]],
        to key: CollectionKey,
        keeping limit: StreamLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> [StreamID] {
        let now = self.milliseconds
        let ids = self.streams.change(key, lifetime, StreamLog()) { log in
            let ids = elements.compactMap { log.append($0, at: now) }
            if let limit { log.trim(to: limit, at: now) }
            return ids
        }
        self.wakeUps.wake(key)
        return ids
    }

    /// See ``StreamStore``.
    public func messages(
        of key: CollectionKey,
        _ ids: ClosedRange<StreamID>,
        isReversed: Bool,
        limit: Int
    ) async throws -> [StoredMessage] {
        self.streams.read(key) { $0?.messages(ids, isReversed: isReversed, limit: limit) ?? [] }
    }

    /// See ``StreamStore``.
    public func messageCount(of key: CollectionKey) async throws -> Int {
        self.streams.read(key) { $0?.entries.count ?? 0 }
    }

    /// See ``StreamStore``.
    public func lastMessageID(of key: CollectionKey) async throws -> StreamID? {
        self.streams.read(key) { $0?.lastID }
    }

    /// See ``StreamStore``.
    public func trimMessages(of key: CollectionKey, to limit: StreamLimit) async throws -> Int {
        let now = self.milliseconds
        return self.streams.write(key) { $0?.trim(to: limit, at: now) ?? 0 }
    }

    /// See ``StreamStore``.
    public func removeMessages(_ ids: [StreamID], from key: CollectionKey) async throws -> Int {
        self.streams.write(key) { log in
            var removed = 0
            for id in ids where log?.remove(id) ?? false { removed += 1 }
            return removed
        }
    }

    // MARK: Groups

    /// See ``StreamStore``.
    public func createGroup(
        _ group: StreamGroupKey,
        at start: StreamStart,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        self.streams.change(group.stream, lifetime, StreamLog()) { $0.makeGroup(group.name, at: start) }
    }

    /// See ``StreamStore``.
    public func removeGroup(_ group: StreamGroupKey) async throws -> Bool {
        self.streams.write(group.stream) { $0?.groups.removeValue(forKey: group.name) != nil }
    }

    /// See ``StreamStore``.
    public func deliver(
        _ group: StreamGroupKey,
        to consumer: String,
        limit: Int,
        startingAt start: StreamStart,
        _ lifetime: CollectionLifetime
    ) async throws -> [StoredMessage] {
        let now = self.clock.now
        let hasGroup = self.streams.read(group.stream) { $0?.groups[group.name] != nil }
        // Only making the group is a write that begins the lifetime anew.
        return self.streams.change(group.stream, hasGroup ? .unlimited : lifetime, StreamLog()) { log in
            _ = log.makeGroup(group.name, at: start)
            return log.deliver(group.name, to: consumer, limit: limit, now: now)
        }
    }

    /// See ``StreamStore``.
    public func redeliver(
        _ group: StreamGroupKey,
        to consumer: String,
        after id: StreamID,
        limit: Int
    ) async throws -> StoredDeliveries {
        let now = self.clock.now
        return self.streams.write(group.stream) { log in
            log?.redeliver(group.name, to: consumer, after: id, limit: limit, now: now)
                ?? StoredDeliveries(messages: [], position: nil)
        }
    }

    /// See ``StreamStore``.
    public func claim(
        _ group: StreamGroupKey,
        for consumer: String,
        idleFor milliseconds: Int64,
        from id: StreamID,
        limit: Int
    ) async throws -> StoredDeliveries {
        let now = self.clock.now
        return self.streams.write(group.stream) { log in
            log?.claim(group.name, for: consumer, idleFor: milliseconds, from: id, limit: limit, now: now)
                ?? StoredDeliveries(messages: [], position: nil)
        }
    }

    /// See ``StreamStore``.
    public func acknowledge(_ ids: [StreamID], of group: StreamGroupKey) async throws -> Int {
        self.streams.write(group.stream) { log in
            var known = 0
            for id in ids where log?.groups[group.name]?.acknowledge(id) ?? false { known += 1 }
            return known
        }
    }

    /// See ``StreamStore``.
    public func pendingSummary(of group: StreamGroupKey) async throws -> PendingSummary {
        self.streams.read(group.stream) { log in
            guard let pending = log?.groups[group.name]?.all, let first = pending.first, let last = pending.last else {
                return PendingSummary()
            }
            let consumers = pending.reduce(into: [:]) { $0[$1.consumer, default: 0] += 1 }
            return PendingSummary(count: pending.count, ids: first.id...last.id, consumers: consumers)
        }
    }

    /// See ``StreamStore``.
    public func pendingMessages(
        of group: StreamGroupKey,
        _ consumer: String?,
        idleFor milliseconds: Int64,
        from id: StreamID,
        limit: Int
    ) async throws -> [PendingMessage] {
        let now = self.clock.now
        return self.streams.read(group.stream) { log in
            let found = log?.groups[group.name]?.pending(
                of: consumer,
                idleFor: .milliseconds(milliseconds),
                from: id,
                limit: limit,
                now: now
            )
            return (found ?? []).map { pending in
                PendingMessage(
                    id: pending.id,
                    consumer: pending.consumer,
                    idle: pending.deliveredAt.duration(to: now),
                    deliveries: pending.deliveries
                )
            }
        }
    }

    /// See ``StreamStore``.
    public func consumers(of group: StreamGroupKey) async throws -> [StreamConsumer] {
        let now = self.clock.now
        return self.streams.read(group.stream) { log in
            guard let reading = log?.groups[group.name] else { return [] }
            let pending = reading.all.reduce(into: [:]) { $0[$1.consumer, default: 0] += 1 }
            return reading.consumers.map { name, lastSeen in
                StreamConsumer(name: name, pending: pending[name] ?? 0, idle: lastSeen.duration(to: now))
            }
        }
    }

    /// See ``StreamStore``.
    public func removeConsumer(_ consumer: String, of group: StreamGroupKey) async throws -> Int? {
        self.streams.write(group.stream) { $0?.groups[group.name]?.remove(consumer) }
    }

    /// Milliseconds since 1970, moved on by the store's clock.
    private var milliseconds: UInt64 {
        UInt64(clamping: self.epoch + self.clock.now.nanoseconds / 1_000_000)
    }
}
