import Larder
import LarderRedisClient
import LarderTesting

// What a hit costs.
extension FetchMeasurement {
    func hits() async throws {
        if self.stores.contains(.memory) {
            for tags in self.tagCounts { try await self.hitsInMemory(tags: tags) }
        }
        if self.stores.contains(.redis) {
            try await withRedisServer { server in
                try await RedisBenchmark.prepare(port: server.port)
                try await self.withCache(on: server) { cache, _ in try await self.hits(cache, port: server.port) }
            }
        }
    }

    private struct Book: Codable, Sendable {
        var id: Int
        var title: String
        var author: String
        var isAvailable: Bool
    }

    /// An entry that is to be hit.
    private struct Target: Sendable {
        var key: CacheKey<Book>
        var tags: [String]
    }

    private static let keyCount = 1_000

    private static func fill(_ cache: Cache, tags count: Int) async throws -> [Target] {
        var targets: [Target] = []
        for index in 0..<Self.keyCount {
            // With its own tag, one that it shares with nine others, and those that all have.
            let tags = (0..<count).map { tag in
                switch tag {
                case 0: "book:\(index)"
                case 1: "author:\(index / 10)"
                default: "shop:\(tag)"
                }
            }
            let target = Target(key: CacheKey("book:of:the:shop:\(1_000 + index):\(count)"), tags: tags)
            let book = Book(id: index, title: "Frankenstein", author: "Mary Shelley", isAvailable: true)
            try await cache.set(target.key, to: book, ttl: .hours(1), tags: tags)
            targets.append(target)
        }
        return targets
    }

    // MARK: Memory

    private func hitsInMemory(tags: Int) async throws {
        progress("hits in memory with \(tags) tags")
        let cache = Cache(.memory(entries: 10_000), namespace: Self.namespace)
        let targets = try await Self.fill(cache, tags: tags)
        let keys = targets.map(\.key)
        let plain = MemoryCache<String, Book>(limit: .entries(10_000))
        for key in keys { plain.insert(try await cache.get(key).unwrapped, forKey: key.name, ttl: .seconds(3_600)) }

        var gets: [Double] = []
        var fetches: [Double] = []
        var hits: [Double] = []
        for _ in 0..<self.runs {
            hits.append(
                try Self.nanosecondsPerCall(keys.count) {
                    for key in keys where plain.value(forKey: key.name) == nil { throw MissingHit() }
                }
            )
            gets.append(
                try await Self.nanosecondsPerCall(keys.count) {
                    for key in keys where try await cache.get(key) == nil { throw MissingHit() }
                }
            )
            if tags == 0 {
                fetches.append(
                    try await Self.nanosecondsPerCall(keys.count) {
                        for key in keys { _ = try await cache.fetch(key) { throw MissingHit() } }
                    }
                )
            } else {
                fetches.append(
                    try await Self.nanosecondsPerCall(keys.count) {
                        for target in targets {
                            _ = try await cache.fetch(target.key, tags: target.tags) { throw MissingHit() }
                        }
                    }
                )
            }
        }
        for (bench, ours) in [("cache.get", gets), ("fetch.hit", fetches)] {
            var line = BenchLine(bench)
            line.set("store", "memory")
            line.set("tasks", 1)
            line.set("tags", tags)
            line.set("ns_per_op", median(ours))
            line.set("ops_per_s", 1e9 / median(ours))
            line.set("peer", "MemoryCache.value(forKey:)")
            line.set("peer_ns_per_op", median(hits))
            line.set("peer_ops_per_s", 1e9 / median(hits))
            line.set("ratio", median(zip(hits, ours).map { $0 / $1 }))
            // What going through Cache and its store adds to the hit itself.
            line.set("added_ns", median(zip(hits, ours).map { $1 - $0 }))
            line.print()
        }
        await cache.shutdown()
    }

    private static let rounds = 500

    private static func nanosecondsPerCall(_ calls: Int, _ round: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<Self.rounds { try round() }
        return start.duration(to: clock.now).nanoseconds / Double(calls * Self.rounds)
    }

    private static func nanosecondsPerCall(_ calls: Int, _ round: () async throws -> Void) async rethrows -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<Self.rounds { try await round() }
        return start.duration(to: clock.now).nanoseconds / Double(calls * Self.rounds)
    }

    // MARK: Redis

    /// All numbers of tags take turns with redis-benchmark: what the machine does besides slows down all of them.
    private func hits(_ cache: Cache, port: Int) async throws {
        // Those without tags are measured along in any case.
        let tagCounts = self.tagCounts.contains(0) ? self.tagCounts : [0] + self.tagCounts
        var targets: [[Target]] = []
        for tags in tagCounts { targets.append(try await Self.fill(cache, tags: tags)) }
        for tasks in self.taskCounts {
            progress("hits in Redis with \(tasks) tasks")
            var ours = tagCounts.map { _ in [Double]() }
            var theirs: [Double] = []
            for _ in 0..<self.runs {
                theirs.append(
                    try await RedisBenchmark.run(
                        port: port,
                        test: "get",
                        clients: 50,
                        requests: Int(100_000 * self.seconds)
                    ).operationsPerSecond
                )
                for (index, targets) in targets.enumerated() {
                    ours[index].append(try await self.fetchesPerSecond(cache, targets, tasks: tasks))
                }
            }
            guard let untagged = tagCounts.firstIndex(of: 0) else { continue }
            for (tags, rates) in zip(tagCounts, ours) where self.tagCounts.contains(tags) {
                var line = BenchLine("fetch.hit")
                line.set("store", "redis")
                line.set("tasks", tasks)
                line.set("tags", tags)
                line.set("ops_per_s", median(rates))
                line.set("peer", "redis-benchmark -c 50")
                line.set("peer_ops_per_s", median(theirs))
                line.set("ratio", median(zip(rates, theirs).map { $0 / $1 }))
                if tags > 0 { line.set("untagged_ratio", median(zip(rates, ours[untagged]).map { $0 / $1 })) }
                line.print()
            }
        }
    }

    private func fetchesPerSecond(_ cache: Cache, _ targets: [Target], tasks: Int) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start.advanced(by: .seconds(self.seconds))
        let calls = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    var calls = 0
                    while clock.now < end {
                        let target = targets[(task + calls) % targets.count]
                        let book = try await cache.fetch(target.key, tags: target.tags) { throw MissingHit() }
                        precondition(book.isAvailable)
                        calls += 1
                    }
                    return calls
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(calls) / start.duration(to: clock.now).nanoseconds * 1e9
    }
}

/// A read missed that was to hit.
struct MissingHit: Error {}

extension Optional {
    fileprivate var unwrapped: Wrapped {
        get throws {
            guard let self else { throw MissingHit() }
            return self
        }
    }
}
