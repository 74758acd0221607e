/// A command together with the Swift type of its reply.
///
/// Every typed command exists twice, from one definition: as a request, to be sent together with others, and as a
/// method of each `RedisCommandSender`, which sends it alone.
///
/// ```swift
/// let title = try await client.get("title", as: String.self)
/// let (author, visits) = try await client.pipeline(.get("author"), .incr("visits"))
/// ```
///
/// A request that does not exist yet takes a line:
///
/// ```swift
/// extension RedisRequest {
///     static func lolwut() -> RedisRequest<String> { .init(RedisCommand("LOLWUT")) }
/// }
/// ```
public struct RedisRequest<Response: Sendable>: Sendable {
    /// The command to send.
    public var command: RedisCommand

    /// The script whose hash `command` sends, for servers that do not know it yet.
    @usableFromInline var script: RedisScript?

    @usableFromInline let decodeReply: @Sendable (RESPValue) throws(RedisError) -> Response

    /// Pairs a command with the decoding of its reply.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - decode: Turns the reply, which is not an error, into the response.
    @inlinable
    public init(
        _ command: RedisCommand,
        decode: @escaping @Sendable (RESPValue) throws(RedisError) -> Response
    ) {
        self.command = command
        self.decodeReply = decode
    }

    /// Turns the reply to the command into the response.
    ///
    /// - Parameter reply: The reply.
    /// - Returns: The response.
    /// - Throws: `RedisError`: the server's error if the reply is one, `.unexpectedReply` if it is of another type.
    @inlinable
    public func decode(_ reply: RESPValue) throws(RedisError) -> Response {
        if case .error(let error) = reply { throw self.named(RedisError(error)) }
        do {
            return try self.decodeReply(reply)
        } catch {
            throw self.named(error)
        }
    }

    @usableFromInline
    func named(_ error: RedisError) -> RedisError {
        error.with(command: self.command.name)
    }

    /// This request with its response turned into something else.
    ///
    /// - Parameter transform: Makes the new response from the old one.
    /// - Returns: The new request for the same command.
    public func map<Other: Sendable>(
        _ transform: @escaping @Sendable (Response) throws(RedisError) -> Other
    ) -> RedisRequest<Other> {
        let decode = self.decodeReply
        var request = RedisRequest<Other>(self.command) { (reply) throws(RedisError) in try transform(decode(reply)) }
        request.script = self.script
        return request
    }

    /// The command that carries the whole script, where `command` carries its hash only; else `command`.
    var selfContainedCommand: RedisCommand {
        self.script?.evalCommand(for: self.command) ?? self.command
    }
}

extension RedisRequest where Response: RESPDecodable {
    /// A command whose reply is decoded as its type says.
    ///
    /// - Parameter command: The command.
    @inlinable
    public init(_ command: RedisCommand) {
        self.init(command) { (reply) throws(RedisError) in try Response(resp: reply) }
    }
}

extension RedisRequest where Response == Void {
    /// A command whose reply says nothing but that it was done.
    ///
    /// - Parameter command: The command.
    public init(_ command: RedisCommand) {
        self.init(command) { (_: RESPValue) throws(RedisError) in }
    }
}

extension RedisCommandSender {
    /// Sends a request and waits for its response.
    ///
    /// - Parameter request: The request.
    /// - Returns: The response.
    /// - Throws: What `send(_:)` throws for a command; `RedisError` with the code `.unexpectedReply` if the reply is of
    ///   another type than the request's.
    @inlinable
    public func send<Response>(_ request: RedisRequest<Response>) async throws -> Response {
        guard request.script != nil else { return try request.decode(try await self.send(request.command)) }
        return try await self.sendScript(request)
    }

    @usableFromInline
    func sendScript<Response>(_ request: RedisRequest<Response>) async throws -> Response {
        do {
            return try request.decode(try await self.send(request.command))
        } catch let error as RedisError where error.code == .server("NOSCRIPT") {
            // The server forgets scripts when it restarts. It refused the hash, so nothing was executed.
            return try request.decode(try await self.send(request.selfContainedCommand))
        }
    }
}
