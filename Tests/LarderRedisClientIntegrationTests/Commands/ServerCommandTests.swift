import LarderRedisClient
import LarderTesting
import NIOCore
import Testing

@Suite("Server, scripts, transactions, scans against a server", .timeLimit(.minutes(2)))
struct ServerCommandTests {
    @Test(arguments: CommandFixture.Version.allCases)
    func serverTellsAboutItself(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            try await client.ping()
            try await #expect(client.echo("hello", as: String.self) == "hello")
            let info = try await client.info()
            #expect(info.version != nil)
            #expect(info.runID?.count == 40)
            #expect((info.usedMemory ?? 0) > 100_000)
            #expect(info.role == "master")
            #expect(info.isLoading == false)
            let memory = try await client.info(["memory", "clients"])
            #expect(Set(memory.sections.keys) == ["memory", "clients"])
            try await #expect(client.role() == .primary(offset: 0, replicas: []))
            let now = try await client.time()
            #expect(now.seconds > 1_700_000_000)
            try await #expect(client.lastSave().seconds > 1_700_000_000)
            try await #expect(client.dbSize() >= 0)
            try await #expect(client.commandCount() > 200)
            try await client.set(fixture.key("k"), "v")
            try await #expect((client.memoryUsage(fixture.key("k")) ?? 0) > 20)
            try await #expect(client.memoryUsage("absent", samples: 0) == nil)
            try await #expect(!client.memoryDoctor().isEmpty)
            try await client.memoryPurge()
            try await #expect(client.slowLogLength() >= 0)
            _ = try await client.latencyLatest()
            try await client.latencyReset()
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func clientsAndUsers(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let id = try await client.clientID()
            let me = try await client.clientInfo()
            #expect(me.id == id)
            #expect(me.protocolVersion == (version == .resp3 ? 3 : 2))
            try await #expect(client.clientList().contains { $0.id == id })
            try await #expect(client.clientGetName() == nil)
            try await #expect(client.aclWhoAmI() == "default")
            let user = "reader-\(version)"
            try await client.aclSetUser(user, ["on", ">secret", "~x:*", "+get"])
            try await #expect(client.aclUsers().contains(user))
            try await #expect(client.aclList().count >= 2)
            try await #expect(client.aclDryRun(user, RedisCommand("GET", "x:1")) == nil)
            try await #expect(client.aclDryRun(user, RedisCommand("GET", "y")) != nil)
            try await #expect(client.aclDelUser([user]) == 1)
            try await #expect(client.aclCategories().contains("string"))
            try await #expect(client.aclCategories("string").contains("get"))
            try await client.withConnection { connection in
                try await connection.clientSetName("mine")
                try await #expect(connection.clientGetName() == "mine")
                try await connection.clientNoEvict(true)
                let other = try await connection.clientID()
                try await #expect(client.clientKill(id: other))
                try await #expect(!client.clientKill(id: other))
            }
        }
    }

