import Larder
import LarderRedisClient
import LarderTesting

// Whether invalidating takes the same time however much there is.
extension FetchMeasurement {
    func invalidations() async throws {
        guard self.stores.contains(.redis) else { return }
        try await withRedisServer { small in
            try await withRedisServer { large in
                try await self.withCache(on: small) { smallCache, smallClient in
                    try await self.withCache(on: large) { largeCache, largeClient in
                        try await self.measureInvalidations([
                            Shelf(count: 1_000, cache: smallCache, client: smallClient, server: small),
                            Shelf(count: self.entries, cache: largeCache, client: largeClient, server: large),
                        ])
                    }
                }
            }
        }
    }

    private enum Call: String, CaseIterable {
        case invalidate
        case clear

        func perform(on cache: Cache) async throws {
            switch self {
            case .invalidate: try await cache.invalidate(tags: [Shelf.tag])
            case .clear: try await cache.clear()
            }
        }
    }

    private static let callCount = 200

    private func measureInvalidations(_ shelves: [Shelf]) async throws {
        for shelf in shelves { try await shelf.fill() }
        for call in Call.allCases {
            progress("\(call.rawValue) with \(shelves.map { "\($0.count)" }.joined(separator: " and ")) entries")
            for shelf in shelves {
                // The first one carries the script to the server, and is the one that something depends on.
                try await shelf.check { try await call.perform(on: shelf.cache) }
                try await shelf.server.command("CONFIG", "RESETSTAT")
            }
            var times = shelves.map { _ in [[Double]]() }
            for _ in 0..<self.runs {
                for index in shelves.indices { times[index].append([]) }
                for _ in 0..<Self.callCount {
                    for (index, shelf) in shelves.enumerated() {
                        let start = SystemTime.nanoseconds
                        try await call.perform(on: shelf.cache)
                        let time = SystemTime.milliseconds(from: start, to: SystemTime.nanoseconds) * 1_000
                        times[index][times[index].count - 1].append(time)
                    }
                }
            }
            let medians = times.map { $0.map { median($0) } }
            for (index, shelf) in shelves.enumerated() {
                let commands = try await shelf.commandCount()
                let tags = try await shelf.tagKeys()
                var line = BenchLine("fetch.invalidate")
                line.set("store", "redis")
                line.set("call", call.rawValue)
                line.set("entries", shelf.count)
                line.set("p50_us", median(medians[index]))
                line.set("commands", Double(commands) / Double(Self.callCount * self.runs), decimals: 2)
                line.set("tag_keys", tags.all)
                line.set("tag_keys_for_ever", tags.forEver)
                if index > 0 {
                    line.set("peer", "the same with \(shelves[0].count) entries")
                    line.set("peer_p50_us", median(medians[0]))
                    line.set("ratio", median(zip(medians[index], medians[0]).map { $0 / $1 }))
                }
                line.print()
            }
        }
    }
}

/// Tagged entries in a server of their own.
private struct Shelf {
    static let tag = "shop"
    private static let batch = 500

    let count: Int
    let cache: Cache
    let client: RedisClient
    let server: RedisServer

    private static func key(_ index: Int) -> CacheKey<Int> { CacheKey("book:\(index)") }

    /// Writes the entries, each under the tag that all have and one that it shares with those written along.
    func fill() async throws {
        progress("writing \(self.count) entries")
        var start = 0
        while start < self.count {
            let end = min(start + 100 * Self.batch, self.count)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, first) in stride(from: start, to: end, by: Self.batch).enumerated() {
                    // A few at a time, so that none waits for as long as a command may take.
                    if number >= 4 { try await group.next() }
                    group.addTask { try await self.write(first..<min(first + Self.batch, end)) }
                }
                try await group.waitForAll()
            }
            start = end
            if start % 100_000 == 0 { progress("\(start) of \(self.count) entries") }
        }
    }

    private func write(_ indices: Range<Int>) async throws {
        let values = Dictionary(uniqueKeysWithValues: indices.map { (Self.key($0), $0) })
        try await self.cache.setMany(
            values,
            ttl: .hours(1),
            tags: [Self.tag, "batch:\(indices.lowerBound / Self.batch)"]
        )
    }

    /// Writes an entry anew, calls `body`, and looks whether that has made it absent.
    func check(_ body: () async throws -> Void) async throws {
        try await self.write(0..<1)
        guard try await self.cache.get(Self.key(0)) == 0 else { throw Failure("what was written is not there") }
        try await body()
        guard try await self.cache.get(Self.key(0)) == nil else { throw Failure("what was invalidated is still there") }
    }

    /// How many commands the server has carried out since its counts were reset, those of scripts included and ours not.
    func commandCount() async throws -> Int {
        let info = RedisInfo(try await self.server.command("INFO", "commandstats"))
        let ours = ["cmdstat_config", "cmdstat_info", "cmdstat_quit", "cmdstat_ping"]
        var count = 0
        for (field, value) in info.sections["commandstats"] ?? [:]
        where !ours.contains(where: { field.hasPrefix($0) }) {
            // calls=12,usec=34,...
            guard let calls = value.split(separator: ",").first?.split(separator: "=").last, let calls = Int(calls)
            else {
                throw Failure("Redis counts commands in another way: \(field):\(value)")
            }
            count += calls
        }
        return count
    }

    /// How many records of tags there are, and how many of them never expire.
    func tagKeys() async throws -> (all: Int, forEver: Int) {
        try await self.client.keyCounts(matching: "{@\(FetchMeasurement.namespace.name)}:tag:*")
    }
}

extension RedisClient {
    /// How many keys match a pattern, and how many of them never expire.
    ///
    /// In one script, which keeps the server from everything else meanwhile.
    func keyCounts(matching pattern: String) async throws -> (all: Int, forEver: Int) {
        let script = """
            local keys = redis.call('KEYS', ARGV[1])
            local endless = 0
            for _, key in ipairs(keys) do
              if redis.call('PTTL', key) == -1 then endless = endless + 1 end
            end
            return { #keys, endless }
            """
        let reply = try await self.timeout(.seconds(120)).send(RedisCommand("EVAL", script, "0", pattern))
        let counts = try reply.decode(as: [Int].self)
        guard counts.count == 2 else { throw Failure("Redis answered a script with something else") }
        return (counts[0], counts[1])
    }
}
