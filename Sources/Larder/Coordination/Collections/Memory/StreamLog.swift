/// A stream in memory: messages by their ids, and the groups that read them.
struct StreamLog: Sendable {
    /// A message; in order of the ids.
    struct Entry: Comparable, Sendable {
        var id: StreamID
        var element: [UInt8] = []

        static func < (left: Entry, right: Entry) -> Bool { left.id < right.id }
        static func == (left: Entry, right: Entry) -> Bool { left.id == right.id }
    }

    private(set) var entries: OrderedTree<Entry>
    private(set) var lastID = StreamID.zero
    var groups: [String: GroupReading] = [:]

    /// - Parameter capacity: How large the tree's nodes are.
    init(capacity: Int = 64) { self.entries = OrderedTree(capacity: capacity) }

    /// Appends a message.
    ///
    /// - Parameters:
    ///   - element: The message's bytes.
    ///   - milliseconds: The time. Ids grow whatever it is.
    /// - Returns: The message's id; `nil` where there is none left, which no clock brings about.
    mutating func append(_ element: [UInt8], at milliseconds: UInt64) -> StreamID? {
        let id = milliseconds > self.lastID.milliseconds ? StreamID(milliseconds: milliseconds) : self.lastID.next
        guard let id else { return nil }
        self.lastID = id
        self.entries.insert(Entry(id: id, element: element))
        return id
    }

    /// Drops what exceeds a limit.
    ///
    /// - Parameters:
    ///   - limit: The limit.
    ///   - milliseconds: The time.
    /// - Returns: How many messages were dropped.
    @discardableResult
    mutating func trim(to limit: StreamLimit, at milliseconds: UInt64) -> Int {
        let dropped: Int
        switch limit.kind {
        case .count(let count): dropped = max(0, self.entries.count - count)
        case .age(let age):
            let age = UInt64(clamping: age)
            let oldest = StreamID(milliseconds: milliseconds < age ? 0 : milliseconds - age)
            dropped = self.place(of: oldest)
        }
        return self.entries.remove(at: 0..<dropped).count
    }

    /// Removes a message.
    ///
    /// - Returns: Whether it was there.
    mutating func remove(_ id: StreamID) -> Bool {
        let place = self.place(of: id)
        guard place < self.entries.count, self.entries[place].id == id else { return false }
        self.entries.remove(at: place)
        return true
    }

    /// The messages from one to another.
    func messages(_ ids: ClosedRange<StreamID>, isReversed: Bool, limit: Int) -> [StoredMessage] {
        let lower = self.place(of: ids.lowerBound)
        let upper = ids.upperBound.next.map { self.place(of: $0) } ?? self.entries.count
        let count = min(limit, upper - lower)
        let found = self.entries.elements(at: isReversed ? upper - count..<upper : lower..<lower + count)
        let messages = found.map { StoredMessage(id: $0.id, element: $0.element) }
        return isReversed ? messages.reversed() : messages
    }

    /// The bytes of a message; `nil` where it is not there any more.
    func element(_ id: StreamID) -> [UInt8]? {
        let place = self.place(of: id)
        guard place < self.entries.count else { return nil }
        let entry = self.entries[place]
        return entry.id == id ? entry.element : nil
    }

    private func place(of id: StreamID) -> Int { self.entries.place { $0.id < id } }

    // MARK: Groups

    /// Makes a group, unless it is there.
    ///
    /// - Returns: Whether it was made.
    mutating func makeGroup(_ name: String, at start: StreamStart) -> Bool {
        if self.groups[name] != nil { return false }
        self.groups[name] = GroupReading(lastDelivered: start.id ?? self.lastID)
        return true
    }

    /// Delivers messages that no consumer of a group has got yet.
    mutating func deliver(_ group: String, to consumer: String, limit: Int, now: CacheInstant) -> [StoredMessage] {
        guard let position = self.groups[group]?.lastDelivered, let first = position.next else { return [] }
        let found = self.messages(first...StreamID.last, isReversed: false, limit: limit)
        self.groups[group]?.deliver(found.map(\.id), to: consumer, now: now)
        return found.map { StoredMessage(id: $0.id, element: $0.element, deliveries: 1) }
    }

    /// Delivers again what a consumer has got and not acknowledged.
    mutating func redeliver(
        _ group: String,
        to consumer: String,
        after id: StreamID,
        limit: Int,
        now: CacheInstant
    ) -> StoredDeliveries {
        guard let first = id.next, let reading = self.groups[group] else {
            return StoredDeliveries(messages: [], position: nil)
        }
        let ids = reading.ids(of: consumer, idleFor: nil, from: first, limit: limit, now: now)
        let messages = self.deliverAgain(ids, group, to: consumer, now: now)
        return StoredDeliveries(messages: messages, position: ids.count < limit ? nil : ids.last)
    }

    /// Makes messages that were left alone those of another consumer.
    mutating func claim(
        _ group: String,
        for consumer: String,
        idleFor milliseconds: Int64,
        from id: StreamID,
        limit: Int,
        now: CacheInstant
    ) -> StoredDeliveries {
        guard let reading = self.groups[group] else { return StoredDeliveries(messages: [], position: nil) }
        let ids = reading.ids(
            of: nil,
            idleFor: .milliseconds(milliseconds),
            from: id,
            limit: limit,
            now: now
        )
        let messages = self.deliverAgain(ids, group, to: consumer, now: now)
        let position = ids.last.flatMap(\.next).flatMap { self.groups[group]?.firstID(from: $0) }
        return StoredDeliveries(messages: messages, position: ids.count < limit ? nil : position)
    }

