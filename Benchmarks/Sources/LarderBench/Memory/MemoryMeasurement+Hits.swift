import Larder
import Synchronization

// Reads of what is there.
extension MemoryMeasurement {
    func hot() throws {
        let load = HitLoad(
            keys: LentKeys(threads: self.mostThreads) { Self.keys(1_000) },
            order: AccessOrder.uniform(below: 1_000, count: 1 << 16, seed: 1),
            rounds: 40
        )
        try self.compareHits("memory.hot", load, limit: 10_000)
    }

    func resident() throws {
        let load = HitLoad(
            keys: LentKeys(threads: self.mostThreads) { Self.keys(100_000) },
            order: AccessOrder.zipf(below: 100_000, exponent: 0.99, count: 1 << 20, seed: 2),
            rounds: 2
        )
        try self.compareHits("memory.resident", load, limit: 200_000)
    }

    private func compareHits(_ name: String, _ load: HitLoad<String>, limit: Int) throws {
        let cache = MemoryCache<String, Payload>(limit: .entries(limit))
        let dictionary = Mutex<[String: any Sendable]>([:])
        load.keys.forEach { index, key in
            cache.insert(Payload(index), forKey: key)
            dictionary.withLock { $0[key] = Payload(index) }
        }
        try self.caffeine?.prepareHits(keys: load.keys.count, limit: limit, rounds: load.rounds, order: load.order)
        for threads in self.threadCounts {
            var ours: [Sample] = []
            var byHand: [Sample] = []
            var caffeine: [Sample] = []
            for _ in 0..<self.runs {
                ours.append(
                    measure(threads: threads, operations: load.operations) { thread in
                        load.sum(thread) { cache.value(forKey: $0)?.number ?? 0 }
                    }
                )
                if let peer = self.caffeine { caffeine.append(try peer.run(threads: threads)) }
                byHand.append(
                    measure(threads: threads, operations: load.operations) { thread in
                        load.sum(thread) { key in
                            (dictionary.withLock { $0[key] } as? Payload)?.number ?? 0
                        }
                    }
                )
            }
            if let peer = self.caffeine {
                Self.line(name, threads: threads, ours: ours, peer: peer.name, theirs: caffeine).print()
            }
            Self.line(name, threads: threads, ours: ours, peer: Self.byHand, theirs: byHand).print()
        }
    }

    /// Values without a reference count, which reading an object from two threads has them fight over.
    func hotValues() {
        let keys = LentKeys(threads: self.mostThreads) { Self.keys(1_000) }
        self.compareWithDictionary("memory.hot.value-int", keys, peer: Self.byHand)
    }

    func hotIntegers() {
        let keys = LentKeys(threads: self.mostThreads) { (0..<1_000).map { $0 * 7_919 } }
        self.compareWithDictionary("memory.hot.int", keys, peer: "Mutex<[Int: any Sendable]>")
    }

    // Inlined, so that the cache is compiled for the kind of key, as it is in its users' code.
    @inline(__always)
    private func compareWithDictionary<Key: Hashable & Sendable>(_ name: String, _ keys: LentKeys<Key>, peer: String) {
        let load = HitLoad(
            keys: keys,
            order: AccessOrder.uniform(below: 1_000, count: 1 << 16, seed: 1),
            rounds: 40
        )
        let cache = MemoryCache<Key, Int>(limit: .entries(10_000))
        let dictionary = Mutex<[Key: any Sendable]>([:])
        load.keys.forEach { index, key in
            cache.insert(index, forKey: key)
            dictionary.withLock { $0[key] = index }
        }
        for threads in self.threadCounts {
            var ours: [Sample] = []
            var byHand: [Sample] = []
            for _ in 0..<self.runs {
                ours.append(
                    measure(threads: threads, operations: load.operations) { thread in
                        load.sum(thread) { cache.value(forKey: $0) ?? 0 }
                    }
                )
                byHand.append(
                    measure(threads: threads, operations: load.operations) { thread in
                        load.sum(thread) { key in dictionary.withLock { $0[key] } as? Int ?? 0 }
                    }
                )
            }
            Self.line(name, threads: threads, ours: ours, peer: peer, theirs: byHand).print()
        }
    }
}

/// Keys, and the order in which every thread reads them, from a place of its own.
private struct HitLoad<Key: Sendable>: Sendable {
    let keys: LentKeys<Key>
    /// Indices into the keys; a power of two of them.
    let order: [UInt32]
    let rounds: Int

    var operations: Int {
        self.rounds * self.order.count
    }

    /// Reads each key in turn and adds up what the reads return.
    // Inlined, so that the caches are called with the types of keys and values known, as programs call them.
    @inline(__always)
    func sum(_ thread: Int, _ read: (Key) -> Int) -> Int {
        let mask = self.order.count &- 1
        var sum = 0
        for round in 0..<self.rounds {
            let start = (thread &* 7_919 &+ round) & mask
            for position in self.order.indices {
                sum &+= self.keys.lend(self.order[(position &+ start) & mask], to: thread, read)
            }
        }
        return sum
    }
}
