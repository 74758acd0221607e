import Larder
import LarderRedisClient
import Synchronization

/// Where calls of one limiter gather that come while others are under way, and leave together.
///
/// Carriers are tasks of the line: each begins with somebody who waits and ends when nobody does, and the sender's timeout ends
/// each of its calls. They are never cancelled, so who leaves takes nobody's answer along.
final class ChargeLines: Sendable {
    /// Decides about calls, in order.
    typealias Send = @Sendable ([Charge]) async throws -> [RateLimitDecision?]

    /// Whose calls may leave together.
    enum Place: Sendable, Hashable {
        case everywhere
        case server(Int)
        case subject(SubjectName)
    }

    private typealias Line = ChargeLine<WaitingCharge>

    private struct Lines: Sendable {
        private var common = Line()
        private var others: [Place: Line] = [:]

        /// Changes a line; one of several is forgotten when nobody needs it any more.
        @inline(__always)
        mutating func change<Result>(_ place: Place, _ body: (inout Line) -> Result) -> Result {
            if place == .everywhere { return body(&self.common) }
            let result = body(&self.others[place, default: Line()])
            if self.others[place]?.isIdle == true { self.others[place] = nil }
            return result
        }
    }

    private let lines = Mutex(Lines())
    private let send: Send

    /// How long those who wait do so for others to come back.
    private static let patience = Duration.milliseconds(2)

    init(_ send: @escaping Send) {
        self.send = send
    }

    /// Decides about a call.
    ///
    /// - Parameters:
    ///   - charge: The call.
    ///   - place: With whose calls it may leave.
    /// - Returns: The decision; `nil` if the server's answer was none.
    /// - Throws: What sending throws; `CancellationError`.
    func run(_ charge: Charge, at place: Place) async throws -> RateLimitDecision? {
        let entered = self.change(place) { line -> (call: WaitingCharge, orders: Line.Orders)? in
            if line.leaveAlone() { return nil }
            let call = WaitingCharge(charge)
            return (call, line.enter(call))
        }
        guard let (call, orders) = entered else {
            defer { self.follow(self.change(place) { $0.cameBackAlone() }, place) }
            return try await self.send([charge])[0]
        }
        self.follow(orders, place)
        return try await call.outcome()
    }

    private func change<Result: Sendable>(_ place: Place, _ body: (inout Line) -> Result) -> Result {
        self.lines.withLock { $0.change(place, body) }
    }

    private func follow(_ orders: Line.Orders, _ place: Place) {
        if orders.carrier { Task { await self.carry(place) } }
        if orders.watch { Task { await self.watch(place) } }
    }

    private func carry(_ place: Place) async {
        var batch = self.change(place) { $0.board() }
        while true {
            if !batch.isEmpty { await self.deliver(batch) }
            batch = self.change(place) { $0.next() }
            if !batch.isEmpty { continue }
            // Those who were just answered have not run yet, and may well call again.
            await Task.yield()
            if self.change(place, { $0.end() }) { return }
            batch = self.change(place) { $0.next() }
        }
    }

    private func deliver(_ batch: [WaitingCharge]) async {
        let batch = batch.filter { !$0.hasLeft }
        guard !batch.isEmpty else { return }
        do {
            let decisions = try await self.send(batch.map(\.charge))
            for (call, decision) in zip(batch, decisions) { call.end(.decision(decision)) }
        } catch {
            for call in batch { call.end(.failure(error)) }
        }
    }

    /// Sees to it that those who wait leave within a few milliseconds, also where nothing comes back.
    private func watch(_ place: Place) async {
        var departures = self.change(place) { $0.departures }
        while true {
            do {
                try await Task.sleep(for: Self.patience)
            } catch {
                // Nobody cancels the task, and if it were, looking at once would do no harm.
            }
            let (finding, now) = self.change(place) { ($0.watch(since: departures), $0.departures) }
            departures = now
            switch finding {
            case .nobody: return
            case .fine: break
            case .stuck: Task { await self.carry(place) }
            }
        }
    }
}

/// A task that waits for the decision about its call.
private final class WaitingCharge: Sendable {
    enum Outcome: Sendable {
        case decision(RateLimitDecision?)
        case failure(any Error)
        case cancelled
    }

    private enum State: Sendable {
        case beginning
        case waiting(UnsafeContinuation<Outcome, Never>)
        case ended(Outcome)
    }

    let charge: Charge
    private let state = Mutex(State.beginning)

    init(_ charge: Charge) {
        self.charge = charge
    }

    /// Whether the call is over.
    var hasLeft: Bool {
        self.state.withLock { if case .ended = $0 { true } else { false } }
    }

    /// Waits for the outcome.
    ///
    /// - Returns: The decision.
    /// - Throws: The failure; `CancellationError`.
    func outcome() async throws -> RateLimitDecision? {
        let outcome = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let outcome = self.state.withLock { state -> Outcome? in
                    if case .ended(let outcome) = state { return outcome }
                    state = .waiting(continuation)
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            self.end(.cancelled)
        }
        switch outcome {
        case .decision(let decision): return decision
        case .failure(let error): throw error
        case .cancelled: throw CancellationError()
        }
    }

    /// Ends the wait; the first end counts.
    func end(_ outcome: Outcome) {
        let continuation = self.state.withLock { state -> UnsafeContinuation<Outcome, Never>? in
            switch state {
            case .ended: return nil
            case .beginning:
                state = .ended(outcome)
                return nil
            case .waiting(let continuation):
                state = .ended(outcome)
                return continuation
            }
        }
        continuation?.resume(returning: outcome)
    }
}
