// Commands on clients and users, as far as they leave the connection that sends them as it is.
extension RedisRequest {
    /// The number of the connection that sends this; with a client, one of its connections.
    ///
    /// Sends `CLIENT ID`.
    ///
    /// - Returns: The number.
    public static func clientID() -> RedisRequest<Int> {
        .init(RedisCommand("CLIENT", "ID"))
    }

    /// What the server knows of the connection that sends this.
    ///
    /// Sends `CLIENT INFO`.
    ///
    /// - Returns: The connection.
    public static func clientInfo() -> RedisRequest<RedisClientInfo> {
        .init(RedisCommand("CLIENT", "INFO")) { (reply) throws(RedisError) in
            RedisClientInfo(line: try String(resp: reply))
        }
    }

    /// All connections of the server.
    ///
    /// Sends `CLIENT LIST`.
    ///
    /// - Returns: The connections.
    public static func clientList() -> RedisRequest<[RedisClientInfo]> {
        .init(RedisCommand("CLIENT", "LIST")) { (reply) throws(RedisError) in
            try String(resp: reply).split(whereSeparator: \.isNewline).map { RedisClientInfo(line: String($0)) }
        }
    }

    /// Closes a connection of the server.
    ///
    /// Sends `CLIENT KILL`.
    ///
    /// - Parameter id: The connection's number.
    /// - Returns: Whether there was such a connection.
    @discardableResult
    public static func clientKill(id: Int) -> RedisRequest<Bool> {
        .init(RedisCommand("CLIENT", "KILL", "ID", id)) { (reply) throws(RedisError) in try Int(resp: reply) > 0 }
    }

    /// The name of the connection that sends this.
    ///
    /// Sends `CLIENT GETNAME`.
    ///
    /// - Returns: The name; `nil` if it has none.
    public static func clientGetName() -> RedisRequest<String?> {
        .init(RedisCommand("CLIENT", "GETNAME")) { (reply) throws(RedisError) in
            let name = try String?(resp: reply)
            return name == "" ? nil : name
        }
    }

    /// Names the connection that sends this.
    ///
    /// Sends `CLIENT SETNAME`, for connections lent by a client: a client names its own as
    /// `RedisConfiguration.clientName` says.
    ///
    /// - Parameter name: The name; no spaces.
    /// - Returns: Nothing.
    public static func clientSetName(_ name: String) -> RedisRequest<Void> {
        .init(RedisCommand("CLIENT", "SETNAME", name))
    }

    /// Saves the connection that sends this from being closed when the server's memory is short.
    ///
    /// Sends `CLIENT NO-EVICT`, since Redis 7.0, for connections lent by a client.
    ///
    /// - Parameter isOn: Whether to save it.
    /// - Returns: Nothing.
    public static func clientNoEvict(_ isOn: Bool) -> RedisRequest<Void> {
        .init(RedisCommand("CLIENT", "NO-EVICT", isOn ? "ON" : "OFF"))
    }

    /// The user that the connection is logged in as.
    ///
    /// Sends `ACL WHOAMI`.
    ///
    /// - Returns: The user's name.
    public static func aclWhoAmI() -> RedisRequest<String> {
        .init(RedisCommand("ACL", "WHOAMI"))
    }

    /// The names of all users.
    ///
    /// Sends `ACL USERS`.
    ///
    /// - Returns: The names.
    public static func aclUsers() -> RedisRequest<[String]> {
        .init(RedisCommand("ACL", "USERS"))
    }

    /// All users with their rules.
    ///
    /// Sends `ACL LIST`.
    ///
    /// - Returns: For each user a line of the server's ACL; it holds hashes of passwords.
    public static func aclList() -> RedisRequest<[String]> {
        .init(RedisCommand("ACL", "LIST"))
    }

    /// Makes a user or changes one.
    ///
    /// Sends `ACL SETUSER`.
    ///
    /// - Parameters:
    ///   - name: The user's name.
    ///   - rules: The rules, such as `on`, `>password` and `~cache:*`.
    /// - Returns: Nothing.
    public static func aclSetUser(_ name: String, _ rules: [String] = []) -> RedisRequest<Void> {
        .init(RedisCommand("ACL", "SETUSER", name, RedisArguments(rules)))
    }

    /// Removes users and closes their connections.
    ///
    /// Sends `ACL DELUSER`.
    ///
    /// - Parameter names: The users' names.
    /// - Returns: How many of them existed.
    @discardableResult
    public static func aclDelUser(_ names: [String]) -> RedisRequest<Int> {
        .init(RedisCommand("ACL", "DELUSER", RedisArguments(names)))
    }

    /// The categories of commands, or the commands of one.
    ///
    /// Sends `ACL CAT`.
    ///
    /// - Parameter category: The category; `nil` for the names of all categories.
    /// - Returns: The names.
    public static func aclCategories(_ category: String? = nil) -> RedisRequest<[String]> {
        .init(RedisCommand("ACL", "CAT", category))
    }

    /// Whether a user may send a command.
    ///
    /// Sends `ACL DRYRUN`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - user: The user's name.
    ///   - command: The command.
    /// - Returns: `nil` if the user may; else the server's words on why not.
    public static func aclDryRun(_ user: String, _ command: RedisCommand) -> RedisRequest<String?> {
        var dryRun = RedisCommand("ACL", "DRYRUN", user)
        for index in 0...command.argumentCount { _ = command.withElement(index) { dryRun.append(bytes: $0) } }
        return .init(dryRun) { (reply) throws(RedisError) in
            let answer = try String(resp: reply)
            return answer == "OK" ? nil : answer
        }
    }
}
