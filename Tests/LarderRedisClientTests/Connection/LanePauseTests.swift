import Dispatch
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LarderRedisClient

/// The pauses between a lane's attempts to connect.
@Suite(.timeLimit(.minutes(1))) struct LanePauseTests {
    /// Finds no server, and counts how often it was asked for one.
    private final class NoServer: ServerLocator {
        let attempts = Atomic(0)
        let configuration: RedisConfiguration
        let name = "nobody"

        init() {
            var configuration = RedisConfiguration()
            configuration.reconnect = .init(base: .milliseconds(1), maximum: .milliseconds(1), jitter: 0)
            self.configuration = configuration
        }

        func locate(on eventLoop: any EventLoop) -> EventLoopFuture<RedisConnector> {
            self.attempts.wrappingAdd(1, ordering: .relaxed)
            return eventLoop.makeFailedFuture(RedisError(.connectionFailed, message: "there is no server"))
        }

        func opened(
            _ connector: RedisConnector,
            _ identity: ServerIdentity?,
            close: @escaping @Sendable (RedisError) -> Void
        ) -> ServerHistory.Opening {
            ServerHistory().opened(identity, place: self.name, isFirst: true, close: close)
        }

        func closed(_ opening: ServerHistory.Opening) {}
        func suspect(_ error: RedisError) {}
        func failed(_ connector: RedisConnector, _ error: RedisError) {}
    }

    @Test func pauseThatIsOverCannotBeEndedAnyMore() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let eventLoop = group.next()
        let locator = NoServer()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let lane = CommandLane(locator: locator, eventLoop: eventLoop, logger: logger)
        let deadline = MonotonicTime.deadline(after: 10_000_000_000)
        _ = await lane.execute(RedisCommand("PING"), deadline: deadline)
        #expect(locator.attempts.load(ordering: .relaxed) == 1)
        // The loop's timers end in their order, so this one behind the lane's.
        try await eventLoop.scheduleTask(in: .milliseconds(20)) {}.futureResult.get()
        // A command is there whose attempt has not begun yet, and an order to end the pause.
        let gate = DispatchSemaphore(value: 0)
        eventLoop.execute { gate.wait() }
        lane.connectNow()
        async let outcome = lane.execute(RedisCommand("PING"), deadline: deadline)
        while lane.isQuiet { await Task.yield() }
        gate.signal()
        guard case .failure(let error) = await outcome else {
            Issue.record("expected a failure")
            return
        }
        #expect(error.code == .connectionFailed)
        try await eventLoop.submit {}.get()
        #expect(locator.attempts.load(ordering: .relaxed) == 2)
        await lane.shutdown()
        try await group.shutdownGracefully()
    }
}
