import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// What collections are in a real server, beyond what every store of them does.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RedisCollectionsTests {
    private struct Book: Codable, Sendable, Hashable {
        var title: String
        var id: Int
    }

    private static func collections(_ client: RedisClient) -> Collections {
        Collections(.redis(client), namespace: "shop")
    }

    @Test func collectionsAreWhatProgramsInOtherLanguagesRead() async throws {
        try await withRedis { redis in
            let collections = Self.collections(redis.client)
            try await collections.counter("c").increment(by: 5)
            try await collections.list("l", of: String.self).append("naïve")
            try await collections.set("s", of: Book.self).insert(Book(title: "Emma", id: 7))
            try await collections.hash("h", from: Int.self, to: [Int].self).set(1, to: [2, 3])
            try await collections.queue("q", of: UInt64.self).push(.max)
            #expect(try await redis.client.get("@shop:counter:c", as: String.self) == "5")
            #expect(try await redis.client.lindex("@shop:list:l", 0, as: String.self) == "naïve")
            let members = try await redis.client.send(RedisCommand("SMEMBERS", "@shop:set:s"), as: [String].self)
            #expect(members == [#"{"id":7,"title":"Emma"}"#])
            let field = try await redis.client.send(RedisCommand("HGET", "@shop:hash:h", "1"), as: String.self)
            #expect(field == "[2,3]")
            #expect(try await redis.client.lindex("@shop:queue:q", 0, as: String.self) == "18446744073709551615")
            #expect(try await redis.server.command("DBSIZE") == ":5\r\n")
        }
    }

    @Test func somethingElseUnderTheNameIsAnError() async throws {
        try await withRedis { redis in
            let collections = Self.collections(redis.client)
            for kind in ["counter", "list", "queue", "set", "hash"] {
                try await redis.server.command("ZADD", "@shop:\(kind):x", "1", "a")
            }
            try await redis.server.command("SET", "@shop:counter:text", "abc")
            for lifetime in [CollectionLifetime.unlimited, .fixed(.seconds(60))] {
                let counter = collections.counter("x", lifetime: lifetime)
                let list = collections.list("x", of: Int.self, lifetime: lifetime)
                let queue = collections.queue("x", of: Int.self, lifetime: lifetime)
                let set = collections.set("x", of: Int.self, lifetime: lifetime)
                let hash = collections.hash("x", from: Int.self, to: Int.self, lifetime: lifetime)
                let text = collections.counter("text", lifetime: lifetime)
                try await Self.expect(.wrongType) { try await counter.increment() }
                try await Self.expect(.wrongType) { try await counter.increment(within: 0...5) }
                try await Self.expect(.wrongType) { try await counter.value() }
                try await Self.expect(.wrongType) { try await counter.set(to: 1) }
                try await Self.expect(.wrongType) { try await list.append(1) }
                try await Self.expect(.wrongType) { try await list.popFirst() }
                try await Self.expect(.wrongType) { try await list.elements() }
                try await Self.expect(.wrongType) { try await queue.push(1) }
                try await Self.expect(.wrongType) { try await queue.pop(waitingAtMost: .seconds(9)) }
                try await Self.expect(.wrongType) { try await set.insert(1) }
                try await Self.expect(.wrongType) { try await set.members() }
                try await Self.expect(.wrongType) { try await hash.set(1, to: 1) }
                try await Self.expect(.wrongType) { try await hash.get(1) }
                try await Self.expect(.wrongType) { try await hash.increment(1) }
                try await Self.expect(.notAnInteger) { try await text.increment() }
                try await Self.expect(.notAnInteger) { try await text.value() }
                try await Self.expect(.notAnInteger) { try await text.set(to: 1) }
            }
            let results = try await collections.incrementMany(["x": 1, "text": 1, "y": 1])
            let codes = results.compactMapValues { result -> CacheError.Code? in
                guard case .failure(let error) = result else { return nil }
                return error.code
            }
            #expect(codes == ["x": .wrongType, "text": .notAnInteger])
            #expect(try results["y"]?.get() == 1)
            // Nothing was taken from the one for the other.
            let from = collections.list("from", of: Int.self)
            try await from.append(1)
            try await Self.expect(.wrongType) {
                try await from.move(.first, to: collections.list("x", of: Int.self), .last)
            }
            #expect(try await from.elements() == [1])
        }
    }

    @Test func listsInDifferentSlotsOfAClusterDoNotMoveElements() async throws {
        try await withSpreadRedis(.cluster) { redis in
            try await redis.withClient { client in
                let collections = Self.collections(client)
                let from = collections.list("a", of: Int.self)
                try await from.append(1)
                try await Self.expect(.keysApart) {
                    try await from.move(.first, to: collections.list("b", of: Int.self), .last)
                }
                #expect(try await from.elements() == [1])
            }
        }
    }

    @Test func countersOfACallAreAddedToOnAllServersOfACluster() async throws {
        try await withSpreadRedis(.cluster) { redis in
            try await redis.withClient { client in
                var deltas: [String: Int] = [:]
                for index in 0..<300 { deltas["n\(index)"] = index }
                let results = try await Self.collections(client).incrementMany(deltas, lifetime: .fixed(.days(1)))
                for (name, result) in results { #expect(try result.get() == deltas[name]) }
                #expect(try await redis.counts("@shop:counter:*").reduce(0, +) == 300)
                for server in redis.servers {
                    let script = """
                        for _, key in ipairs(redis.call('KEYS', '*')) do
                          if redis.call('PTTL', key) < 0 then return key end
                        end
                        return 'all'
                        """
                    #expect(try await server.command("EVAL", script, "0") == "$3\r\nall\r\n")
                }
            }
        }
    }

    @Test func unavailableServerIsATypedErrorWithoutElements() async throws {
        let client = try RedisClient(RedisConfiguration(host: "127.0.0.1", port: 1))
        let collections = Self.collections(client)
        try await Self.expect(.unavailable) { try await collections.counter("c").increment() }
        try await Self.expect(.unavailable) {
            try await collections.queue("q", of: Int.self).pop(waitingAtMost: .seconds(9))
        }
        let results = try await collections.incrementMany(["a": 1, "b": 2])
        for result in results.values {
            try await Self.expect(.unavailable) { try result.get() }
        }
        await client.shutdown()
    }

    static func expect<Value>(
        _ code: CacheError.Code,
        _ location: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Value
    ) async throws {
        let error = await #expect(throws: CacheError.self, sourceLocation: location) { try await body() }
        #expect(error?.code == code, sourceLocation: location)
    }
}
