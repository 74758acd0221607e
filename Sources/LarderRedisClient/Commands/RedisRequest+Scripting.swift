// For scripts of one's own see `RedisScript`, which sends a hash where it can and the script where it must.
extension RedisRequest {
    /// Runs a script.
    ///
    /// Sends `EVAL`.
    ///
    /// - Parameters:
    ///   - script: The script, in Lua.
    ///   - keys: The keys that it touches, `KEYS` in the script.
    ///   - arguments: What else it needs, `ARGV` in the script.
    ///   - type: What to turn its result into.
    /// - Returns: Its result.
    @discardableResult
    public static func eval<Value: RESPDecodable, Argument: RedisArgument>(
        _ script: String,
        keys: [String] = [],
        arguments: [Argument] = [String](),
        as type: Value.Type = RESPValue.self
    ) -> RedisRequest<Value> {
        var size = 0
        for argument in arguments { size += argument.sizeHint + 8 }
        var command = RedisCommand.script("EVAL", script, keys: keys, reserving: size)
        command.append(contentsOf: arguments)
        return .init(command)
    }

    /// Runs a script that the server knows.
    ///
    /// Fails with the code `.server("NOSCRIPT")` if the server does not know it. Sends `EVALSHA`.
    ///
    /// - Parameters:
    ///   - sha1: The script's SHA-1, in hexadecimal digits.
    ///   - keys: The keys that it touches, `KEYS` in the script.
    ///   - arguments: What else it needs, `ARGV` in the script.
    ///   - type: What to turn its result into.
    /// - Returns: Its result.
    @discardableResult
    public static func evalSHA<Value: RESPDecodable, Argument: RedisArgument>(
        _ sha1: String,
        keys: [String] = [],
        arguments: [Argument] = [String](),
        as type: Value.Type = RESPValue.self
    ) -> RedisRequest<Value> {
        var size = 0
        for argument in arguments { size += argument.sizeHint + 8 }
        var command = RedisCommand.script("EVALSHA", sha1, keys: keys, reserving: size)
        command.append(contentsOf: arguments)
        return .init(command)
    }

    /// Makes a script known to the server, without running it.
    ///
    /// Sends `SCRIPT LOAD`.
    ///
    /// - Parameter script: The script, in Lua.
    /// - Returns: Its SHA-1, in hexadecimal digits.
    @discardableResult
    public static func scriptLoad(_ script: String) -> RedisRequest<String> {
        .init(RedisCommand("SCRIPT", "LOAD", script))
    }

    /// Which scripts the server knows.
    ///
    /// Sends `SCRIPT EXISTS`.
    ///
    /// - Parameter sha1s: The scripts' SHA-1s, in hexadecimal digits.
    /// - Returns: For each hash whether the server knows it.
    public static func scriptExists(_ sha1s: [String]) -> RedisRequest<[Bool]> {
        .init(RedisCommand("SCRIPT", "EXISTS", RedisArguments(sha1s)))
    }

    /// Lets the server forget all scripts.
    ///
    /// Sends `SCRIPT FLUSH`.
    ///
    /// - Parameter mode: Whether to wait until the memory is free.
    /// - Returns: Nothing.
    public static func scriptFlush(_ mode: RedisFlushMode = .async) -> RedisRequest<Void> {
        .init(RedisCommand("SCRIPT", "FLUSH", mode))
    }

    /// Ends the script that is running, if it has not written yet.
    ///
    /// Sends `SCRIPT KILL`.
    ///
    /// - Returns: Nothing.
    public static func scriptKill() -> RedisRequest<Void> {
        .init(RedisCommand("SCRIPT", "KILL"))
    }
}
