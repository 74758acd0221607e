/// Several requests that are sent together, with the types of all their responses.
///
/// ```swift
/// let batch = RedisBatch(.get("title"), .incr("visits"))
/// let (title, visits) = try await client.pipeline(batch)
/// ```
public struct RedisBatch<Responses>: Sendable {
    /// The commands, in order.
    let commands: [RedisCommand]

    /// The same, with whole scripts in place of their hashes.
    let selfContainedCommands: [RedisCommand]

    private let decodeReplies: @Sendable ([Result<RESPValue, RedisError>]) throws(RedisError) -> Responses

    /// Puts requests of different types together.
    ///
    /// - Parameter requests: The requests, in order.
    public init<each Response>(
        _ requests: repeat RedisRequest<each Response>
    ) where Responses == (repeat each Response) {
        var commands: [RedisCommand] = []
        var selfContained: [RedisCommand] = []
        for request in repeat each requests {
            commands.append(request.command)
            selfContained.append(request.selfContainedCommand)
        }
        self.commands = commands
        self.selfContainedCommands = selfContained
        self.decodeReplies = { (replies) throws(RedisError) in
            var rest = replies[...]
            return (repeat try Self.decodeNext(&rest, each requests))
        }
    }

    /// Puts requests of one type together, however many.
    ///
    /// Each has a result of its own.
    ///
    /// - Parameter requests: The requests, in order.
    public init<Response: Sendable>(_ requests: [RedisRequest<Response>])
    where Responses == [Result<Response, RedisError>] {
        self.commands = requests.map(\.command)
        self.selfContainedCommands = requests.map(\.selfContainedCommand)
        self.decodeReplies = { (replies) throws(RedisError) in
            var results: [Result<Response, RedisError>] = []
            results.reserveCapacity(requests.count)
            var rest = replies[...]
            for request in requests {
                do throws(RedisError) {
                    results.append(.success(try Self.decodeNext(&rest, request)))
                } catch {
                    results.append(.failure(error))
                }
            }
            return results
        }
    }

    /// Turns the replies into the responses.
    func decode(_ replies: [Result<RESPValue, RedisError>]) throws(RedisError) -> Responses {
        guard replies.count == self.commands.count else {
            throw RedisError(.unexpectedReply, message: "\(self.commands.count) commands got \(replies.count) replies")
        }
        return try self.decodeReplies(replies)
    }

    private static func decodeNext<Response>(
        _ replies: inout ArraySlice<Result<RESPValue, RedisError>>,
        _ request: RedisRequest<Response>
    ) throws(RedisError) -> Response {
        guard let reply = replies.popFirst() else {
            throw RedisError(.unexpectedReply, message: "a command got no reply")
        }
        switch reply {
        case .success(let value): return try request.decode(value)
        case .failure(let error): throw error.with(command: request.command.name)
        }
    }
}

extension RedisCommandSender {
    /// Sends several requests in one go and waits for all responses.
    ///
    /// They go to the server in order and are executed in order, but not as one: other clients' commands may come
    /// between, and one that fails stops none of the others. See `transaction(_:)`.
    ///
    /// A script whose hash the server does not know yet is sent again, in full, after the last of the requests.
    ///
    /// - Parameter requests: The requests, in order.
    /// - Returns: Their responses, in the same order.
    /// - Throws: The first request's error, after all were executed; `RedisError` if the pipeline as a whole failed;
    ///   `CancellationError` if the task was cancelled.
    public func pipeline<each Response>(
        _ requests: repeat RedisRequest<each Response>
    ) async throws -> (repeat each Response) {
        try await self.pipeline(RedisBatch(repeat each requests))
    }

    /// Sends many requests of one type in one go and waits for all responses.
    ///
    /// - Parameter requests: The requests, in order.
    /// - Returns: For each request its response or its error.
    /// - Throws: `RedisError` if the pipeline as a whole failed; `CancellationError` if the task was cancelled.
    public func pipeline<Response>(
        _ requests: [RedisRequest<Response>]
    ) async throws -> [Result<Response, RedisError>] {
        if requests.isEmpty { return [] }
        return try await self.pipeline(RedisBatch(requests))
    }

    /// Sends a batch in one go and waits for all responses.
    ///
    /// - Parameter batch: The requests.
    /// - Returns: Their responses.
    /// - Throws: The first request's error, after all were executed; `RedisError` if the pipeline as a whole failed;
    ///   `CancellationError` if the task was cancelled.
    public func pipeline<Responses>(_ batch: RedisBatch<Responses>) async throws -> Responses {
        var replies = try await self.pipeline(batch.commands)
        let unknown = replies.indices.filter {
            if case .failure(let error) = replies[$0] { error.code == .server("NOSCRIPT") } else { false }
        }
        if !unknown.isEmpty, replies.count == batch.commands.count {
            let again = try await self.pipeline(unknown.map { batch.selfContainedCommands[$0] })
            for (index, reply) in zip(unknown, again) { replies[index] = reply }
        }
        return try batch.decode(replies)
    }
}
