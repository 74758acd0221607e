import LarderRedisClient
import LarderTesting
import Testing

/// Keys over three servers that know nothing of each other.
@Suite(.timeLimit(.minutes(3))) struct ShardedTests {
    static func keys(_ count: Int = 300) -> [String] { (0..<count).map { "book:\($0)" } }

    /// Writes each key with its own name as the value.
    static func fill(_ client: RedisClient, _ keys: [String]) async throws {
        _ = try await client.send(RedisCommand("MSET", arguments: keys.flatMap { [$0, $0] }))
    }

    static func read(_ client: RedisClient, _ keys: [String]) async throws -> [String?] {
        try await client.send(RedisCommand("MGET", arguments: keys), as: [String?].self)
    }

    // MARK: Where keys lie

    @Test func valuesAreSpreadAndComeBackInOrder() async throws {
        try await withShards { shards in
            try await withClient(shards.configuration) { client in
                let keys = Self.keys()
                try await Self.fill(client, keys)
                let counts = try await shards.counts()
                #expect(counts.reduce(0, +) == 300)
                #expect(counts.allSatisfy { $0 > 50 }, "\(counts)")
                let asked = (keys + ["missing"]).shuffled()
                #expect(try await Self.read(client, asked) == asked.map { $0 == "missing" ? nil : $0 })
                #expect(try await client.send(RedisCommand("EXISTS", arguments: keys), as: Int.self) == 300)
                #expect(try await client.send(RedisCommand("DEL", arguments: Array(keys[..<100])), as: Int.self) == 100)
                #expect(try await client.send(RedisCommand("DBSIZE"), as: Int.self) == 200)
                #expect(try await client.get("book:200", as: String.self) == "book:200")

                let description = client.describeTopology()
                #expect(description.kind == .sharded)
                #expect(description.nodes.map(\.address) == shards.shards.map(\.address.description))
                #expect(description.nodes.allSatisfy { $0.isConnected && $0.role == .primary })
            }
        }
    }

    @Test func everyClientFindsTheSameKeysOnTheSameShards() async throws {
        try await withShards { shards in
            try await withClient(shards.configuration) { client in
                let keys = Self.keys()
                try await Self.fill(client, keys)
                // In another order, and by another way of naming them.
                try await withClient(RedisConfiguration(shards: shards.shards.reversed())) { other in
                    try await #expect(Self.read(other, keys) == keys)
                }
                let list = shards.servers.map { "\($0.host):\($0.port)" }
                try await withClient(RedisConfiguration(url: "redis+shards://\(list.joined(separator: ","))/1")) {
                    byURL in
                    try await Self.fill(byURL, keys)
                    let reversed = list.reversed().joined(separator: ",")
                    try await withClient(RedisConfiguration(url: "redis+shards://\(reversed)/1")) { other in
                        try await #expect(Self.read(other, keys) == keys)
                    }
                }
                // The database of the URL is that of all of them.
                #expect(try await client.send(RedisCommand("DBSIZE"), as: Int.self) == 300)
            }
        }
    }

    @Test func addedShardTakesItsShareAndMovesNothingElse() async throws {
        try await withShards(4) { shards in
            let three = Shards(servers: Array(shards.servers[..<3]))
            let keys = Self.keys(400)
            var before: [String: Int] = [:]
            try await withClient(three.configuration) { try await Self.fill($0, keys) }
            for key in keys { before[key] = try await three.owner(of: key) }
            #expect(before.count == 400)
            try await withClient(shards.configuration) { client in
                let values = try await Self.read(client, keys)
                let moved = zip(keys, values).filter { $1 == nil }.map(\.0)
                // A quarter, as far as so few keys can say.
                #expect((50...160).contains(moved.count), "\(moved.count)")
                #expect(try await shards.counts()[3] == 0)
                try await Self.fill(client, moved)
                #expect(try await shards.counts()[3] == moved.count)
                #expect(try await Self.read(client, keys) == keys)
            }
        }
    }

    // MARK: What fails

    @Test func deadShardFailsItsKeysAndNoOthers() async throws {
        try await withShards { shards in
            try await withClient(shards.configuration) { client in
                let keys = Self.keys(60)
                try await Self.fill(client, keys)
                var lost: Set<String> = []
                for key in keys where try await shards.owner(of: key) == 1 { lost.insert(key) }
                try #require(!lost.isEmpty)
                await shards.servers[1].kill()
                for key in keys {
                    let error = try await redisError {
                        let value = try await client.get(key, as: String.self)
                        #expect(value == key)
                    }
                    #expect((error != nil) == lost.contains(key), "\(key): \(error.map { "\($0)" } ?? "no error")")
                    if let error {
                        #expect([.connectionFailed, .connectionClosed, .timedOut].contains(error.code), "\(error)")
                        #expect(error.server == shards.shards[1].address.description)
                        break
                    }
                }
                let results = try await client.pipeline(keys.map { RedisCommand("GET", $0) })
                for (key, result) in zip(keys, results) {
                    switch result {
                    case .success(let value): #expect(try String(resp: value) == key && !lost.contains(key))
                    case .failure(let error): #expect(lost.contains(key) && error.command == "GET", "\(error)")
                    }
                }
                let error = try await redisError { _ = try await Self.read(client, keys) }
                #expect(error?.command == "MGET")
                // Nobody else has got the keys meanwhile.
                let other = try #require(lost.first)
                _ = try await redisError { try await client.set(other, "elsewhere") }
                for index in [0, 2] {
                    #expect(try await shards.servers[index].command("EXISTS", other) == ":0\r\n")
                }
                try await shards.servers[1].restart()
                #expect(try await eventually { try await redisError { try await client.set(other, "back") } == nil })
                #expect(try await shards.owner(of: other) == 1)
            }
        }
    }

    @Test func commandsThatNeedTheirKeysTogetherAreRefusedAndNothingIsSent() async throws {
        try await withShards { shards in
            try await withClient(shards.configuration) { client in
                let keys = Self.keys(60)
                try await Self.fill(client, keys)
                let first = try #require(try await shards.owner(of: keys[0]))
                var found: String?
                for key in keys where try await shards.owner(of: key) != first { found = found ?? key }
                let other = try #require(found)
                for command in [
                    RedisCommand("RENAME", keys[0], other), RedisCommand("MSETNX", keys[0], "x", other, "y"),
                ] {
                    let error = try await redisError { _ = try await client.send(command) }
                    #expect(error?.code == .invalidCommand)
                    #expect(error?.command == command.name)
                    let whole = try await redisError {
                        _ = try await client.pipeline([RedisCommand("SET", keys[0], "changed"), command])
                    }
                    #expect(whole?.code == .invalidCommand)
                }
                let scattered = try await redisError {
                    _ = try await client.transaction(.set(keys[0], "changed"), .set(other, "changed"))
                }
                #expect(scattered?.code == .invalidCommand)
                #expect(try await Self.read(client, keys) == keys)
                // With a hash tag they lie together.
                _ = try await client.transaction(.set("{u}:a", "1"), .incr("{u}:b"))
                _ = try await client.send(RedisCommand("RENAME", "{u}:a", "{u}:c"))
                #expect(try await Self.read(client, ["{u}:b", "{u}:c"]) == ["1", "1"])
            }
        }
    }

    @Test func lentConnectionIsTheKeysAndRefusesOthers() async throws {
        try await withShards { shards in
            try await withClient(shards.configuration) { client in
                let keys = Self.keys(30)
                try await Self.fill(client, keys)
                let owner = try #require(try await shards.owner(of: keys[0]))
                try await client.withConnection(for: keys[0]) { connection in
                    for key in keys {
                        let isHere = try await shards.owner(of: key) == owner
                        let error = try await redisError { _ = try await connection.send(RedisCommand("GET", key)) }
                        #expect((error == nil) == isHere)
                        if let error { #expect(error.code == .invalidCommand && error.command == "GET") }
                    }
                    let error = try await redisError {
                        _ = try await connection.send(RedisCommand("DEL", arguments: keys))
                    }
                    #expect(error?.code == .invalidCommand)
                }
                let result = try await client.withTransaction(watching: ["{u}:a", "{u}:b"]) { connection in
                    _ = try await connection.get("{u}:a", as: Int.self)
                    return RedisBatch(.set("{u}:a", 1), .incr("{u}:b"))
                }
                #expect(result.responses != nil)
            }
        }
    }

    // MARK: All of them

    @Test func commandsForAllReachAllAndAScanFindsEverything() async throws {
        try await withShards { shards in
            try await withClient(shards.configuration) { client in
                let keys = Self.keys()
                try await Self.fill(client, keys)
                #expect(try await Set(client.send(RedisCommand("KEYS", "book:*"), as: [String].self)) == Set(keys))
                var scanned: Set<String> = []
                for try await key in client.scan(matching: "book:*", count: 20) { scanned.insert(key) }
                #expect(scanned == Set(keys))
                for cursor in ["1234", "7:0:0", "-1:0:0"] {
                    let error = try await redisError { _ = try await client.send(RedisCommand("SCAN", cursor)) }
                    #expect(error?.code == .invalidCommand, "\(cursor)")
                }
                let script = RedisScript("return redis.call('GET', KEYS[1])")
                for key in keys[..<20] {
                    #expect(try await script.run(keys: [key], on: client, as: String.self) == key)
                }
                let results = try await client.pipeline([
                    RedisCommand("DBSIZE"), RedisCommand("FLUSHALL"), RedisCommand("SET", "new", "x"),
                    RedisCommand("DBSIZE"), RedisCommand("SCAN", "0"),
                ])
                #expect(try Int(resp: results[0].get()) == 300)
                #expect(try Int(resp: results[3].get()) == 1)
                #expect(try results[4].get() != .null)
                #expect(try await shards.counts().reduce(0, +) == 1)
            }
        }
    }

    // MARK: Channels

    @Test func channelIsHeardOnTheShardOfItsName() async throws {
        try await withShards { shards in
            try await withClient(shards.configuration) { client in
                let channels = (0..<12).map { "channel:\($0)" }
                let heard = try await client.withSubscription(to: channels, shardChannels: ["orders"]) { events in
                    for channel in channels {
                        #expect(try await client.publish(channel, channel) == 1, "\(channel)")
                    }
                    #expect(try await client.spublish("orders", "orders") == 1)
                    var heard: Set<String> = []
                    for try await event in events {
                        guard case .message(let message) = event else { continue }
                        #expect(message.channel == message.string)
                        heard.insert(message.channel)
                        if heard.count == 13 { break }
                    }
                    return heard
                }
                #expect(heard == Set(channels + ["orders"]))
                // A script that publishes is heard where its keys lie.
                let script = RedisScript("return redis.call('PUBLISH', KEYS[1], 'x')")
                try await client.withSubscription(to: ["{book:7}:lease", "{book:8}:lease"]) { _ in
                    for key in ["{book:7}:lease", "{book:8}:lease"] {
                        try await #expect(script.run(keys: [key], on: client, as: Int.self) == 1)
                    }
                }
                for patterns in [["news.*"], ["a*", "b*"]] {
                    let error = try await redisError {
                        try await client.withSubscription(to: ["news"], patterns: patterns) { _ in }
                    }
                    #expect(error?.code == .invalidCommand)
                    #expect(error?.command == "PSUBSCRIBE")
                }
            }
        }
    }

    @Test func lostShardInterruptsItsChannelsOnly() async throws {
        try await withShards { shards in
            try await withClient(shards.configuration) { client in
                let keys = Self.keys(60)
                try await Self.fill(client, keys)
                var byShard: [Int: String] = [:]
                for key in keys { if let owner = try await shards.owner(of: key) { byShard[owner] = key } }
                let lost = try #require(byShard[1])
                let other = try #require(byShard[0])
                try await client.withSubscription(to: [lost]) { lostEvents in
                    try await client.withSubscription(to: [other]) { otherEvents in
                        await shards.servers[1].kill()
                        var events = lostEvents.makeAsyncIterator()
                        guard case .interrupted = try await events.next() else {
                            Issue.record("the loss was not told")
                            return
                        }
                        #expect(try await client.publish(other, "still here") == 1)
                        var others = otherEvents.makeAsyncIterator()
                        guard case .message(let message) = try await others.next() else {
                            Issue.record("another shard's channel noticed")
                            return
                        }
                        #expect(message.string == "still here")
                        try await shards.servers[1].restart()
                        guard case .gap = try await events.next() else {
                            Issue.record("the return was not told")
                            return
                        }
                        #expect(
                            try await eventually {
                                var count = 0
                                _ = try await redisError { count = try await client.publish(lost, "back") }
                                return count == 1
                            }
                        )
                        guard case .message(let back) = try await events.next() else {
                            Issue.record("nothing is heard again")
                            return
                        }
                        #expect(back.string == "back")
                    }
                }
            }
        }
    }
}
