/// A Lua script that the server executes as one: no other command comes between its calls.
///
/// ```swift
/// let takeIfEqual = RedisScript("""
///     if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
///     return 0
///     """)
/// let taken = try await takeIfEqual.run(keys: ["lock"], arguments: [token], on: client, as: Bool.self)
/// ```
///
/// Sent is the script's hash (`EVALSHA`); a server that does not know it yet gets the whole script (`EVAL`), once.
/// Make a script once and keep it, as a `static let`, because making it computes the hash.
public struct RedisScript: Sendable, Hashable {
    /// The script.
    public let source: String

    /// The script's SHA-1, in hexadecimal digits, by which a server knows it.
    public let sha1: String

    /// Whether the script only reads: then it may be sent again although it may have been executed.
    public let isReadOnly: Bool

    /// Makes a script of its source.
    ///
    /// - Parameters:
    ///   - source: The source, in Lua.
    ///   - isReadOnly: Whether the script only reads. Such a script is sent by `EVALSHA_RO`, which needs Redis 7.0 and
    ///     refuses writes.
    public init(_ source: String, isReadOnly: Bool = false) {
        self.source = source
        self.sha1 = SHA1.hexadecimalDigest(of: source.utf8)
        self.isReadOnly = isReadOnly
    }

    /// Runs the script.
    ///
    /// - Parameters:
    ///   - keys: The keys that it touches, `KEYS` in the script.
    ///   - arguments: What else it needs, `ARGV` in the script.
    ///   - sender: Where to run it.
    ///   - type: What to turn its result into.
    /// - Returns: Its result.
    /// - Throws: `RedisError`, with the code `.server` if the script failed; `CancellationError` if the task was
    ///   cancelled.
    public func run<Value: RESPDecodable, Argument: RedisArgument>(
        keys: [String] = [],
        arguments: [Argument] = [String](),
        on sender: some RedisCommandSender,
        as type: Value.Type = RESPValue.self
    ) async throws -> Value {
        try await sender.send(self.request(keys: keys, arguments: arguments, as: type))
    }

    /// Runs the script with arguments of different types.
    ///
    /// - Parameters:
    ///   - keys: The keys that it touches, `KEYS` in the script.
    ///   - first: What else it needs, `ARGV[1]` in the script.
    ///   - rest: `ARGV[2]` and so on.
    ///   - sender: Where to run it.
    ///   - type: What to turn its result into.
    /// - Returns: Its result.
    /// - Throws: `RedisError`, with the code `.server` if the script failed; `CancellationError` if the task was
    ///   cancelled.
    public func run<Value: RESPDecodable, First: RedisArgument, each Rest: RedisArgument>(
        keys: [String],
        arguments first: First,
        _ rest: repeat each Rest,
        on sender: some RedisCommandSender,
        as type: Value.Type = RESPValue.self
    ) async throws -> Value {
        try await sender.send(self.request(keys: keys, arguments: first, repeat each rest, as: type))
    }

    /// A request that runs the script, for pipelines and transactions.
    ///
    /// - Parameters:
    ///   - keys: The keys that it touches, `KEYS` in the script.
    ///   - arguments: What else it needs, `ARGV` in the script.
    ///   - type: What to turn its result into.
    /// - Returns: The request.
    public func request<Value: RESPDecodable, Argument: RedisArgument>(
        keys: [String] = [],
        arguments: [Argument] = [String](),
        as type: Value.Type = RESPValue.self
    ) -> RedisRequest<Value> {
        var size = 0
        for argument in arguments { size += argument.sizeHint + 8 }
        var command = self.command(keys: keys, reserving: size)
        command.append(contentsOf: arguments)
        return self.request(command)
    }

    /// A request that runs the script with arguments of different types.
    ///
    /// - Parameters:
    ///   - keys: The keys that it touches, `KEYS` in the script.
    ///   - first: What else it needs, `ARGV[1]` in the script.
    ///   - rest: `ARGV[2]` and so on.
    ///   - type: What to turn its result into.
    /// - Returns: The request.
    public func request<Value: RESPDecodable, First: RedisArgument, each Rest: RedisArgument>(
        keys: [String],
        arguments first: First,
        _ rest: repeat each Rest,
        as type: Value.Type = RESPValue.self
    ) -> RedisRequest<Value> {
        var size = first.sizeHint + 8
        for argument in repeat each rest { size += argument.sizeHint + 8 }
        var command = self.command(keys: keys, reserving: size)
        command.append(first)
        for argument in repeat each rest { command.append(argument) }
        return self.request(command)
    }

    private func command(keys: [String], reserving size: Int) -> RedisCommand {
        .script(self.isReadOnly ? "EVALSHA_RO" : "EVALSHA", self.sha1, keys: keys, reserving: size)
    }

    private func request<Value: RESPDecodable>(_ command: RedisCommand) -> RedisRequest<Value> {
        var request = RedisRequest<Value>(command)
        request.script = self
        return request
    }

    /// The command that carries the whole script, for one that carries its hash.
    func evalCommand(for command: RedisCommand) -> RedisCommand {
        var eval = RedisCommand(
            self.isReadOnly ? "EVAL_RO" : "EVAL",
            reserving: self.source.utf8.count + command.encodedSize
        )
        eval.append(self.source)
        eval.append(elementsOf: command, from: 2)
        return eval
    }
}

extension RedisCommand {
    /// A command that begins with a script or its hash, the number of keys, and the keys.
    static func script(_ name: String, _ script: String, keys: [String], reserving size: Int) -> RedisCommand {
        var size = size + script.utf8.count + 16
        for key in keys { size += key.utf8.count + 8 }
        var command = RedisCommand(name, reserving: size)
        command.append(script)
        command.append(keys.count)
        command.append(contentsOf: keys)
        return command
    }
}
