import Logging
import NIOCore
import Synchronization

/// One of a client's servers: the lane to it, and the time there.
final class ServerLink: Sendable {
    let name: String
    let lane: RequestLane
    let clock: ServerClock
    let connector: MemcachedConnector

    /// How often a request is sent that was certainly not executed, or may be executed twice.
    private static let mostAttempts = 3

    init(connector: MemcachedConnector, eventLoop: any EventLoop, logger: Logger) {
        let clock = ServerClock(connector.configuration.wallClock)
        self.name = connector.name
        self.connector = connector
        self.clock = clock
        self.lane = RequestLane(connector: connector, eventLoop: eventLoop, logger: logger) { introduction in
            clock.observe(
                second: introduction.second,
                asked: introduction.asked,
                answered: introduction.answered
            )
        }
    }

    deinit {
        self.lane.close()
    }

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - deadline: When the call has to end.
    /// - Returns: The reply, which is never an error.
    /// - Throws: ``MemcachedError``; `CancellationError`.
    @inline(__always)
    func send(_ request: MetaRequest, deadline: MonotonicTime) async throws -> MetaReply {
        var attempts = 1
        while true {
            switch await self.lane.execute(request, deadline: deadline) {
            case .reply(let reply, _):
                if case .error = reply.status, let error = reply.error(at: self.name) { throw error }
                return reply
            case .failure(let error):
                guard attempts < Self.mostAttempts, Self.mayRepeat(error, request.isRepeatable) else { throw error }
                attempts += 1
            case .cancelled, .replies:
                throw CancellationError()
            }
        }
    }

    /// Replies to requests that were sent together, and the number of the connection that they came on.
    struct Answers: Sendable {
        var replies: [MetaReply]
        var connection: UInt64
    }

    /// Sends requests one right behind the other: the server executes them in order, those of others maybe in between.
    ///
    /// - Parameters:
    ///   - batch: The requests.
    ///   - deadline: When the call has to end.
    ///   - bound: The number of the connection that has to carry them; zero, any.
    /// - Returns: A reply to each, errors included.
    /// - Throws: ``MemcachedError``, with `.notSent` where that connection is gone; `CancellationError`.
    func send(_ batch: [MetaRequest], deadline: MonotonicTime, bound: UInt64 = 0) async throws -> Answers {
        var attempts = 1
        while true {
            switch await self.lane.execute(batch: batch, deadline: deadline, bound: bound) {
            case .replies(let replies, let connection):
                return Answers(replies: replies, connection: connection)
            case .failure(let error):
                guard attempts < Self.mostAttempts, bound == 0,
                    Self.mayRepeat(error, batch.allSatisfy(\.isRepeatable))
                else { throw error }
                attempts += 1
            case .cancelled, .reply:
                throw CancellationError()
            }
        }
    }

    private static func mayRepeat(_ error: MemcachedError, _ isRepeatable: Bool) -> Bool {
        error.code == .notSent || (error.code == .fateUnknown && isRepeatable)
    }
}
