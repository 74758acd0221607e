import DequeModule
import HeapModule

/// A queue in memory: what waits, and what is reserved.
struct QueueContents: CollectionContents {
    private struct Reserved: Sendable {
        var element: [UInt8]
        var end: CacheInstant
    }

    private struct End: Sendable, Comparable {
        var moment: CacheInstant
        var number: UInt64

        static func < (left: Self, right: Self) -> Bool {
            (left.moment, left.number) < (right.moment, right.number)
        }
    }

    private(set) var waiting: Deque<[UInt8]> = []
    private var reserved: [UInt64: Reserved] = [:]
    /// The ends of reservations; some of those that are over, too.
    private var ends = Heap<End>()

    var isEmpty: Bool { self.waiting.isEmpty && self.reserved.isEmpty }

    var reservedCount: Int { self.reserved.count }

    /// - Returns: Whether the elements were taken in.
    mutating func enqueue(_ elements: [[UInt8]], limit: QueueLimit?) -> Bool {
        if let limit, !limit.dropsOldest, self.waiting.count + elements.count > limit.count { return false }
        self.waiting.append(contentsOf: elements)
        if let limit, self.waiting.count > limit.count { self.waiting.removeFirst(self.waiting.count - limit.count) }
        return true
    }

    /// Brings back what was reserved for too long: what was due first comes first.
    mutating func reclaim(_ now: CacheInstant) {
        var due: [[UInt8]] = []
        while let next = self.ends.min, next.moment <= now {
            self.ends.removeMin()
            guard let entry = self.reserved[next.number], entry.end == next.moment else { continue }
            self.reserved[next.number] = nil
            due.append(entry.element)
        }
        if !due.isEmpty { self.waiting.prepend(contentsOf: due) }
    }

    mutating func dequeue(_ count: Int, until end: CacheInstant?) -> [QueueItem] {
        let taken = Array(self.waiting.prefix(max(0, count)))
        self.waiting.removeFirst(taken.count)
        guard let end else { return taken.map { QueueItem(element: $0) } }
        return taken.map { element in
            // Never that of a reservation that is over, whose holder may still come.
            let number = UInt64.random(in: .min ... .max)
            self.reserved[number] = Reserved(element: element, end: end)
            self.note(End(moment: end, number: number))
            return QueueItem(element: element, reservation: Self.bytes(of: number))
        }
    }

    mutating func putBack(_ items: [QueueItem]) -> Int {
        let back = items.filter { $0.reservation.isEmpty || self.end(of: $0) }
        self.waiting.prepend(contentsOf: back.map(\.element))
        return back.count
    }

    /// - Returns: Whether the reservation stood.
    mutating func end(of item: QueueItem) -> Bool {
        Self.number(of: item).flatMap { self.reserved.removeValue(forKey: $0) } != nil
    }

    mutating func renew(_ item: QueueItem, until end: CacheInstant) -> Bool {
        guard let number = Self.number(of: item), self.reserved[number] != nil else { return false }
        self.reserved[number]?.end = end
        self.note(End(moment: end, number: number))
        return true
    }

    /// Reservations that are over of which the heap may hold the ends, beside as many as stand.
    private static var mostIdleEnds: Int { 64 }

    private mutating func note(_ end: End) {
        self.ends.insert(end)
        // Those of reservations that were ended or renewed would stay until their moment.
        guard self.ends.count > 2 * self.reserved.count + Self.mostIdleEnds else { return }
        self.ends = Heap(self.reserved.map { End(moment: $1.end, number: $0) })
    }

    private static func bytes(of number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func number(of item: QueueItem) -> UInt64? {
        guard item.reservation.count == 8 else { return nil }
        return item.reservation.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension MemoryCollections {
    /// Puts elements to the end of a queue.
    public func enqueue(
        _ elements: [[UInt8]],
        to key: CollectionKey,
        limit: QueueLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let count = try self.queues.write(key, lifetime) { (contents) throws(CacheError) -> Int in
            if contents == nil { contents = QueueContents() }
            if contents?.enqueue(elements, limit: limit) == false, let limit {
                // One that was only made for this goes as it came.
                throw .queueFull(key, limit)
            }
            return contents?.waiting.count ?? 0
        }
        self.wakeUps.wake(key)
        return count
    }

    /// Takes elements from the front of a queue.
    public func dequeue(
        _ count: Int,
        from key: CollectionKey,
        reservingFor milliseconds: Int64?,
        _ lifetime: CollectionLifetime
    ) async throws -> [QueueItem] {
        let now = self.clock.now
        let end = milliseconds.map { now.advanced(by: .milliseconds($0)) }
        return self.queues.write(key, lifetime, if: { !$0.isEmpty }) { contents -> [QueueItem] in
            contents?.reclaim(now)
            return contents?.dequeue(count, until: end) ?? []
        }
    }

    /// Puts elements back to the front of a queue.
    public func putBack(
        _ items: [QueueItem],
        to key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        let now = self.clock.now
        let count = self.queues.write(key, lifetime, if: { $0 > 0 }) { contents -> Int in
            if contents == nil { contents = QueueContents() }
            contents?.reclaim(now)
            return contents?.putBack(items) ?? 0
        }
        self.wakeUps.wake(key)
        return count
    }

    /// Ends a reservation.
    public func acknowledge(
        _ item: QueueItem,
        of key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        let now = self.clock.now
        return self.queues.write(key, lifetime, if: { $0 }) { contents -> Bool in
            contents?.reclaim(now)
            return contents?.end(of: item) ?? false
        }
    }

    /// Lets a reservation last longer.
    public func renew(
        _ item: QueueItem,
        of key: CollectionKey,
        for milliseconds: Int64,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        let now = self.clock.now
        return self.queues.write(key, lifetime, if: { $0 }) { contents -> Bool in
            contents?.reclaim(now)
            return contents?.renew(item, until: now.advanced(by: .milliseconds(milliseconds))) ?? false
        }
    }

    /// How many elements wait, and how many are reserved.
    public func counts(of key: CollectionKey) async throws -> (waiting: Int, reserved: Int) {
        let now = self.clock.now
        return self.queues.write(key) { contents -> (waiting: Int, reserved: Int) in
            contents?.reclaim(now)
            return (contents?.waiting.count ?? 0, contents?.reservedCount ?? 0)
        }
    }

    /// The elements that wait.
    public func peek(_ key: CollectionKey, atMost count: Int) async throws -> [[UInt8]] {
        let now = self.clock.now
        return self.queues.write(key) { contents -> [[UInt8]] in
            contents?.reclaim(now)
            return contents.map { Array($0.waiting.prefix(max(0, count))) } ?? []
        }
    }

    /// Begins to listen for elements.
    public func listen(to key: CollectionKey) async throws -> (any CollectionSignal)? {
        self.wakeUps.listen(to: key, clock: self.clock)
    }

    /// The store's own clock.
    public var waitClock: CacheClock { self.clock }
}
