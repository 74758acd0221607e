extension RedisServer {
    /// Sends a command, and takes an error for one.
    ///
    /// - Throws: `TestServerError`, `.refused` when the server answers with an error, `.noAnswer` when not in time.
    @discardableResult
    func order(_ words: String..., atMost limit: Duration = .seconds(2)) async throws -> RawRedisReply {
        try await self.order([words], atMost: limit)[0]
    }

    /// Sends commands all at once, and takes an error for one.
    ///
    /// - Returns: The replies, as many as commands.
    /// - Throws: `TestServerError`, `.refused` when the server answers one with an error, `.noAnswer` when not in time.
    @discardableResult
    func order(_ commands: [[String]], atMost limit: Duration = .seconds(2)) async throws -> [RawRedisReply] {
        try await self.order(commands.map { $0.map { Array($0.utf8) } }, atMost: limit)
    }

    /// Sends commands of any bytes all at once, and takes an error for one.
    @discardableResult
    func order(_ commands: [[[UInt8]]], atMost limit: Duration) async throws -> [RawRedisReply] {
        let replies = try await self.exchange(commands, atMost: limit)
        for (command, reply) in zip(commands, replies) {
            guard case .error(let message) = reply else { continue }
            let name = command.prefix(2).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            throw TestServerError(.refused, "The server at port \(self.port) answered \(name) with: \(message)")
        }
        return replies
    }

    /// How the server sees its own part in replication.
    ///
    /// - Throws: `TestServerError` when the server does not answer.
    func replicationStatus(atMost limit: Duration = .seconds(1)) async throws -> ReplicationStatus {
        ReplicationStatus(lines: try await self.order("INFO", "replication", atMost: limit).lines)
    }

    /// What INFO says of a server's replication.
    struct ReplicationStatus: Sendable {
        /// Whether the server takes itself for a primary.
        let isPrimary: Bool
        /// The port of whom it follows.
        let primaryPort: Int?
        /// Whether it is linked to whom it follows, and has what that one had at the beginning.
        let isLinkUp: Bool
        /// How much of the primary's stream it has; of a primary, how much there is.
        let offset: Int
        /// The name of the stream.
        let streamID: String
        /// The name of the stream that it followed until it became a primary.
        let formerStreamID: String
        /// How much of that stream it had.
        let formerOffset: Int

        init(lines: [String: String]) {
            self.isPrimary = lines["role"] == "master"
            self.primaryPort = lines["master_port"].flatMap { Int($0) }
            self.isLinkUp = lines["master_link_status"] == "up"
            let offset = self.isPrimary ? lines["master_repl_offset"] : lines["slave_repl_offset"]
            self.offset = offset.flatMap { Int($0) } ?? 0
            self.streamID = lines["master_replid"] ?? ""
            self.formerStreamID = lines["master_replid2"] ?? ""
            // INFO names the first place that it did not have, and -1 where there was no stream before.
            self.formerOffset = (lines["second_repl_offset"].flatMap { Int($0) } ?? 0) - 1
        }
    }

    /// Waits until the server follows another one and has all of its data from the beginning.
    func awaitLink(to primary: RedisServer, atMost limit: Duration) async throws {
        try await AwaitedState.hold("The link of the replica at port \(self.port)", within: limit) {
            let status = try await self.replicationStatus()
            return !status.isPrimary && status.primaryPort == primary.port && status.isLinkUp
        }
    }

    /// A URL of several hosts, with the password of the servers if they have one.
    ///
    /// - Parameters:
    ///   - scheme: What the URL begins with, such as `"redis"` or `"redis+cluster"`, of plain TCP.
    ///   - hosts: The servers whose addresses the URL has.
    ///   - options: How the servers were started that the URL leads to.
    /// - Returns: The URL, without a path.
    static func url(_ scheme: String, hosts: [RedisServer], options: Options) -> String {
        let scheme = options.tls == nil ? scheme : "rediss" + scheme.dropFirst("redis".count)
        let login = options.password.map { ":\(Self.percentEncoded($0))@" } ?? ""
        return "\(scheme)://\(login)\(hosts.map { "\($0.host):\($0.port)" }.joined(separator: ","))"
    }
}

extension [RedisServer] {
    /// Those whose process lives, paused or not.
    var running: [RedisServer] { self.filter(\.isRunning) }

    /// Asks all servers at once.
    ///
    /// - Returns: What they answered, in their order; `nil` for those that did not, or not as asked for.
    func answers<Value: Sendable>(
        _ ask: @escaping @Sendable (RedisServer) async throws -> Value
    ) async -> [Value?] {
        await withTaskGroup(of: (Int, Value?).self) { group in
            for (index, server) in self.enumerated() {
                group.addTask {
                    // Servers that are down or paused are what these deployments are for: no answer is an answer.
                    (index, try? await ask(server))
                }
            }
            var answers = [Value?](repeating: nil, count: self.count)
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
    }

    /// Ends all servers at once and removes their directories.
    func stop() async {
        await withDiscardingTaskGroup { group in
            for server in self { group.addTask { await server.stop() } }
        }
    }

    /// Starts servers at once, all or none.
    ///
    /// - Throws: `TestServerError` when one of them does not start; the others are stopped then.
    static func start(
        _ roles: [RedisServer.Role],
        options: (Int) -> RedisServer.Options
    ) async throws -> [RedisServer] {
        try await withThrowingTaskGroup(of: (Int, Result<RedisServer, any Error>).self) { group in
            for (index, role) in roles.enumerated() {
                let options = options(index)
                group.addTask {
                    do {
                        return (index, .success(try await RedisServer(options, as: role)))
                    } catch {
                        return (index, .failure(error))
                    }
                }
            }
            var started: [(index: Int, server: RedisServer)] = []
            var failure: (any Error)?
            for try await (index, result) in group {
                switch result {
                case .success(let server): started.append((index, server))
                case .failure(let error): failure = error
                }
            }
            let servers = started.sorted { $0.index < $1.index }.map(\.server)
            if let failure {
                await servers.stop()
                throw failure
            }
            return servers
        }
    }

    /// Starts a primary, the first, and replicas of it, and waits until all are linked.
    ///
    /// - Throws: `TestServerError` when one of them does not start; the others are stopped then.
    static func startReplicated(replicas: Int, server: RedisServer.Options) async throws -> [RedisServer] {
        let lines = RedisServer.replicationLines(server)
        let primary = try await RedisServer(server, as: .replicated(lines))
        var servers = [primary]
        do {
            let follow = lines + ["replicaof \(primary.host) \(primary.port)"]
            var options = server
            options.port = nil
            let role = RedisServer.Role.replicated(follow)
            servers += try await Self.start(Array<RedisServer.Role>(repeating: role, count: replicas)) { _ in options }
            for replica in servers.dropFirst() { try await replica.awaitLink(to: primary, atMost: server.startLimit) }
            return servers
        } catch {
            await servers.stop()
            throw error
        }
    }
}
