/// A client whose commands are sent on other terms than it was configured with.
///
/// ```swift
/// let hasty = redis.timeout(.milliseconds(50))
/// let value = try await hasty.send(RedisCommand("GET", "greeting"))
/// ```
public struct RedisClientView: RedisCommandSender {
    let client: RedisClient
    var terms: CallTerms

    /// Sends a command and waits for its reply.
    ///
    /// See `RedisClient.send`.
    public func send(_ command: RedisCommand) async throws -> RESPValue {
        try await self.client.send(command, self.terms)
    }

    /// Sends commands in one go and waits for all replies.
    ///
    /// See `RedisClient.pipeline`.
    public func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        try await self.client.pipeline(commands, self.terms)
    }

    /// The same with another timeout.
    ///
    /// - Parameter timeout: How long each command may take, from the call to the reply.
    /// - Returns: A sender on the client's connections.
    public func timeout(_ timeout: Duration) -> RedisClientView {
        var view = self
        view.terms.timeout = timeout.wholeNanoseconds
        return view
    }

    /// The same with another choice of who answers commands that only read.
    ///
    /// - Parameter preference: Who answers.
    /// - Returns: A sender on the client's connections.
    public func reading(from preference: RedisConfiguration.ReadPreference) -> RedisClientView {
        var view = self
        view.terms.preference = preference
        return view
    }
}

extension RedisClient {
    var view: RedisClientView {
        RedisClientView(
            client: self,
            terms: CallTerms(
                timeout: self.configuration.commandTimeout.wholeNanoseconds,
                preference: self.configuration.readPreference == .primary ? nil : self.configuration.readPreference
            )
        )
    }

    /// The same client with another timeout for its commands.
    ///
    /// ```swift
    /// let value = try await redis.timeout(.milliseconds(50)).send(RedisCommand("GET", "greeting"))
    /// ```
    ///
    /// - Parameter timeout: How long each command may take, from the call to the reply.
    /// - Returns: A sender on the client's connections.
    public func timeout(_ timeout: Duration) -> RedisClientView { self.view.timeout(timeout) }

    /// The same client with another choice of who answers commands that only read.
    ///
    /// - Parameter preference: Who answers.
    /// - Returns: A sender on the client's connections.
    public func reading(from preference: RedisConfiguration.ReadPreference) -> RedisClientView {
        self.view.reading(from: preference)
    }
}
