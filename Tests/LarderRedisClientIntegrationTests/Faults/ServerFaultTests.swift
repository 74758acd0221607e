import LarderRedisClient
import LarderTesting
import Testing

/// What servers refuse, and the error that the caller sees: the table in `Faults.md`.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ServerFaultTests {
    static func error(of command: RedisCommand, on client: RedisClient) async -> RedisError? {
        let error = await #expect(throws: RedisError.self) { _ = try await client.send(command) }
        #expect(error?.command == command.name)
        return error
    }

    @Test func wrongPasswordAndNone() async throws {
        try await withRedisServer(.init(password: "sesame")) { server in
            for password in ["guess", nil] {
                var configuration = server.configuration
                configuration.password = password
                try await withClient(configuration) { client in
                    let error = await Self.error(of: RedisCommand("GET", "a"), on: client)
                    #expect(error?.code == .authenticationFailed)
                    #expect(error?.canRetry == false)
                    #expect(error.map { "\($0)" }?.contains("guess") == false)
                }
            }
        }
    }

    @Test func whatTheUserMayNotDo() async throws {
        let reader = RedisServer.User(name: "reader", password: "pw", rules: "~public:* +get +ping +info +hello")
        try await withRedisServer(.init(users: [reader])) { server in
            var configuration = server.configuration
            configuration.username = "reader"
            configuration.password = "pw"
            try await withClient(configuration) { client in
                try await #expect(client.get("public:a", as: String.self) == nil)
                for command in [RedisCommand("SET", "public:a", "1"), RedisCommand("GET", "private:a")] {
                    let error = await Self.error(of: command, on: client)
                    #expect(error?.code == .server("NOPERM"))
                    #expect(error?.canRetry == false)
                    #expect(error.map { "\($0)" }?.contains("private:a") == false)
                }
                try await client.ping()
            }
        }
    }

    @Test func memoryThatIsFull() async throws {
        try await withRedisServer(.init(configuration: ["maxmemory-policy noeviction"])) { server in
            try await withClient(server.configuration) { client in
                try await client.set("a", "1")
                try await server.command("CONFIG", "SET", "maxmemory", "1")
                let error = await Self.error(of: RedisCommand("SET", "b", "1"), on: client)
                #expect(error?.code == .server("OOM"))
                try await #expect(client.get("a", as: String.self) == "1")
            }
        }
    }

    @Test func replicaThatIsWrittenTo() async throws {
        try await withRedisServer { primary in
            try await withRedisServer { replica in
                try await replica.command("REPLICAOF", "127.0.0.1", "\(primary.port)")
                try await withClient(replica.configuration) { client in
                    try await #expect(
                        eventually {
                            try await replica.command("INFO", "replication").contains("master_link_status:up")
                        }
                    )
                    let error = await Self.error(of: RedisCommand("SET", "a", "1"), on: client)
                    #expect(error?.code == .server("READONLY"))
                    #expect(error?.canRetry == true)
                }
            }
        }
    }

    @Test func replicaThatHasLostItsPrimary() async throws {
        try await withRedisServer(.init(configuration: ["replica-serve-stale-data no"])) { replica in
            try await withRedisServer { primary in
                try await replica.command("REPLICAOF", "127.0.0.1", "\(primary.port)")
                try await #expect(
                    eventually { try await replica.command("INFO", "replication").contains("master_link_status:up") }
                )
            }
            try await withClient(replica.configuration) { client in
                try await #expect(
                    eventually { try await replica.command("INFO", "replication").contains("master_link_status:down") }
                )
                let error = await Self.error(of: RedisCommand("GET", "a"), on: client)
                #expect(error?.code == .server("MASTERDOWN"))
                #expect(error?.canRetry == true)
            }
        }
    }

    @Test func primaryWithTooFewReplicas() async throws {
        try await withRedisServer(.init(configuration: ["min-replicas-to-write 1"])) { server in
            try await withClient(server.configuration) { client in
                #expect(await Self.error(of: RedisCommand("SET", "a", "1"), on: client)?.code == .server("NOREPLICAS"))
            }
        }
    }

    @Test func serverThatLoadsItsData() async throws {
        try await withRedisServer(.init(persistent: true, configuration: ["enable-debug-command yes"])) { server in
            // Some keys, and so long a pause after each that the server is still loading when it is asked.
            try await server.command("DEBUG", "POPULATE", "3000", "key", "100")
            try await server.command("SAVE")
            try await server.command("CONFIG", "SET", "key-load-delay", "500")
            try await server.command("CONFIG", "SET", "loading-process-events-interval-bytes", "1024")
            try await withClient(server.configuration) { client in
                try await client.ping()
                async let reloading: Void = {
                    try await server.command("DEBUG", "RELOAD", "NOSAVE")
                }()
                var seen: RedisError?
                try await #expect(
                    eventually {
                        do {
                            _ = try await client.get("key:1", as: String.self)
                        } catch let error as RedisError where error.code == .server("LOADING") {
                            seen = error
                        }
                        return seen != nil
                    }
                )
                #expect(seen?.canRetry == true)
                try await reloading
                try await #expect(eventually { (try? await client.exists("key:1")) == true })
            }
        }
    }

    @Test func scriptThatTakesTooLong() async throws {
        try await withRedisServer(.init(configuration: ["busy-reply-threshold 20"])) { server in
            try await withClient(server.configuration) { client in
                async let endless: Result<RESPValue, any Error> = {
                    do {
                        return .success(try await client.send(RedisCommand("EVAL", "while true do end", 0)))
                    } catch {
                        return .failure(error)
                    }
                }()
                try await withClient(server.configuration) { other in
                    var seen: RedisError?
                    try await #expect(
                        eventually {
                            do {
                                try await other.ping()
                            } catch let error as RedisError where error.code == .server("BUSY") {
                                seen = error
                            }
                            return seen != nil
                        }
                    )
                    #expect(seen?.canRetry == true)
                    _ = try await other.send(RedisCommand("SCRIPT", "KILL"))
                    try await #expect(eventually { (try? await other.ping()) != nil })
                }
                guard case .failure(let error as RedisError) = await endless else {
                    Issue.record("the script ended by itself")
                    return
                }
                #expect([.server("ERR"), .timedOut].contains(error.code))
            }
        }
    }

    @Test func scriptThatTheServerHasForgotten() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                let script = RedisScript("return ARGV[1]")
                try await #expect(script.run(arguments: ["a"], on: client, as: String.self) == "a")
                try await server.command("SCRIPT", "FLUSH")
                try await #expect(script.run(arguments: ["b"], on: client, as: String.self) == "b")
            }
        }
    }

    @Test func serverThatCannotSave() async throws {
        // A directory stands where the snapshot should go.
        try await withRedisServer(.init(configuration: ["save 1 1", "dbfilename snapshot"])) { server in
            try await TestProgram.run("mkdir", ["\(server.directory)/snapshot"])
            try await withClient(server.configuration) { client in
                try await client.set("a", "1")
                try await server.command("BGSAVE")
                try await #expect(
                    eventually {
                        try await server.command("INFO", "persistence").contains("rdb_last_bgsave_status:err")
                    }
                )
                #expect(await Self.error(of: RedisCommand("SET", "a", "2"), on: client)?.code == .server("MISCONF"))
                try await #expect(client.get("a", as: String.self) == "1")
            }
        }
    }

    @Test func keysOfSeveralSlotsInOneScript() async throws {
        try await withRedisServer(.init(configuration: ["cluster-enabled yes"])) { server in
            try await server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            try await withClient(server.configuration) { client in
                try await #expect(eventually { (try? await client.get("a", as: String.self)) == .some(nil) })
                let command = RedisCommand("EVAL", "return 1", 2, "a", "b")
                #expect(await Self.error(of: command, on: client)?.code == .server("CROSSSLOT"))
            }
        }
    }

    @Test func valueOfAnotherType() async throws {
        try await withRedisServer { server in
            try await withClient(server.configuration) { client in
                try await client.set("a", "text")
                #expect(await Self.error(of: RedisCommand("LPUSH", "a", "1"), on: client)?.code == .server("WRONGTYPE"))
            }
        }
    }
}
