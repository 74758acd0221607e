import NIOCore

/// What is said on a new connection before it can be used: which protocol, who we are, which database.
///
/// A plain value: it is told of replies and says what to do next.
///
/// Everything is sent in one go. If the server knows no `HELLO` or no RESP3, the answers to that round are let pass and
/// a second one says the same in RESP2.
struct Handshake {
    enum Action {
        case send([RedisCommand])
        case wait
        /// The connection can be used.
        case finish(Outcome)
        case fail(RedisError)
    }

    /// What the handshake has found out.
    struct Outcome: Sendable, Equatable {
        var protocolVersion: Int
        /// Nil where the server does not say.
        var identity: ServerIdentity?
    }

    private enum Step {
        case hello
        case auth
        case select
        case setName
        /// `INFO server` and `INFO replication`.
        case serverInfo
        case replicationInfo
        /// A command that the connection's purpose needs, by its name.
        case preparation(String)
        /// A command whose failure does not matter.
        case courtesy
    }

    private let configuration: RedisConfiguration
    private let purpose: ConnectionPurpose
    private var serverInfo: String?
    private var replicationInfo: String?
    private var expected: [Step] = []
    private var protocolVersion = 2
    private var needsFallback = false

    init(_ configuration: RedisConfiguration, purpose: ConnectionPurpose = .init()) {
        self.configuration = configuration
        self.purpose = purpose
    }

    /// What to send first.
    mutating func start() -> [RedisCommand] {
        switch self.configuration.protocolVersion.version {
        case .resp3: self.resp3Round()
        case .resp2: self.resp2Round()
        }
    }

    /// Takes the next reply.
    mutating func receive(_ reply: RESPValue) -> Action {
        guard !self.expected.isEmpty else {
            return .fail(RedisError(.protocolViolation, message: "the server sent a reply to no command"))
        }
        let step = self.expected.removeFirst()
        switch (step, reply) {
        case (.courtesy, _):
            break
        case (_, _) where self.needsFallback:
            // The rest of a round whose HELLO was not understood.
            break
        case (.hello, .error(let error)) where Self.knowsNoResp3(error):
            self.needsFallback = true
        case (.hello, .error(let error)), (.auth, .error(let error)):
            return .fail(Self.authenticationError(error))
        case (.select, .error(let error)):
            return .fail(
                RedisError(
                    error.code == "NOAUTH" ? .authenticationFailed : .connectionFailed,
                    message: "the server refused database \(self.configuration.database): \(error.message)"
                )
            )
        case (.setName, .error(let error)):
            return .fail(
                RedisError(
                    error.code == "NOAUTH" ? .authenticationFailed : .connectionFailed,
                    message: "the server refused the client's name: \(error.message)"
                )
            )
        case (.preparation(let name), .error(let error)):
            return .fail(
                RedisError(
                    .connectionFailed,
                    message: "the server refused \(name), which this connection needs: \(error.message)",
                    command: name,
                    underlying: RedisError(error)
                )
            )
        case (.hello, _):
            self.protocolVersion = 3
        // A user without the right to ask is no reason to give up.
        case (.serverInfo, _): self.serverInfo = try? String(resp: reply)
        case (.replicationInfo, _): self.replicationInfo = try? String(resp: reply)
        case (.auth, _), (.select, _), (.setName, _), (.preparation, _):
            break
        }
        if !self.expected.isEmpty { return .wait }
        if self.needsFallback {
            self.needsFallback = false
            return .send(self.resp2Round())
        }
        return self.finish()
    }

    private func finish() -> Action {
        var identity: ServerIdentity?
        if let server = self.serverInfo, let replication = self.replicationInfo {
            identity = ServerIdentity(server: server, replication: replication)
        }
        if self.purpose.needsPrimary, identity?.isPrimary == false {
            return .fail(RedisError(.connectionFailed, message: "the server is a replica, not the primary"))
        }
        if self.purpose.needsRESP3, self.protocolVersion < 3 {
            return .fail(
                RedisError(
                    .connectionFailed,
                    message: "the server does not speak RESP3 (Redis 6 and later)",
                    command: "HELLO"
                )
            )
        }
        return .finish(Outcome(protocolVersion: self.protocolVersion, identity: identity))
    }

    // MARK: Rounds

    private mutating func resp3Round() -> [RedisCommand] {
        var hello = RedisCommand("HELLO", 3)
        if let password = self.configuration.password {
            hello.append("AUTH")
            hello.append(self.configuration.username ?? "default")
            hello.append(password)
        }
        if let name = self.configuration.clientName {
            hello.append("SETNAME")
            hello.append(name)
        }
        self.expected.append(.hello)
        return [hello] + self.commonCommands()
    }

    private mutating func resp2Round() -> [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password = self.configuration.password {
            // Servers older than ACLs know AUTH with a password only.
            if let username = self.configuration.username {
                commands.append(RedisCommand("AUTH", username, password))
            } else {
                commands.append(RedisCommand("AUTH", password))
            }
            self.expected.append(.auth)
        }
        if let name = self.configuration.clientName {
            commands.append(RedisCommand("CLIENT", "SETNAME", name))
            self.expected.append(.setName)
        }
        return commands + self.commonCommands()
    }

    private mutating func commonCommands() -> [RedisCommand] {
        var commands: [RedisCommand] = []
        if self.configuration.database != 0 {
            commands.append(RedisCommand("SELECT", self.configuration.database))
            self.expected.append(.select)
        }
        commands.append(RedisCommand("INFO", "server"))
        self.expected.append(.serverInfo)
        commands.append(RedisCommand("INFO", "replication"))
        self.expected.append(.replicationInfo)
        for command in self.purpose.preparation {
            commands.append(command)
            self.expected.append(.preparation(command.name))
        }
        // Servers before 7.2 do not know it; also, there is always a reply to wait for, which tells a working connection
        // from one that was accepted and forgotten.
        commands.append(RedisCommand("CLIENT", "SETINFO", "LIB-NAME", "larder"))
        self.expected.append(.courtesy)
        return commands
    }

    // MARK: Errors

    private static func knowsNoResp3(_ error: RedisServerError) -> Bool {
        error.code == "NOPROTO" || error.message.lowercased().contains("unknown command")
    }

    private static func authenticationError(_ error: RedisServerError) -> RedisError {
        switch error.code {
        case "WRONGPASS", "NOAUTH", "NOPERM":
            return RedisError(.authenticationFailed, message: error.message)
        default:
            // Servers before 6 say "ERR invalid password", and "ERR Client sent AUTH, but no password is set".
            let mentionsPassword = error.message.lowercased().contains("password")
            return RedisError(mentionsPassword ? .authenticationFailed : .connectionFailed, message: error.message)
        }
    }
}
