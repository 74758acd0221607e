// Written by scripts/generate-redis-methods.swift from RedisRequest+Connections.swift: change that file, then run the script.

extension RedisCommandSender {
    /// The number of the connection that sends this; with a client, one of its connections.
    ///
    /// Sends `CLIENT ID`.
    ///
    /// - Returns: The number.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func clientID() async throws -> Int {
        try await self.send(.clientID())
    }

    /// What the server knows of the connection that sends this.
    ///
    /// Sends `CLIENT INFO`.
    ///
    /// - Returns: The connection.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func clientInfo() async throws -> RedisClientInfo {
        try await self.send(.clientInfo())
    }

    /// All connections of the server.
    ///
    /// Sends `CLIENT LIST`.
    ///
    /// - Returns: The connections.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func clientList() async throws -> [RedisClientInfo] {
        try await self.send(.clientList())
    }

    /// Closes a connection of the server.
    ///
    /// Sends `CLIENT KILL`.
    ///
    /// - Parameter id: The connection's number.
    /// - Returns: Whether there was such a connection.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func clientKill(id: Int) async throws -> Bool {
        try await self.send(.clientKill(id: id))
    }

    /// The name of the connection that sends this.
    ///
    /// Sends `CLIENT GETNAME`.
    ///
    /// - Returns: The name; `nil` if it has none.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func clientGetName() async throws -> String? {
        try await self.send(.clientGetName())
    }

    /// Names the connection that sends this.
    ///
    /// Sends `CLIENT SETNAME`, for connections lent by a client: a client names its own as
    /// `RedisConfiguration.clientName` says.
    ///
    /// - Parameter name: The name; no spaces.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func clientSetName(_ name: String) async throws {
        try await self.send(.clientSetName(name))
    }

    /// Saves the connection that sends this from being closed when the server's memory is short.
    ///
    /// Sends `CLIENT NO-EVICT`, since Redis 7.0, for connections lent by a client.
    ///
    /// - Parameter isOn: Whether to save it.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func clientNoEvict(_ isOn: Bool) async throws {
        try await self.send(.clientNoEvict(isOn))
    }

    /// The user that the connection is logged in as.
    ///
    /// Sends `ACL WHOAMI`.
    ///
    /// - Returns: The user's name.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func aclWhoAmI() async throws -> String {
        try await self.send(.aclWhoAmI())
    }

    /// The names of all users.
    ///
    /// Sends `ACL USERS`.
    ///
    /// - Returns: The names.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func aclUsers() async throws -> [String] {
        try await self.send(.aclUsers())
    }

    /// All users with their rules.
    ///
    /// Sends `ACL LIST`.
    ///
    /// - Returns: For each user a line of the server's ACL; it holds hashes of passwords.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func aclList() async throws -> [String] {
        try await self.send(.aclList())
    }

    /// Makes a user or changes one.
    ///
    /// Sends `ACL SETUSER`.
    ///
    /// - Parameters:
    ///   - name: The user's name.
    ///   - rules: The rules, such as `on`, `>password` and `~cache:*`.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func aclSetUser(_ name: String, _ rules: [String] = []) async throws {
        try await self.send(.aclSetUser(name, rules))
    }

    /// Removes users and closes their connections.
    ///
    /// Sends `ACL DELUSER`.
    ///
    /// - Parameter names: The users' names.
    /// - Returns: How many of them existed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func aclDelUser(_ names: [String]) async throws -> Int {
        try await self.send(.aclDelUser(names))
    }

    /// The categories of commands, or the commands of one.
    ///
    /// Sends `ACL CAT`.
    ///
    /// - Parameter category: The category; `nil` for the names of all categories.
    /// - Returns: The names.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func aclCategories(_ category: String? = nil) async throws -> [String] {
        try await self.send(.aclCategories(category))
    }

    /// Whether a user may send a command.
    ///
    /// Sends `ACL DRYRUN`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - user: The user's name.
    ///   - command: The command.
    /// - Returns: `nil` if the user may; else the server's words on why not.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func aclDryRun(_ user: String, _ command: RedisCommand) async throws -> String? {
        try await self.send(.aclDryRun(user, command))
    }
}
