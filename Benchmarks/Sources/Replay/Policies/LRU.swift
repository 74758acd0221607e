internal import DequeModule

/// Least recently used: what nobody has asked for the longest leaves.
package struct LRU: SimulatedCache {
    private struct Entry {
        var size: Int
        var lastRequest: Int
    }

    private let room: Int
    private var used = 0
    private var now = 0
    private var entries: [UInt64: Entry] = [:]
    /// All requests in order.
    ///
    /// One that is not its key's last has been overtaken and is skipped, which spares a list to move entries in.
    private var requests: Deque<(key: UInt64, time: Int)> = []

    package init(room: Int) {
        self.room = room
    }

    package mutating func request(_ key: UInt64, size: Int) -> Bool {
        self.now += 1
        let isHit = self.entries[key] != nil
        if !isHit {
            if size > self.room { return false }
            while self.used + size > self.room, self.evictOldest() {}
            self.used += size
        }
        self.entries[key] = Entry(size: size, lastRequest: self.now)
        self.requests.append((key, self.now))
        return isHit
    }

    private mutating func evictOldest() -> Bool {
        while let (key, time) = self.requests.popFirst() {
            guard let entry = self.entries[key], entry.lastRequest == time else { continue }
            self.entries[key] = nil
            self.used -= entry.size
            return true
        }
        return false
    }
}
