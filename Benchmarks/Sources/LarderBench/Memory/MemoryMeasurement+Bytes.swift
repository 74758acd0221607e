import HeapUse
import Larder

// What an entry takes.
extension MemoryMeasurement {
    func bytes() throws {
        for entries in [100_000, 1_000_000] {
            let before = heap_bytes_in_use()
            guard before >= 0 else {
                progress("memory.bytes: the allocator does not say what is in use")
                return
            }
            let cache = MemoryCache<String, Int>(limit: .entries(entries))
            // Twice as many as there is room for, so that all is there that a cache has which evicts. Keys are made here
            // and not kept: what stays of them is the cache's.
            for index in 0..<(2 * entries) { cache.insert(index, forKey: Self.key(index)) }
            let after = heap_bytes_in_use()
            let count = withExtendedLifetime(cache) { cache.count }
            var line = BenchLine("memory.bytes")
            line.set("entries", count)
            line.set("key_bytes", 20)
            line.set("bytes_per_entry", Double(after - before) / Double(count) - Double(MemoryLayout<Int>.stride))
            if let peer = self.caffeine {
                line.set("peer", peer.name)
                line.set("peer_bytes_per_entry", try peer.bytes(keys: entries))
            }
            line.print()
        }
    }
}
