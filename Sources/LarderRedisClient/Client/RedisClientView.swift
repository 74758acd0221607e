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

    /// The same for commands that no server may execute that was met later.
    ///
    /// - Parameter meeting: The number of the last meeting whose server may execute them, see
    ///   ``RedisClient/serverMeetings``. Others are refused with `.serverChanged`.
    /// - Returns: A sender on the client's connections.
    package func bound(to meeting: UInt64) -> RedisClientView {
        var view = self
        view.terms.bound = meeting
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

    /// The same client for commands that no server may execute that was met later.
    ///
    /// - Parameter meeting: The number of the last meeting whose server may execute them.
    /// - Returns: A sender on the client's connections.
    package func bound(to meeting: UInt64) -> RedisClientView { self.view.bound(to: meeting) }

    /// How many servers the client has met so far, as its primary or primaries: each time another process or another
    /// history of writes answered than was known.
    package var serverMeetings: UInt64 { self.servers.history.position.meetings }

    /// The number of the last meeting in which a server turned out to have taken the place of another; 0 if there was
    /// none.
    ///
    /// What was concluded from answers before that meeting may rest on writes that are forgotten.
    package var lastServerChange: UInt64 { self.servers.history.position.lastChange }

    /// The run and replication ids of the primaries that stand in their places now, each as one text.
    package var serverIdentities: [String] { self.servers.history.currentIdentities.map(\.text) }
}
