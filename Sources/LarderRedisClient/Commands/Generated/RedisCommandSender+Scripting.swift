// Written by scripts/generate-redis-methods.swift from RedisRequest+Scripting.swift: change that file, then run the script.

extension RedisCommandSender {
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func eval<Value: RESPDecodable, Argument: RedisArgument>(
        _ script: String,
        keys: [String] = [],
        arguments: [Argument] = [String](),
        as type: Value.Type = RESPValue.self
    ) async throws -> Value {
        try await self.send(.eval(script, keys: keys, arguments: arguments, as: type))
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
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func evalSHA<Value: RESPDecodable, Argument: RedisArgument>(
        _ sha1: String,
        keys: [String] = [],
        arguments: [Argument] = [String](),
        as type: Value.Type = RESPValue.self
    ) async throws -> Value {
        try await self.send(.evalSHA(sha1, keys: keys, arguments: arguments, as: type))
    }

    /// Makes a script known to the server, without running it.
    ///
    /// Sends `SCRIPT LOAD`.
    ///
    /// - Parameter script: The script, in Lua.
    /// - Returns: Its SHA-1, in hexadecimal digits.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    @discardableResult
    public func scriptLoad(_ script: String) async throws -> String {
        try await self.send(.scriptLoad(script))
    }

    /// Which scripts the server knows.
    ///
    /// Sends `SCRIPT EXISTS`.
    ///
    /// - Parameter sha1s: The scripts' SHA-1s, in hexadecimal digits.
    /// - Returns: For each hash whether the server knows it.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func scriptExists(_ sha1s: [String]) async throws -> [Bool] {
        try await self.send(.scriptExists(sha1s))
    }

    /// Lets the server forget all scripts.
    ///
    /// Sends `SCRIPT FLUSH`.
    ///
    /// - Parameter mode: Whether to wait until the memory is free.
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func scriptFlush(_ mode: RedisFlushMode = .async) async throws {
        try await self.send(.scriptFlush(mode))
    }

    /// Ends the script that is running, if it has not written yet.
    ///
    /// Sends `SCRIPT KILL`.
    ///
    /// - Throws: `RedisError`; `CancellationError` if the task was cancelled.
    public func scriptKill() async throws {
        try await self.send(.scriptKill())
    }
}
