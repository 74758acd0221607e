import Larder
import Synchronization

// Reads that miss too, and store what they missed.
extension MemoryMeasurement {
    func zipf() throws {
        let room = 100_000
        let keys = LentKeys(threads: self.mostThreads) { Self.keys(1_000_000) }
        let operations = 1 << 22
        // Each thread asks for the same keys with the same popularity, in an order of its own.
        let orders = (0..<self.mostThreads).map { thread in
            AccessOrder.zipf(below: keys.count, exponent: 0.99, count: operations, seed: 10 + UInt64(thread))
        }
        try self.caffeine?.prepareZipf(keys: keys.count, limit: room, orders: orders)
        for threads in self.threadCounts {
            var ours: [Sample] = []
            var theirs: [Sample] = []
            for _ in 0..<self.runs {
                ours.append(Self.zipf(keys, orders, room: room, threads: threads))
                if let peer = self.caffeine { theirs.append(try peer.run(threads: threads)) }
            }
            var line =
                if let peer = self.caffeine {
                    Self.line("memory.zipf", threads: threads, ours: ours, peer: peer.name, theirs: theirs)
                } else {
                    Self.line("memory.zipf", threads: threads, ours)
                }
            line.set("entries", room)
            line.set("hit_ratio", median(ours.map(\.hitRatio)), decimals: 4)
            if !theirs.isEmpty { line.set("peer_hit_ratio", median(theirs.map(\.hitRatio)), decimals: 4) }
            line.print()
        }
    }

    /// Fills a new cache by one pass and measures the second: a service runs for longer than it warms up.
    private static func zipf(
        _ keys: LentKeys<String>,
        _ orders: [[UInt32]],
        room: Int,
        threads: Int
    ) -> Sample {
        let cache = MemoryCache<String, Payload>(limit: .entries(room))
        let payload = Payload(1)
        let operations = orders[0].count
        let misses = Mutex(0)
        var sample = Sample(nanoseconds: 0, cpuNanoseconds: 0)
        for _ in 0..<2 {
            misses.withLock { $0 = 0 }
            sample = measure(threads: threads, operations: operations) { thread in
                var sum = 0
                var missed = 0
                for index in orders[thread] {
                    keys.lend(index, to: thread) { key in
                        if let payload = cache.value(forKey: key) {
                            sum &+= payload.number
                        } else {
                            cache.insert(payload, forKey: key)
                            missed &+= 1
                        }
                    }
                }
                misses.withLock { $0 += missed }
                return sum
            }
        }
        sample.hitRatio = 1 - Double(misses.withLock(\.self)) / Double(operations * threads)
        return sample
    }
}
