internal import DequeModule

/// Three queues: algorithm 1 of Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction",
/// SOSP 2023, with the paper's sizes.
package struct S3FIFO: SimulatedCache {
    private let entries: Int
    private let smallRoom: Int
    private let ghostRoom: Int

    private var small: Deque<UInt64> = []
    private var main: Deque<UInt64> = []
    /// How often each key in `small` or `main` was asked for since it came or went round, at most three times.
    private var frequencies: [UInt64: Int] = [:]

    private var ghosts: Deque<(key: UInt64, time: Int)> = []
    /// When each ghost came: one that came anew has an older copy in the queue, which no longer counts.
    private var ghostTimes: [UInt64: Int] = [:]
    private var ghostClock = 0

    package init(entries: Int) {
        self.entries = entries
        self.smallRoom = max(1, entries / 10)
        self.ghostRoom = entries - entries / 10
    }

    package mutating func request(_ key: UInt64, size: Int) -> Bool {
        if let frequency = self.frequencies[key] {
            self.frequencies[key] = min(frequency + 1, 3)
            return true
        }
        guard self.entries > 0 else { return false }
        // Asked before room is made, which may push the key's ghost out.
        let isGhost = self.ghostTimes.removeValue(forKey: key) != nil
        while self.small.count + self.main.count >= self.entries {
            if self.small.count >= self.smallRoom || self.main.isEmpty {
                self.evictFromSmall()
            } else {
                self.evictFromMain()
            }
        }
        self.frequencies[key] = 0
        if isGhost {
            self.main.append(key)
        } else {
            self.small.append(key)
        }
        return false
    }

    /// Moves keys that were asked for more than once to main, up to the first that was not: that one leaves.
    private mutating func evictFromSmall() {
        while let key = self.small.popFirst() {
            if self.frequencies[key, default: 0] > 1 {
                self.frequencies[key] = 0
                self.main.append(key)
            } else {
                self.frequencies[key] = nil
                self.remember(key)
                return
            }
        }
    }

    /// Sends keys round again that were asked for, up to the first that was not: that one leaves.
    private mutating func evictFromMain() {
        while let key = self.main.popFirst() {
            let frequency = self.frequencies[key, default: 0]
            if frequency == 0 {
                self.frequencies[key] = nil
                return
            }
            self.frequencies[key] = frequency - 1
            self.main.append(key)
        }
    }

    private mutating func remember(_ key: UInt64) {
        self.ghostClock += 1
        self.ghostTimes[key] = self.ghostClock
        self.ghosts.append((key, self.ghostClock))
        while self.ghostTimes.count > self.ghostRoom, let (oldest, time) = self.ghosts.popFirst() {
            if self.ghostTimes[oldest] == time { self.ghostTimes[oldest] = nil }
        }
    }
}
