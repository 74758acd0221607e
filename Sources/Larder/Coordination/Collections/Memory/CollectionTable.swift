import HeapModule
import Synchronization

/// What a collection in memory holds.
package protocol CollectionContents: Sendable {
    /// Whether nothing is left, so that the collection goes.
    var isEmpty: Bool { get }
}

/// What can be done with a collection whatever it holds.
package protocol CollectionLives: Sendable {
    /// Removes a collection; returns whether it was there.
    func remove(_ key: CollectionKey) -> Bool

    /// How long a collection has left; `nil` where there is no such collection.
    func timeLeft(of key: CollectionKey) -> TimeLeft?

    /// Gives a collection another end, in so many milliseconds or never; returns whether it is there.
    func expire(_ key: CollectionKey, after milliseconds: Int64?) -> Bool
}

/// The collections of one kind in the memory of this process: contents by name, each with its end.
///
/// As in Redis, one that is empty or past its end is not there. What has ended is freed by the calls that come after it:
/// each that writes to a shard frees up to two in it, more than it can add, so what has ended never piles up while
/// anything is written; ``sweep()`` frees the rest.
package final class CollectionTable<Contents: CollectionContents>: CollectionLives {
    private struct Entry: Sendable {
        /// `nil` only within a call.
        var contents: Contents?
        var end: CacheInstant?
        /// When the heap looks at this entry next.
        var lookedAt: CacheInstant?
        /// Tells it from others that had the same name.
        let serial: UInt64
    }

    private struct End: Sendable, Comparable {
        let moment: CacheInstant
        let serial: UInt64
        let key: CollectionKey

        static func < (left: Self, right: Self) -> Bool {
            (left.moment, left.serial) < (right.moment, right.serial)
        }
    }

    private struct Shard: Sendable {
        var entries: [CollectionKey: Entry] = [:]
        /// At least one for each entry with an end, no later than that end.
        var ends = Heap<End>()
        var nextSerial: UInt64 = 0

        /// Frees what has ended, looking at so many ends at most.
        mutating func sweep(_ now: CacheInstant, atMost limit: Int) {
            for _ in 0..<limit {
                guard let next = self.ends.min, next.moment <= now else { return }
                self.ends.removeMin()
                guard let index = self.entries.index(forKey: next.key) else { continue }
                let entry = self.entries.values[index]
                // Looked at for another of this name, or for an end that has come nearer since.
                guard entry.serial == next.serial, entry.lookedAt == next.moment else { continue }
                if let end = entry.end, end <= now {
                    self.entries.remove(at: index)
                } else {
                    self.entries.values[index].lookedAt = nil
                    self.lookAtEnd(of: next.key, index)
                }
            }
        }

        /// Sees to it that the heap looks at an entry in time.
        mutating func lookAtEnd(of key: CollectionKey, _ index: Dictionary<CollectionKey, Entry>.Index) {
            let entry = self.entries.values[index]
            guard let end = entry.end else { return }
            // One that moves its end with each write would fill the heap if each of them went there.
            if let lookedAt = entry.lookedAt, lookedAt <= end { return }
            self.entries.values[index].lookedAt = end
            self.ends.insert(End(moment: end, serial: entry.serial, key: key))
            if self.ends.count > 2 * self.entries.count + Self.mostIdleEnds { self.forgetIdleEnds() }
        }

        /// Ends of collections that are gone which the heap may hold beside as many as there are collections.
        private static var mostIdleEnds: Int { 64 }

        /// Drops the ends of collections that were removed before: they would stay until their moment.
        private mutating func forgetIdleEnds() {
            self.ends = Heap(
                self.entries.compactMap { key, entry in
                    entry.lookedAt.map { End(moment: $0, serial: entry.serial, key: key) }
                }
            )
        }

        /// Where a collection is, if it has not ended.
        func index(of key: CollectionKey, _ now: CacheInstant) -> Dictionary<CollectionKey, Entry>.Index? {
            guard let index = self.entries.index(forKey: key) else { return nil }
            if let end = self.entries.values[index].end, end <= now { return nil }
            return index
        }

        mutating func write<Result: Sendable, Failure: Error>(
            _ key: CollectionKey,
            _ lifetime: CollectionLifetime,
            _ now: CacheInstant,
            if isWrite: (Result) -> Bool = { _ in true },
            _ body: (inout Contents?) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            self.sweep(now, atMost: 2)
            if let index = self.index(of: key, now) {
                let result = try body(&self.entries.values[index].contents)
                if self.entries.values[index].contents?.isEmpty ?? true {
                    self.entries.remove(at: index)
                } else if isWrite(result) {
                    self.live(key, index, lifetime, now)
                }
                return result
            }
            var contents: Contents?
            let result = try body(&contents)
            guard let contents, !contents.isEmpty else { return result }
            self.nextSerial += 1
            self.entries[key] = Entry(contents: contents, end: nil, lookedAt: nil, serial: self.nextSerial)
            if let index = self.entries.index(forKey: key) { self.live(key, index, lifetime, now) }
            return result
        }

        private mutating func live(
            _ key: CollectionKey,
            _ index: Dictionary<CollectionKey, Entry>.Index,
            _ lifetime: CollectionLifetime,
            _ now: CacheInstant
        ) {
            guard let milliseconds = lifetime.milliseconds else { return }
            if !lifetime.isSliding, self.entries.values[index].end != nil { return }
            self.entries.values[index].end = now.advanced(by: .milliseconds(milliseconds))
            self.lookAtEnd(of: key, index)
        }
    }

    private final class LockedShard: Sendable {
        let state = Mutex(Shard())
    }

    private let shards: [LockedShard]
    private let clock: CacheClock

    /// - Parameter clock: What collections age by.
    package init(clock: CacheClock) {
        self.clock = clock
        self.shards = (0..<16).map { _ in LockedShard() }
    }

    private func shardIndex(of key: CollectionKey) -> Int {
        Int(UInt(bitPattern: key.hashValue) % UInt(self.shards.count))
    }

    private func shard(of key: CollectionKey) -> LockedShard { self.shards[self.shardIndex(of: key)] }

    /// Looks at a collection.
    ///
    /// - Parameters:
    ///   - key: The collection.
    ///   - body: What to do with the contents; `nil` where there is no such collection. Called with part of the table
    ///     locked, so it calls nothing else.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    package func read<Result: Sendable, Failure: Error>(
        _ key: CollectionKey,
        _ body: (Contents?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let now = self.clock.now
        return try self.shard(of: key).state.withLock { (shard) throws(Failure) -> Result in
            guard let index = shard.index(of: key, now) else { return try body(nil) }
            return try body(shard.entries.values[index].contents)
        }
    }

    /// Changes a collection, or makes one.
    ///
    /// - Parameters:
    ///   - key: The collection.
    ///   - lifetime: How long it lives, if it is there afterwards.
    ///   - isWrite: Whether what `body` returns tells of a write, which begins a sliding lifetime anew; if left out, it is
    ///     one.
    ///   - body: Changes the contents in place; `nil` before where there is no such collection, `nil` or empty after where
    ///     there is to be none. It throws before it changes anything, or not at all. Called with part of the table locked,
    ///     so it calls nothing else.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    package func write<Result: Sendable, Failure: Error>(
        _ key: CollectionKey,
        _ lifetime: CollectionLifetime = .unlimited,
        if isWrite: (Result) -> Bool = { _ in true },
        _ body: (inout Contents?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let now = self.clock.now
        return try self.shard(of: key).state.withLock { (shard) throws(Failure) -> Result in
            try shard.write(key, lifetime, now, if: isWrite, body)
        }
    }

    /// Changes two different collections in one step.
    ///
    /// - Parameters:
    ///   - first: The one.
    ///   - second: The other.
    ///   - lifetime: How long they live, if they are there afterwards. The first only keeps what it has.
    ///   - isWrite: Whether what `body` returns tells of a write to the second.
    ///   - body: Changes the contents of both.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    package func write<Result: Sendable, Failure: Error>(
        _ first: CollectionKey,
        and second: CollectionKey,
        _ lifetime: CollectionLifetime,
        if isWrite: (Result) -> Bool = { _ in true },
        _ body: (inout Contents?, inout Contents?) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let now = self.clock.now
        let (one, two) = (self.shardIndex(of: first), self.shardIndex(of: second))
        if one == two {
            return try self.shards[one].state.withLock { (shard) throws(Failure) -> Result in
                // The second is taken out while the first is changed, for both lie in one table.
                var taken: Contents?
                if let index = shard.index(of: second, now) {
                    swap(&taken, &shard.entries.values[index].contents)
                }
                let outcome: Swift.Result<Result, Failure>
                do throws(Failure) {
                    outcome = .success(
                        try shard.write(first, .unlimited, now) { (contents) throws(Failure) -> Result in
                            try body(&contents, &taken)
                        }
                    )
                } catch {
                    outcome = .failure(error)
                }
                let isDone = if case .success(let result) = outcome { isWrite(result) } else { false }
                shard.write(second, isDone ? lifetime : .unlimited, now) { $0 = taken }
                return try outcome.get()
            }
        }
        // Always in the same order, so that no two calls wait for each other.
        let isFirstLower = one < two
        return try self.shards[min(one, two)].state.withLock { (lower) throws(Failure) -> Result in
            try self.shards[max(one, two)].state.withLock { (upper) throws(Failure) -> Result in
                if isFirstLower {
                    return try lower.write(first, .unlimited, now) { (from) throws(Failure) -> Result in
                        try upper.write(second, lifetime, now, if: isWrite) { (to) throws(Failure) -> Result in
                            try body(&from, &to)
                        }
                    }
                }
                return try upper.write(first, .unlimited, now) { (from) throws(Failure) -> Result in
                    try lower.write(second, lifetime, now, if: isWrite) { (to) throws(Failure) -> Result in
                        try body(&from, &to)
                    }
                }
            }
        }
    }

    /// Removes a collection.
    ///
    /// - Parameter key: The collection.
    /// - Returns: Whether it was there.
    package func remove(_ key: CollectionKey) -> Bool {
        self.write(key) { (contents) -> Bool in
            defer { contents = nil }
            return contents != nil
        }
    }

    /// How long a collection has left.
    ///
    /// - Parameter key: The collection.
    /// - Returns: The time; `nil` where there is no such collection.
    package func timeLeft(of key: CollectionKey) -> TimeLeft? {
        let now = self.clock.now
        return self.shard(of: key).state.withLock { shard -> TimeLeft? in
            guard let index = shard.index(of: key, now) else { return nil }
            return shard.entries.values[index].end.map { .remaining(now.duration(to: $0)) } ?? .forever
        }
    }

    /// Gives a collection another end.
    ///
    /// - Parameters:
    ///   - key: The collection.
    ///   - milliseconds: In how many milliseconds; `nil`, never.
    /// - Returns: Whether there is such a collection.
    package func expire(_ key: CollectionKey, after milliseconds: Int64?) -> Bool {
        let now = self.clock.now
        return self.shard(of: key).state.withLock { shard -> Bool in
            guard let index = shard.index(of: key, now) else { return false }
            shard.entries.values[index].end = milliseconds.map { now.advanced(by: .milliseconds($0)) }
            shard.lookAtEnd(of: key, index)
            return true
        }
    }

    /// Frees everything that has ended.
    package func sweep() {
        let now = self.clock.now
        for shard in self.shards {
            shard.state.withLock { $0.sweep(now, atMost: .max) }
        }
    }

    /// How many collections take room, those included that have ended and are not freed yet.
    package var count: Int {
        self.shards.reduce(0) { sum, shard in sum + shard.state.withLock { $0.entries.count } }
    }

    /// How many ends are waited for, those included of collections that are gone.
    var endCount: Int {
        self.shards.reduce(0) { sum, shard in sum + shard.state.withLock { $0.ends.count } }
    }
}
