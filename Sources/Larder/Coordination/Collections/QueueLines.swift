import Logging
import Synchronization

/// Where the tasks of this process wait for elements of queues.
///
/// However many wait for a queue, one task fetches for all of them: it listens, asks the store for as many elements as there
/// are waiters, and hands them out in the order of their coming. Waiting takes no connection. That task belongs to the
/// line: it begins with the first waiter and ends soon after the last. It is never cancelled, so no element is lost on
/// the way to somebody who has left; what arrives too late for all goes back to the front of the queue.
final class QueueLines: Sendable {
    /// What is waited for: elements of a queue, taken for good or reserved for a time.
    struct Request: Sendable, Hashable {
        var key: CollectionKey
        var reservation: Int64?
        var lifetime: CollectionLifetime
    }

    enum Outcome: Sendable {
        case item(QueueItem)
        /// The time is over.
        case nothing
        case cancelled
        case failure(any Error)
    }

    private typealias Waiter = UnsafeContinuation<Outcome, Never>

    private struct State: Sendable {
        var lines: [Request: WaitingLine<Waiter>] = [:]
        var nextTicket: UInt64 = 0

        /// For how many to fetch; forgets a line where nobody waits.
        mutating func demand(_ request: Request) -> Int {
            let demand = self.lines[request]?.demand() ?? 0
            if demand == 0 { self.lines[request] = nil }
            return demand
        }
    }

    private let state = Mutex(State())
    private let store: any QueueStore
    private let logger: Logger

    /// For what no signal tells of: elements that other programs add, and reservations that run out.
    private static let longestPause = Duration.seconds(1)
    /// Where the store cannot tell of anything.
    private static let deafPause = Duration.milliseconds(50)
    /// After how many such pauses it is tried again to listen.
    private static let deafRounds = 32
    /// How many elements are fetched at a time.
    private static let batch = 256

    init(_ store: any QueueStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// How many tasks wait, for any queue.
    var waiterCount: Int {
        self.state.withLock { $0.lines.values.reduce(0) { $0 + $1.count } }
    }

    /// Whether nobody waits, and nobody fetches.
    var isIdle: Bool { self.state.withLock { $0.lines.isEmpty } }

    /// Takes an element, and waits for one if there is none.
    ///
    /// - Parameters:
    ///   - request: What is waited for.
    ///   - limit: How long to wait.
    /// - Returns: The element; `nil` if the time passed.
    /// - Throws: What the store throws; `CancellationError`. No element has been taken then, or it has been put back.
    func take(_ request: Request, waitingAtMost limit: Duration) async throws -> QueueItem? {
        let (store, clock) = (self.store, self.store.waitClock)
        let deadline = clock.now.advanced(by: limit)
        // Those who wait come first; but who does not wait himself has to look, and so does who finds a line that all have left.
        if limit <= .zero || self.state.withLock({ ($0.lines[request]?.count ?? 0) == 0 }) {
            let items = try await shieldingFromCancellation {
                try await store.dequeue(
                    1,
                    from: request.key,
                    reservingFor: request.reservation,
                    request.lifetime
                )
            }
            if let item = items.first { return item }
        }
        guard limit > .zero else { return nil }
        let ticket = self.state.withLock { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        let outcome = await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await clock.sleep(until: deadline)
                    self.end(request, ticket, .nothing)
                } catch {
                    // The wait is over: nobody needs its end any more.
                }
            }
            defer { group.cancelAll() }
            return await self.wait(request, ticket, until: deadline)
        }
        switch outcome {
        case .item(let item): return item
        case .nothing: return nil
        case .cancelled: throw CancellationError()
        case .failure(let error): throw error
        }
    }

    private func wait(_ request: Request, _ ticket: UInt64, until deadline: CacheInstant) async -> Outcome {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { (waiter: Waiter) in
                let begins = self.state.withLock { state in
                    state.lines[request, default: WaitingLine()].enter(waiter, ticket)
                }
                if begins { Task { await self.serve(request) } }
                // Either may have come too early to find anybody.
                if Task.isCancelled { self.end(request, ticket, .cancelled) }
                if self.store.waitClock.now >= deadline { self.end(request, ticket, .nothing) }
            }
        } onCancel: {
            self.end(request, ticket, .cancelled)
        }
    }

    private func end(_ request: Request, _ ticket: UInt64, _ outcome: Outcome) {
        let waiter = self.state.withLock { $0.lines[request]?.leave(ticket) }
        waiter?.resume(returning: outcome)
    }

    /// Fetches elements as long as anybody waits.
    private func serve(_ request: Request) async {
        var signal: (any CollectionSignal)?
        /// How often there was a pause since the store could not tell of anything.
        var deafRounds = 0
        do {
            while true {
                let demand = self.state.withLock { $0.demand(request) }
                if demand == 0 { break }
                let items = try await self.store.dequeue(
                    min(demand, Self.batch),
                    from: request.key,
                    reservingFor: request.reservation,
                    request.lifetime
                )
                if !items.isEmpty {
                    await self.deliver(items, request)
                } else if signal == nil, deafRounds % Self.deafRounds == 0,
                    let begun = try await self.store.listen(to: request.key)
                {
                    // Who listens looks once more before they wait, so that nothing comes unheard between the two.
                    signal = begun
                } else if let signal {
                    // Not all at once, where many processes wait.
                    try await signal.wait(atMost: Self.longestPause * Double.random(in: 0.75...1))
                } else {
                    deafRounds += 1
                    let clock = self.store.waitClock
                    try await clock.sleep(until: clock.now.advanced(by: Self.deafPause))
                }
            }
        } catch {
            let waiters = self.state.withLock { state -> [Waiter] in
                var line = state.lines.removeValue(forKey: request)
                return line?.close() ?? []
            }
            for waiter in waiters { waiter.resume(returning: Outcome.failure(error)) }
        }
        signal?.cancel()
    }

    /// Hands elements to those who wait, and puts back those that nobody waits for.
    private func deliver(_ items: [QueueItem], _ request: Request) async {
        let (served, rest) = self.state.withLock { state in
            state.lines[request]?.deliver(items) ?? ([], items)
        }
        for (waiter, item) in served { waiter.resume(returning: .item(item)) }
        guard !rest.isEmpty else { return }
        do {
            _ = try await self.store.putBack(rest, to: request.key, request.lifetime)
        } catch {
            // No concern of those who have come since; and not to be tried again, for it may have been done.
            self.logger.reportLostElements(rest.count, of: request.key, error)
        }
    }
}
