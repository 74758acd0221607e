import DequeModule
import Logging
import NIOCore
import Synchronization

/// The connections that are lent for exclusive use: at most so many at a time, kept open for the next borrower.
final class LentConnections: Sendable {
    typealias Waiter = UnsafeContinuation<Grant, Never>

    enum Grant: Sendable {
        case lane(CommandLane)
        case failure(RedisError)
        case cancelled
    }

    private struct State {
        struct Request {
            let waiter: Waiter
            let ticket: UInt64
        }

        var idle: [CommandLane] = []
        var lent = 0
        var requests: Deque<Request> = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let tickets = Atomic<UInt64>(0)
    private let locator: any ServerLocator
    private let eventLoopGroup: any EventLoopGroup
    private let logger: Logger
    private let maximum: Int

    init(locator: any ServerLocator, eventLoopGroup: any EventLoopGroup, logger: Logger) {
        self.locator = locator
        self.eventLoopGroup = eventLoopGroup
        self.logger = logger
        self.maximum = locator.configuration.maximumLentConnections
    }

    /// Waits until a connection is free, at most until `deadline`.
    func borrow(deadline: MonotonicTime) async throws -> CommandLane {
        let ticket = self.tickets.wrappingAdd(1, ordering: .relaxed).newValue
        let grant: Grant
        if let lane = try self.state.withLock({ state throws(RedisError) in try self.take(from: &state) }) {
            grant = .lane(lane)
        } else {
            var timer: Scheduled<Void>?
            grant = await withTaskCancellationHandler {
                await withUnsafeContinuation { (waiter: Waiter) in
                    self.enqueue(waiter, ticket: ticket)
                    // After the request is there: a timer that fires before would find nothing to end.
                    timer = self.scheduleEnd(of: ticket, at: deadline)
                }
            } onCancel: {
                self.end(ticket, with: .cancelled)
            }
            timer?.cancel()
        }
        switch grant {
        case .lane(let lane): return lane
        case .failure(let error): throw error
        case .cancelled: throw CancellationError()
        }
    }

    private func scheduleEnd(of ticket: UInt64, at deadline: MonotonicTime) -> Scheduled<Void> {
        let delay = max(deadline.nanoseconds - MonotonicTime.now.nanoseconds, 0)
        return self.eventLoopGroup.next().scheduleTask(in: .nanoseconds(delay)) {
            self.end(
                ticket,
                with: .failure(self.locator.error(.timedOut, "all \(self.maximum) lent connections are in use"))
            )
        }
    }

    private func enqueue(_ waiter: Waiter, ticket: UInt64) {
        let grant: Grant? = self.state.withLock { state in
            do throws(RedisError) {
                if let lane = try self.take(from: &state) { return .lane(lane) }
            } catch {
                return .failure(error)
            }
            state.requests.append(.init(waiter: waiter, ticket: ticket))
            return nil
        }
        if let grant {
            waiter.resume(returning: grant)
        } else if Task.isCancelled {
            self.end(ticket, with: .cancelled)
        }
    }

    /// A kept connection, or a new one if there may be one more.
    private func take(from state: inout State) throws(RedisError) -> CommandLane? {
        if state.isClosed { throw self.locator.error(.shutdown, "the client was shut down") }
        while let lane = state.idle.popLast() {
            if lane.isUsable {
                state.lent += 1
                return lane
            }
        }
        guard state.lent < self.maximum else { return nil }
        state.lent += 1
        return self.makeLane()
    }

    private func makeLane() -> CommandLane {
        CommandLane(
            locator: self.locator,
            eventLoop: self.eventLoopGroup.next(),
            logger: self.logger,
            reconnects: false
        )
    }

    private func end(_ ticket: UInt64, with grant: Grant) {
        let waiter: Waiter? = self.state.withLock { state in
            guard let index = state.requests.firstIndex(where: { $0.ticket == ticket }) else { return nil }
            return state.requests.remove(at: index).waiter
        }
        waiter?.resume(returning: grant)
    }

    /// Takes a connection back, and keeps it if it is as it was when it was lent.
    func giveBack(_ lane: CommandLane, isClean: Bool) {
        let keeps = isClean && lane.isUsable
        if !keeps { lane.close() }
        let next: (Waiter, CommandLane)? = self.state.withLock { state in
            state.lent -= 1
            if state.isClosed { return nil }
            if let request = state.requests.popFirst() {
                state.lent += 1
                return (request.waiter, keeps ? lane : self.makeLane())
            }
            if keeps { state.idle.append(lane) }
            return nil
        }
        if let (waiter, lane) = next {
            waiter.resume(returning: .lane(lane))
        } else if keeps, self.state.withLock({ $0.isClosed }) {
            lane.close()
        }
    }

    /// Closes the connections that nobody uses now.
    func closeIdle() {
        let idle = self.state.withLock { state in
            defer { state.idle = [] }
            return state.idle
        }
        for lane in idle { lane.close() }
    }

    /// Refuses borrowers and closes what is not lent; what is lent closes when it comes back.
    func close() {
        let (idle, requests) = self.state.withLock { state in
            state.isClosed = true
            defer {
                state.idle = []
                state.requests = []
            }
            return (state.idle, state.requests)
        }
        for lane in idle { lane.close() }
        for request in requests {
            request.waiter.resume(returning: .failure(self.locator.error(.shutdown, "the client was shut down")))
        }
    }

    func shutdown() async {
        let idle = self.state.withLock { $0.idle }
        self.close()
        for lane in idle { await lane.shutdown() }
    }
}
