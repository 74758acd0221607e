internal import DequeModule

/// First in, first out: what has been in for longest leaves, asked for or not.
package struct FIFO: SimulatedCache {
    private let room: Int
    private var used = 0
    private var sizes: [UInt64: Int] = [:]
    private var queue: Deque<UInt64> = []

    package init(room: Int) {
        self.room = room
    }

    package mutating func request(_ key: UInt64, size: Int) -> Bool {
        if self.sizes[key] != nil { return true }
        if size > self.room { return false }
        while self.used + size > self.room, let oldest = self.queue.popFirst() {
            self.used -= self.sizes.removeValue(forKey: oldest) ?? 0
        }
        self.sizes[key] = size
        self.queue.append(key)
        self.used += size
        return false
    }
}
