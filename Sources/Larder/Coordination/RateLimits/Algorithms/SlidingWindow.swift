/// A log of charges, in which those that lie close together are one.
///
/// The usual estimate from two counters (as much of the previous window as still overlaps) may allow more than the limit, or
/// a good deal less. A full log is exact and takes as much memory as the limit allows charges. This one is full up to a limit of
/// 128. Above, a charge that comes less than 1/128 of the window after an entry's first one joins that entry, and the
/// entry ends with its last one. So a log has about 130 entries at most, never allows more than the limit, and remembers a
/// charge for at most 1/128 of the window too long.
package struct SlidingWindow: Sendable, Hashable {
    /// The number of entries from which on they are joined, and the part of the window in which they are.
    private static let mostEntries: Int64 = 128

    /// How much may be charged in any window.
    package let count: Int64

    /// How long a window is, in microseconds.
    package let length: Int64

    /// For how many microseconds after its first charge an entry takes others.
    package let grain: Int64

    init(count: Int64, length: Int64) {
        self.count = count
        self.length = length
        self.grain = count <= Self.mostEntries ? 1 : max(1, length / Self.mostEntries)
    }

    /// What is remembered, as it is at a moment.
    ///
    /// - Parameters:
    ///   - log: What is remembered.
    ///   - now: The moment.
    /// - Returns: The log without what has left the window, and whether the clock turned out to have gone back.
    func seen(_ log: ChargeLog?, at now: Int64) -> (log: ChargeLog, isMended: Bool) {
        let past = now - self.length
        guard var log, log.newest.count > 0, log.newest.time > past else { return (ChargeLog(), false) }
        log.removeAll(upTo: past)
        guard log.newest.time > now else { return (log, false) }
        log.takeBack(to: now)
        return (log, true)
    }

    /// How far a log uses the limit up.
    ///
    /// - Parameters:
    ///   - log: The log, as it is seen at the moment.
    ///   - now: The moment.
    ///   - cost: What is asked about.
    /// - Returns: The level.
    func level(_ log: ChargeLog, at now: Int64, cost: Int64) -> RateLimitLevel {
        guard log.newest.count > 0 else { return RateLimitLevel(span: 0, amount: 0) }
        var level = RateLimitLevel(span: log.newest.time + self.length - now, amount: log.total)
        let excess = log.total + cost - self.count
        if excess > 0 { level.wait = log.time(freeing: excess) + self.length - now }
        return level
    }

    func charge(_ log: inout ChargeLog, _ cost: Int64, at now: Int64) {
        log.add(cost, at: now, grain: self.grain)
    }
}

/// Charges with their times, oldest first.
package struct ChargeLog: Sendable {
    /// Charges that are remembered as one.
    struct Entry: Sendable {
        /// When the last of them was, in microseconds.
        var time: Int64
        var count: Int64
    }

    /// The sum of all.
    private(set) var total: Int64 = 0

    /// The newest entry; its count is 0 where there is none.
    private(set) var newest = Entry(time: 0, count: 0)

    /// When the first charge of the newest entry was.
    private var start: Int64 = 0

    /// All others; those before `head` have left the window.
    private var older: [Entry] = []
    private var head = 0

    /// How many entries there are.
    var entryCount: Int { self.older.count - self.head + (self.newest.count > 0 ? 1 : 0) }

    /// Forgets what was charged up to a moment.
    ///
    /// Without touching the array, which somebody else may hold as well.
    mutating func removeAll(upTo time: Int64) {
        while self.head < self.older.count, self.older[self.head].time <= time {
            self.total -= self.older[self.head].count
            self.head += 1
        }
    }

    /// Lets what was charged after a moment have been charged then.
    mutating func takeBack(to now: Int64) {
        while self.older.count > self.head, let last = self.older.last, last.time > now {
            self.newest.count += last.count
            self.older.removeLast()
        }
        self.newest.time = now
        self.start = now
    }

    mutating func add(_ count: Int64, at now: Int64, grain: Int64) {
        if self.newest.count > 0, now - self.start < grain {
            self.newest = Entry(time: now, count: self.newest.count + count)
        } else {
            if self.newest.count > 0 { self.append(self.newest) }
            self.newest = Entry(time: now, count: count)
            self.start = now
        }
        self.total += count
    }

    private mutating func append(_ entry: Entry) {
        // Half of it has left: moving the rest costs no more than having read what left.
        if self.head > 16, self.head * 2 > self.older.count {
            self.older.removeFirst(self.head)
            self.head = 0
        }
        self.older.append(entry)
    }

    /// The time of the entry with which, counted from the oldest, so much will have left the window; the newest one's if it is
    /// more than there is.
    func time(freeing amount: Int64) -> Int64 {
        var left = amount
        for entry in self.older[self.head...] {
            left -= entry.count
            if left <= 0 { return entry.time }
        }
        return self.newest.time
    }
}