    /// Delivers messages to a consumer once more; those that are gone are acknowledged.
    private mutating func deliverAgain(
        _ ids: [StreamID],
        _ group: String,
        to consumer: String,
        now: CacheInstant
    ) -> [StoredMessage] {
        self.groups[group]?.meet(consumer, now: now)
        var messages: [StoredMessage] = []
        for id in ids {
            if let element = self.element(id) {
                let deliveries = self.groups[group]?.deliverAgain(id, to: consumer, now: now) ?? 1
                messages.append(StoredMessage(id: id, element: element, deliveries: deliveries))
            } else {
                _ = self.groups[group]?.acknowledge(id)
            }
        }
        return messages
    }
}

extension StreamLog: CollectionContents {
    /// A stream without messages keeps its last id and its groups.
    var isEmpty: Bool { false }
}

/// How far a group has read a stream, and what it keeps in mind.
struct GroupReading: Sendable {
    /// A message that was delivered and not acknowledged; in order of the ids.
    struct Pending: Comparable, Sendable {
        var id: StreamID
        var consumer: String
        var deliveredAt: CacheInstant
        var deliveries = 1

        static func < (left: Pending, right: Pending) -> Bool { left.id < right.id }
        static func == (left: Pending, right: Pending) -> Bool { left.id == right.id }
    }

    private(set) var lastDelivered: StreamID
    private(set) var pending = OrderedTree<Pending>()
    /// When each consumer last asked for messages.
    private(set) var consumers: [String: CacheInstant] = [:]

    init(lastDelivered: StreamID) { self.lastDelivered = lastDelivered }

    /// Notes that a consumer has asked for messages.
    mutating func meet(_ consumer: String, now: CacheInstant) { self.consumers[consumer] = now }

    mutating func deliver(_ ids: [StreamID], to consumer: String, now: CacheInstant) {
        self.meet(consumer, now: now)
        for id in ids {
            // A group that was sent back delivers again what it keeps in mind.
            self.acknowledge(id)
            self.pending.insert(Pending(id: id, consumer: consumer, deliveredAt: now))
        }
        self.lastDelivered = ids.last ?? self.lastDelivered
    }

    /// - Returns: How often the message was delivered by now.
    mutating func deliverAgain(_ id: StreamID, to consumer: String, now: CacheInstant) -> Int {
        guard let place = self.place(of: id) else { return 1 }
        var deliveries = 0
        self.pending.update(at: place) { pending in
            pending.consumer = consumer
            pending.deliveredAt = now
            pending.deliveries += 1
            deliveries = pending.deliveries
        }
        return deliveries
    }

    /// - Returns: Whether the message was kept in mind.
    @discardableResult
    mutating func acknowledge(_ id: StreamID) -> Bool {
        guard let place = self.place(of: id) else { return false }
        self.pending.remove(at: place)
        return true
    }

    /// Forgets a consumer.
    ///
    /// - Returns: How many messages it had not acknowledged.
    mutating func remove(_ consumer: String) -> Int {
        self.consumers[consumer] = nil
        let places = self.all.enumerated().filter { $1.consumer == consumer }.map(\.offset)
        for place in places.reversed() { self.pending.remove(at: place) }
        return places.count
    }

    /// All that is kept in mind, in order.
    var all: [Pending] { self.pending.elements(at: 0..<self.pending.count) }

    /// The first id, from one on, that is kept in mind.
    func firstID(from id: StreamID) -> StreamID? {
        let place = self.pending.place { $0.id < id }
        return place < self.pending.count ? self.pending[place].id : nil
    }

    /// What is kept in mind, from an id on.
    ///
    /// - Parameters:
    ///   - consumer: Whose messages; `nil` for everybody's.
    ///   - idle: For how long nobody must have got them; `nil` for any time.
    ///   - id: With which id to begin.
    ///   - limit: How many, at most.
    ///   - now: The time.
    /// - Returns: The messages.
    func pending(
        of consumer: String?,
        idleFor idle: Duration?,
        from id: StreamID,
        limit: Int,
        now: CacheInstant
    ) -> [Pending] {
        var found: [Pending] = []
        var place = self.pending.place { $0.id < id }
        while place < self.pending.count, found.count < limit {
            // As many at a time as a leaf has: looking at each alone would go down the tree for each.
            for pending in self.pending.elements(at: place..<place + 64) where found.count < limit {
                guard consumer == nil || pending.consumer == consumer else { continue }
                if let idle, pending.deliveredAt.duration(to: now) < idle { continue }
                found.append(pending)
            }
            place += 64
        }
        return found
    }

    func ids(
        of consumer: String?,
        idleFor idle: Duration?,
        from id: StreamID,
        limit: Int,
        now: CacheInstant
    ) -> [StreamID] {
        self.pending(of: consumer, idleFor: idle, from: id, limit: limit, now: now).map(\.id)
    }

    private func place(of id: StreamID) -> Int? {
        let place = self.pending.place { $0.id < id }
        return place < self.pending.count && self.pending[place].id == id ? place : nil
    }
}
