public import NIOCore

// Commands that wait on the server. They are methods of a lent connection and of nothing else: on a shared one everybody
// would wait with them.

extension RedisConnection {
    /// Takes the first value of the first list that has one, and waits for one if all are empty.
    ///
    /// Sends `BLPOP`.
    ///
    /// - Parameters:
    ///   - keys: The lists, at least one.
    ///   - timeout: How long to wait.
    ///   - type: What to turn the value into.
    /// - Returns: The list's key and the value; `nil` if the time passed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled: a value may have been taken all the same.
    @discardableResult
    public func blpop<Value: RESPDecodable>(
        _ keys: [String],
        timeout: Duration,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> RedisPopped<Value>? {
        let command = { (limit: BlockingTimeout) in RedisCommand("BLPOP", RedisArguments(keys), limit) }
        return try await self.block(command, timeout) { (reply) throws(RedisError) in
            try RedisPopped.decode(reply) { (value) throws(RedisError) in try Value(resp: value) }
        }
    }

    /// Takes the last value of the first list that has one, and waits for one if all are empty.
    ///
    /// Sends `BRPOP`.
    ///
    /// - Parameters:
    ///   - keys: The lists, at least one.
    ///   - timeout: How long to wait.
    ///   - type: What to turn the value into.
    /// - Returns: The list's key and the value; `nil` if the time passed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled: a value may have been taken all the same.
    @discardableResult
    public func brpop<Value: RESPDecodable>(
        _ keys: [String],
        timeout: Duration,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> RedisPopped<Value>? {
        let command = { (limit: BlockingTimeout) in RedisCommand("BRPOP", RedisArguments(keys), limit) }
        return try await self.block(command, timeout) { (reply) throws(RedisError) in
            try RedisPopped.decode(reply) { (value) throws(RedisError) in try Value(resp: value) }
        }
    }

    /// Moves a value from one list to another, and waits for one if the first is empty.
    ///
    /// Sends `BLMOVE`.
    ///
    /// - Parameters:
    ///   - source: The list to take from.
    ///   - sourceEnd: The end to take from.
    ///   - destination: The list to put to.
    ///   - destinationEnd: The end to put to.
    ///   - timeout: How long to wait.
    ///   - type: What to turn the value into.
    /// - Returns: The value; `nil` if the time passed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled: a value may have been moved all the same.
    @discardableResult
    public func blmove<Value: RESPDecodable>(
        from source: String,
        _ sourceEnd: RedisListEnd,
        to destination: String,
        _ destinationEnd: RedisListEnd,
        timeout: Duration,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> Value? {
        let command = { (limit: BlockingTimeout) in
            RedisCommand("BLMOVE", source, destination, sourceEnd, destinationEnd, limit)
        }
        return try await self.block(command, timeout) { (reply) throws(RedisError) in try Value?(resp: reply) }
    }

    /// Takes values from the first list that has some, and waits for some if all are empty.
    ///
    /// Sends `BLMPOP`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - keys: The lists, at least one.
    ///   - end: The end to take from.
    ///   - count: How many, at most.
    ///   - timeout: How long to wait.
    ///   - type: What to turn each value into.
    /// - Returns: The list's key and the values; `nil` if the time passed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled: values may have been taken all the same.
    @discardableResult
    public func blmpop<Value: RESPDecodable>(
        _ keys: [String],
        from end: RedisListEnd,
        count: Int = 1,
        timeout: Duration,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> RedisPopped<[Value]>? {
        let command = { (limit: BlockingTimeout) in
            RedisCommand("BLMPOP", limit, RedisArguments(counted: keys), end, "COUNT", count)
        }
        return try await self.block(command, timeout) { (reply) throws(RedisError) in
            try RedisPopped.decode(reply) { (values) throws(RedisError) in try [Value](resp: values) }
        }
    }

    /// Takes the member with the lowest score from the first sorted set that has one, and waits if all are empty.
    ///
    /// Sends `BZPOPMIN`.
    ///
    /// - Parameters:
    ///   - keys: The sorted sets, at least one.
    ///   - timeout: How long to wait.
    ///   - type: What to turn the member into.
    /// - Returns: The set's key and the member with its score; `nil` if the time passed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled: a member may have been taken all the same.
    @discardableResult
    public func bzpopMin<Value: RESPDecodable>(
        _ keys: [String],
        timeout: Duration,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> RedisPopped<RedisScored<Value>>? {
        let command = { (limit: BlockingTimeout) in RedisCommand("BZPOPMIN", RedisArguments(keys), limit) }
        return try await self.block(command, timeout, Self.decodePoppedMember)
    }

    /// Takes the member with the highest score from the first sorted set that has one, and waits if all are empty.
    ///
    /// Sends `BZPOPMAX`.
    ///
    /// - Parameters:
    ///   - keys: The sorted sets, at least one.
    ///   - timeout: How long to wait.
    ///   - type: What to turn the member into.
    /// - Returns: The set's key and the member with its score; `nil` if the time passed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled: a member may have been taken all the same.
    @discardableResult
    public func bzpopMax<Value: RESPDecodable>(
        _ keys: [String],
        timeout: Duration,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> RedisPopped<RedisScored<Value>>? {
        let command = { (limit: BlockingTimeout) in RedisCommand("BZPOPMAX", RedisArguments(keys), limit) }
        return try await self.block(command, timeout, Self.decodePoppedMember)
    }

    /// Takes members from the first sorted set that has some, and waits for some if all are empty.
    ///
    /// Sends `BZMPOP`, since Redis 7.0.
    ///
    /// - Parameters:
    ///   - keys: The sorted sets, at least one.
    ///   - end: The end to take from.
    ///   - count: How many, at most.
    ///   - timeout: How long to wait.
    ///   - type: What to turn each member into.
    /// - Returns: The set's key and the members with their scores; `nil` if the time passed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled: members may have been taken all the same.
    @discardableResult
    public func bzmpop<Value: RESPDecodable>(
        _ keys: [String],
        from end: RedisSortedSetEnd,
        count: Int = 1,
        timeout: Duration,
        as type: Value.Type = ByteBuffer.self
    ) async throws -> RedisPopped<[RedisScored<Value>]>? {
        let command = { (limit: BlockingTimeout) in
            RedisCommand("BZMPOP", limit, RedisArguments(counted: keys), end, "COUNT", count)
        }
        return try await self.block(command, timeout) { (reply) throws(RedisError) in
            try RedisPopped.decode(reply) { (members) throws(RedisError) in try RedisScored.list(members) }
        }
    }

    /// Waits until what this connection wrote has reached replicas.
    ///
    /// Sends `WAIT`.
    ///
    /// - Parameters:
    ///   - replicas: How many replicas to wait for.
    ///   - timeout: How long to wait.
    /// - Returns: How many replicas have it, which are fewer if the time passed.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func wait(forReplicas replicas: Int, timeout: Duration) async throws -> Int {
        let command = { (limit: BlockingTimeout) in RedisCommand("WAIT", replicas, limit.milliseconds) }
        let result = try await self.takeTurns(command, timeout) { (reply) throws(RedisError) in
            // Fewer than asked for is what `nil` is to the others: another turn may bring more.
            let reached = try Int(resp: reply)
            return (reached >= replicas ? reached : nil, reached)
        }
        return result.1
    }

    private func block<Value>(
        _ command: (BlockingTimeout) -> RedisCommand,
        _ timeout: Duration,
        _ decode: (RESPValue) throws(RedisError) -> Value?
    ) async throws -> Value? {
        try await self.takeTurns(command, timeout) { (reply) throws(RedisError) in (try decode(reply), ()) }.0
    }

    /// Sends a command that blocks until it brings something or the time has passed.
    ///
    /// In turns that are shorter than the health check interval: a connection that owes a reply for longer counts as
    /// dead, and rightly so, because a server that waits and one that is gone are silent alike.
    private func takeTurns<Value, Other>(
        _ command: (BlockingTimeout) -> RedisCommand,
        _ timeout: Duration,
        _ decode: (RESPValue) throws(RedisError) -> (Value?, Other)
    ) async throws -> (Value?, Other) {
        let end = ContinuousClock.now.advanced(by: timeout)
        var rest = timeout
        while true {
            let turn = min(rest, self.healthCheckInterval.map { $0 / 2 } ?? rest)
            let command = command(BlockingTimeout(turn))
            let reply = try await self.send(command, timeout: turn + Self.grace)
            do throws(RedisError) {
                let result = try decode(reply)
                rest = ContinuousClock.now.duration(to: end)
                if result.0 != nil || rest <= .zero { return result }
            } catch {
                throw error.with(command: command.name)
            }
        }
    }

    /// How much longer than the server the client waits for a reply that should have come.
    private static let grace = Duration.seconds(2)

    /// Decodes a key, a member and its score, which stand side by side in both versions of the protocol.
    private static func decodePoppedMember<Value: RESPDecodable>(
        _ reply: RESPValue
    ) throws(RedisError) -> RedisPopped<RedisScored<Value>>? {
        if case .null = reply { return nil }
        let parts = try reply.elements()
        guard parts.count == 3 else { throw .unexpectedReply(reply, expected: "a key, a member and its score") }
        let member = RedisScored(try Value(resp: parts[1]), score: try Double(resp: parts[2]))
        return .init(key: try String(resp: parts[0]), value: member)
    }
}

/// A timeout in seconds with a fraction.
///
/// Never 0, which means for ever: every call ends.
struct BlockingTimeout: RedisArgument {
    let milliseconds: Int64

    init(_ timeout: Duration) { self.milliseconds = max(1, timeout.redisMilliseconds) }

    func append(to command: inout RedisCommand) {
        let fraction = String(self.milliseconds % 1_000)
        let zeros = String(repeating: "0", count: 3 - fraction.utf8.count)
        command.append("\(self.milliseconds / 1_000).\(zeros)\(fraction)")
    }
}
