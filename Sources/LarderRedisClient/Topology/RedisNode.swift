import Logging
import NIOCore
import Synchronization

/// All connections to one server, or to whichever server its locator finds.
final class RedisNode: Sendable {
    let locator: any ServerLocator
    let lanes: [CommandLane]
    let lending: LentConnections
    private let next = Atomic<Int>(0)

    /// Does not connect yet.
    init(_ locator: any ServerLocator, eventLoopGroup: any EventLoopGroup, logger: Logger) {
        self.locator = locator
        self.lanes = (0..<locator.configuration.connections).map { _ in
            CommandLane(locator: locator, eventLoop: eventLoopGroup.next(), logger: logger)
        }
        self.lending = LentConnections(locator: locator, eventLoopGroup: eventLoopGroup, logger: logger)
    }

    /// The lane whose turn it is.
    @inline(__always)
    var lane: CommandLane {
        if self.lanes.count == 1 { return self.lanes[0] }
        let turn = self.next.wrappingAdd(1, ordering: .relaxed).newValue
        return self.lanes[Int(UInt(bitPattern: turn) % UInt(self.lanes.count))]
    }

    /// Whether a connection is there.
    var isConnected: Bool { self.lanes.contains { $0.isConnected } }

    /// Closes the shared connections; what waits to be written goes to whatever server the locator finds then.
    func reconnect(_ error: RedisError) {
        for lane in self.lanes { lane.closeConnection(error) }
    }

    /// Lets go of a server that is not needed any more, for now or for good.
    ///
    /// What was not written fails with `.notSent`; connections are closed when all replies have come. They are made again
    /// when the node is used again.
    func retire(_ error: RedisError) {
        for lane in self.lanes { lane.retire(error) }
        self.lending.closeIdle()
    }

    /// Ends the pauses of lanes that wait for their next attempt to connect.
    func connectNow() {
        for lane in self.lanes { lane.connectNow() }
    }

    /// Ends all connections at once.
    func close() {
        for lane in self.lanes { lane.close() }
        self.lending.close()
    }

    /// Lets commands under way end within their timeouts, and closes all connections.
    func shutdown() async {
        await self.lending.shutdown()
        for lane in self.lanes { await lane.shutdown() }
    }
}

// MARK: Calls

extension RedisNode {
    /// Sends a command to this server and waits for its reply, as often as the policy says.
    func send(
        _ command: RedisCommand,
        _ deadline: MonotonicTime,
        _ bound: UInt64,
        _ retries: RetryPolicy
    ) async throws -> RESPValue {
        var attempts = 0
        while true {
            let failure: RedisError
            switch await self.lane.execute(command, deadline: deadline, bound: bound) {
            case .reply(.error(let error)):
                failure = RedisError(error).with(server: self.locator.name, command: command.name)
            case .reply(let reply):
                return reply
            case .failure(let error):
                failure = error.with(command: command.name)
            case .cancelled, .replies:
                throw CancellationError()
            }
            attempts += 1
            try await retries.pause(
                after: failure,
                attempts: attempts,
                isRepeatable: command.isRepeatable,
                deadline: deadline
            ) { self.locator.suspect($0) }
        }
    }

    /// Sends commands to this server one right behind the other and waits for all replies.
    ///
    /// Where the pipeline as a whole fails, or the server refuses all of it because it is not what it was, it is sent again
    /// as the policy says.
    func pipeline(
        _ commands: [RedisCommand],
        _ deadline: MonotonicTime,
        _ bound: UInt64,
        _ retries: RetryPolicy
    ) async throws -> [Result<RESPValue, RedisError>] {
        var attempts = 0
        while true {
            let failure: RedisError
            switch await self.lane.execute(pipeline: commands, deadline: deadline, bound: bound) {
            case .replies(let replies):
                let results = zip(commands, replies).map { $1.result(of: $0, at: self.locator.name) }
                guard let refusal = self.refusalOfAll(results, retries) else {
                    self.suspectAfter(results)
                    return results
                }
                failure = refusal
            case .failure(let error):
                failure = error.with(command: commands.count == 1 ? commands[0].name : "pipeline")
            case .cancelled, .reply:
                throw CancellationError()
            }
            attempts += 1
            do {
                try await retries.pause(
                    after: failure,
                    attempts: attempts,
                    isRepeatable: commands.allSatisfy(\.isRepeatable),
                    deadline: deadline
                ) { self.locator.suspect($0) }
            } catch let error as RedisError where error.code.serverPrefix != nil {
                return commands.map { .failure(error.with(command: $0.name)) }
            }
        }
    }

    /// Looks for the primary anew where some commands, as those of a transaction, were refused by what is none any more.
    private func suspectAfter(_ results: [Result<RESPValue, RedisError>]) {
        for case .failure(let error) in results {
            if RetryPolicy.tellsOfChange(error) { return self.locator.suspect(error) }
        }
    }

    /// The error with which every command was refused, if they all were, and for a reason that passes.
    private func refusalOfAll(_ results: [Result<RESPValue, RedisError>], _ retries: RetryPolicy) -> RedisError? {
        guard retries.hasSeveralServers else { return nil }
        var refusal: RedisError?
        for result in results {
            guard case .failure(let error) = result, error.canRetry else { return nil }
            refusal = refusal ?? error
        }
        return refusal
    }
}
