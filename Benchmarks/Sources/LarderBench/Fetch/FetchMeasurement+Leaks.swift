import HeapUse
import Larder
import LarderRedisClient
import LarderTesting

// What is left of fetches that are over.
extension FetchMeasurement {
    func leaks() async throws {
        if self.stores.contains(.memory) {
            let store = MemoryStore(limit: .entries(10_000))
            let empty = heap_bytes_in_use()
            try await Self.using(Cache(.memory(store), namespace: Self.namespace)) { cache in
                var line = try await self.leaks(.memory, cache)
                line.set("remaining", store.count)
                line.set("bytes_per_entry", Double(heap_bytes_in_use() - empty) / Double(store.count))
                line.print()
            }
        }
        if self.stores.contains(.redis) {
            try await withRedisServer { server in
                try await self.withCache(on: server) { cache, client in
                    var line = try await self.leaks(.redis, cache)
                    let prefix = FetchMeasurement.namespace.name
                    let tags = try await client.keyCounts(matching: "{@\(prefix)}:tag:*")
                    let leases = try await client.keyCounts(matching: "*:lease")
                    let entries = try await client.keyCounts(matching: "\(prefix):1:*")
                    line.set("remaining", entries.all)
                    line.set("lease_keys", leases.all)
                    line.set("tag_keys", tags.all)
                    line.set("tag_keys_for_ever", tags.forEver)
                    line.print()
                }
            }
        }
    }

    private static func key(_ index: Int) -> CacheKey<Int> { CacheKey("book:\(index)") }

    /// Whether a key is fetched by two calls, the first of which is cancelled, and every second time the other as well.
    private static func isCancelled(_ index: Int) -> Bool { index.isMultiple(of: 100) }

    private func leaks(_ kind: StoreKind, _ cache: Cache) async throws -> BenchLine {
        // So many that all is there that is bounded: the memory store and what is remembered of Redis have 10,000 entries.
        let warmUp = min(self.fetches / 2, max(self.fetches / 5, 50_000))
        progress("\(warmUp) fetches to warm up, store \(kind.rawValue)")
        try await Self.fetch(0..<warmUp, cache)
        try await Self.awaitRest(of: 0..<warmUp, cache)
        let before = heap_bytes_in_use()
        guard before >= 0 else { throw Failure("the allocator does not say what is in use") }
        progress("\(self.fetches - warmUp) fetches")
        try await Self.fetch(warmUp..<self.fetches, cache)
        let held = try await Self.awaitRest(of: warmUp..<self.fetches, cache)
        let grown = heap_bytes_in_use() - before
        var line = BenchLine("fetch.leaks")
        line.set("store", kind.rawValue)
        line.set("fetches", self.fetches)
        line.set("cancelled", (self.fetches + 99) / 100)
        line.set("held", held)
        line.set("grown_bytes", grown)
        line.set("grown_bytes_per_fetch", Double(grown) / Double(self.fetches - warmUp))
        return line
    }

    private static func fetch(_ indices: Range<Int>, _ cache: Cache) async throws {
        let tasks = 16
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    for index in indices where index / 100 % tasks == task {
                        if Self.isCancelled(index) {
                            try await Self.fetchAndCancel(index, cache)
                        } else {
                            _ = try await Self.fetch(index, pause: .zero, cache)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private static func fetch(_ index: Int, pause: Duration, _ cache: Cache) async throws -> Int {
        try await cache.fetch(Self.key(index), ttl: .hours(1), tags: ["book:\(index)", "shelf:\(index % 1_000)"]) {
            if pause > .zero { try await Task.sleep(for: pause) }
            return index
        }
    }

    private static func fetchAndCancel(_ index: Int, _ cache: Cache) async throws {
        let calls = (0..<2).map { _ in Task { try await Self.fetch(index, pause: .milliseconds(3), cache) } }
        try await Task.sleep(for: .milliseconds(1))
        calls[0].cancel()
        if index.isMultiple(of: 200) { calls[1].cancel() }
        for call in calls {
            switch await call.result {
            case .success(let value): guard value == index else { throw Failure("a fetch returned \(value)") }
            case .failure(let error): guard error is CancellationError else { throw error }
            }
        }
        guard index.isMultiple(of: 200) || !calls[1].isCancelled else { throw Failure("the wrong call was cancelled") }
    }

    /// Waits until nobody fills any of the keys with cancelled calls, for two seconds at most.
    ///
    /// - Returns: How many are being filled even then.
    @discardableResult
    private static func awaitRest(of indices: Range<Int>, _ cache: Cache) async throws -> Int {
        var open = indices.filter(Self.isCancelled)
        let deadline = ContinuousClock.now.advanced(by: .seconds(2))
        while true {
            var held: [Int] = []
            for index in open {
                let explanation = try await cache.explain(Self.key(index))
                if explanation.waiters != nil || explanation.tiers.contains(where: { $0.holder != nil }) {
                    held.append(index)
                }
            }
            if held.isEmpty || ContinuousClock.now >= deadline {
                // The runtime keeps the timer of a sleep that was cancelled until its time; a lease is renewed after a third.
                try await Task.sleep(for: FetchPolicy.standard.leaseDuration / 3 + .seconds(1))
                return held.count
            }
            open = held
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