    /// On a server of its own, because it changes what the others rely on.
    @Test(arguments: CommandFixture.Version.allCases)
    func commandsOnTheWholeServer(version: CommandFixture.Version) async throws {
        try await withRedisServer { server in
            let client = try RedisClient(url: "\(server.url)?protocol=\(version == .resp2 ? 2 : 3)")
            try await client.configSet(["maxmemory": "20mb", "slowlog-log-slower-than": "0"])
            let settings = try await client.configGet(["maxmemory*"])
            #expect(settings["maxmemory"] == "20971520")
            try await client.configResetStat()
            try await client.set("a", "1", expiry: .after(.seconds(100)))
            try await client.set("b", "2")
            try await #expect(client.dbSize() == 2)
            try await #expect(client.info(["keyspace"]).databases == [0: .init(keys: 2, expiring: 1)])
            let slow = try await client.slowLog(count: 100)
            #expect(slow.contains { $0.words.first == "SET" })
            try await client.slowLogReset()
            try await client.save()
            try await client.bgSave(schedule: true)
            try await client.flushDB()
            try await #expect(client.dbSize() == 0)
            try await client.set("a", "1")
            try await client.flushAll(.sync)
            try await #expect(client.randomKey() == nil)
            try await client.scriptFlush()
            let idle = await #expect(throws: RedisError.self) { try await client.scriptKill() }
            #expect(idle?.code == .server("NOTBUSY"))
            await client.shutdown()
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func scripts(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let key = fixture.key("k")
            let source = "redis.call('SET', KEYS[1], ARGV[1] .. '\(version)') return redis.call('GET', KEYS[1])"
            let script = RedisScript(source)
            try await #expect(client.scriptExists([script.sha1]) == [false])
            let unknown = await #expect(throws: RedisError.self) { try await client.evalSHA(script.sha1, keys: [key]) }
            #expect(unknown?.code == .server("NOSCRIPT"))
            try await #expect(script.run(keys: [key], arguments: ["x"], on: client, as: String.self) == "x\(version)")
            try await #expect(client.scriptExists([script.sha1]) == [true])
            try await #expect(script.run(keys: [key], arguments: 5, on: client, as: String.self) == "5\(version)")
            try await #expect(client.eval("return {1, 2, ARGV[1]}", arguments: ["3"], as: [Int].self) == [1, 2, 3])
            let second = RedisScript("return tonumber(ARGV[1]) + 1 -- \(version)")
            let (count, sum, value) = try await client.pipeline(
                .incr(fixture.key("n")),
                second.request(arguments: [41], as: Int.self),
                .get(key, as: String.self)
            )
            #expect(count == 1)
            #expect(sum == 42)
            #expect(value == "5\(version)")
            let third = RedisScript("return tonumber(ARGV[1]) + 2 -- \(version)")
            let (one, two) = try await client.transaction(third.request(arguments: [1], as: Int.self), .incr(key + "2"))
            #expect(one == 3)
            #expect(two == 1)
            let reading = RedisScript("return redis.call('SET', KEYS[1], 'x') -- \(version)", isReadOnly: true)
            await #expect(throws: RedisError.self) { try await reading.run(keys: [key], on: client) }
            let hash = try await client.scriptLoad("return 7")
            try await #expect(client.evalSHA(hash, as: Int.self) == 7)
            await #expect(throws: RedisError.self) { try await client.eval("syntax error") }
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func transactions(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let (a, b) = (fixture.key("a"), fixture.key("b"))
            let (_, n, text) = try await client.transaction(.set(a, "1"), .incr(a), .get(a, as: String.self))
            #expect(n == 2)
            #expect(text == "2")
            try await client.lpush(b, ["x"])
            let failed = await #expect(throws: RedisError.self) { try await client.transaction(.incr(a), .incr(b)) }
            #expect(failed?.code == .server("WRONGTYPE"))
            try await #expect(client.get(a, as: Int.self) == 3)
            let refused = await #expect(throws: RedisError.self) {
                try await client.transaction([RedisCommand("INCR", a), RedisCommand("NONSENSE")])
            }
            #expect(refused?.command == "NONSENSE")
            try await #expect(client.get(a, as: Int.self) == 3)
            let results = try await client.transaction([RedisRequest<Int>.incr(a), .incr(b)])
            #expect(try results[0].get() == 4)
            #expect(throws: RedisError.self) { try results[1].get() }
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func watchedTransactions(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let key = fixture.key("stock")
            try await client.set(key, 10)
            let sold = try await client.withTransaction(watching: [key]) { connection in
                let stock = try await connection.get(key, as: Int.self) ?? 0
                return RedisBatch(.set(key, stock - 1), .get(key, as: Int.self))
            }
            #expect(sold.responses?.1 == 9)

            let aborted = try await client.withTransaction(watching: [key]) { _ in
                try await client.incr(key)
                return RedisBatch(.set(key, 0), .get(key))
            }
            guard case .aborted = aborted else {
                Issue.record("the watched key was overwritten")
                return
            }
            try await #expect(client.get(key, as: Int.self) == 10)

            var attempts = 0
            let retried = try await client.withTransaction(watching: [key], attempts: 5) { connection in
                attempts += 1
                let stock = try await connection.get(key, as: Int.self) ?? 0
                if attempts < 3 { try await client.incr(key) }
                return RedisBatch(.set(key, stock * 2), .get(key, as: Int.self))
            }
            #expect(attempts == 3)
            #expect(retried.responses?.1 == 24)

            let declined = try await client.withTransaction(watching: [key]) { _ -> RedisBatch<(Bool, Int)>? in nil }
            guard case .declined = declined else {
                Issue.record("not declined")
                return
            }
            struct Failure: Error {}
            await #expect(throws: Failure.self) {
                try await client.withTransaction(watching: [key]) { _ -> RedisBatch<(Bool, Int)>? in throw Failure() }
            }
            try await #expect(client.get(key, as: Int.self) == 24)
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func concurrentWatchedTransactionsLoseNoUpdate(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let key = fixture.key("n")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<10 {
                            let result = try await client.withTransaction(watching: [key], attempts: 1_000) {
                                connection in
                                let value = try await connection.get(key, as: Int.self) ?? 0
                                return RedisBatch(.set(key, value + 1), .get(key))
                            }
                            #expect(result.responses != nil)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await #expect(client.get(key, as: Int.self) == 80)
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func scans(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let space = fixture.key("s*[p]?ace")
            let impostor = fixture.key("special-pace")
            var expected: Set<String> = []
            let requests = (0..<500).map { index in
                expected.insert("\(space):\(index)")
                return RedisRequest<Bool>.set("\(space):\(index)", index)
            }
            for result in try await client.pipeline(requests) { _ = try result.get() }
            try await client.set("\(impostor):1", "x")
            try await client.sadd("\(space):set", ["x"])
            let pattern = RedisGlob.escape(space) + ":*"
            var seen: Set<String> = []
            for try await key in client.scan(matching: pattern, type: .string, count: 50) { seen.insert(key) }
            #expect(seen == expected)
            var removed = 0
            for try await page in client.scan(matching: pattern).pages where !page.isEmpty {
                removed += try await client.unlink(page)
            }
            #expect(removed == 501)
            try await #expect(client.exists("\(impostor):1"))
        }
    }

    @Test(arguments: CommandFixture.Version.allCases)
    func blockingCommands(version: CommandFixture.Version) async throws {
        try await CommandFixture.use(version) { fixture in
            let client = fixture.client
            let (list, other, sorted) = (fixture.key("l"), fixture.key("m"), fixture.key("z"))
            try await client.withConnection { connection in
                let short = Duration.milliseconds(10)
                try await #expect(connection.blpop([list], timeout: short) == nil)
                try await #expect(connection.brpop([list], timeout: short) == nil)
                try await #expect(connection.blmove(from: list, .front, to: other, .back, timeout: short) == nil)
                try await #expect(connection.blmpop([list], from: .front, timeout: short) == nil)
                try await #expect(connection.bzpopMin([sorted], timeout: short) == nil)
                try await #expect(connection.bzpopMax([sorted], timeout: short) == nil)
                try await #expect(connection.bzmpop([sorted], from: .lowest, timeout: short) == nil)
                try await #expect(connection.wait(forReplicas: 1, timeout: short) == 0)

                let long = Duration.seconds(30)
                async let popped = connection.blpop([list], timeout: long, as: String.self)
                try await client.rpush(list, ["a", "b", "c", "d"])
                try await #expect(popped == RedisPopped(key: list, value: "a"))
                try await #expect(
                    connection.brpop([list], timeout: long, as: String.self) == RedisPopped(key: list, value: "d")
                )
                try await #expect(
                    connection.blmove(from: list, .front, to: other, .back, timeout: long, as: String.self) == "b"
                )
                try await #expect(
                    connection.blmpop([list], from: .back, timeout: long, as: String.self)
                        == RedisPopped(key: list, value: ["c"])
                )
                try await client.zadd(sorted, ["x": 1, "y": 2, "z": 3])
                try await #expect(
                    connection.bzpopMin([sorted], timeout: long, as: String.self)
                        == RedisPopped(key: sorted, value: RedisScored("x", score: 1))
                )
                try await #expect(
                    connection.bzpopMax([sorted], timeout: long, as: String.self)
                        == RedisPopped(key: sorted, value: RedisScored("z", score: 3))
                )
                try await #expect(
                    connection.bzmpop([sorted], from: .lowest, timeout: long, as: String.self)
                        == RedisPopped(key: sorted, value: [RedisScored("y", score: 2)])
                )
            }
        }
    }

    /// Takes real seconds: the interval has to be longer than a busy machine's pauses, and the wait longer than that.
    @Test func blockingLongerThanTheHealthCheckIntervalKeepsTheConnection() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(url: "\(server.url)?health_check_interval=4")
            try await client.withConnection { connection in
                let id = try await connection.clientID()
                try await #expect(connection.blpop(["list"], timeout: .seconds(5)) == nil)
                async let popped = connection.blpop(["list"], timeout: .seconds(30), as: String.self)
                try await client.rpush("list", ["x"])
                try await #expect(popped?.value == "x")
                try await #expect(connection.clientID() == id)
            }
            await client.shutdown()
        }
    }
}
