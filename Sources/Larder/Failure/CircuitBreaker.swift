import Logging
import Synchronization

/// Keeps calls from a store that has failed too often, and finds out when it works again.
///
/// No caller ever waits for a probe: it runs in a task of the cache's own, and ends when the store's call does.
final class CircuitBreaker: Sendable {
    private struct State {
        var machine: CircuitStateMachine
        /// Why the breaker opened, for the errors of those it turns away.
        var cause: CacheError?
    }

    private let state: Mutex<State>
    private let failures: Int
    /// The period, and in the lowest bit whether the breaker is calm: all that a call needs while the store works.
    private let word = Atomic<UInt64>(1)
    private let clock: CacheClock
    private let logger: Logger
    private let tasks: FlightTable
    private let probe: @Sendable () async throws -> Void

    /// - Parameters:
    ///   - policy: When to open, and how soon to try again.
    ///   - clock: What pauses are measured by.
    ///   - logger: Where opening and closing are reported.
    ///   - tasks: Who owns the probes.
    ///   - probe: One cheap call on the store.
    init(
        _ policy: CircuitBreakerPolicy,
        clock: CacheClock,
        logger: Logger,
        tasks: FlightTable,
        probe: @escaping @Sendable () async throws -> Void
    ) {
        self.state = Mutex(State(machine: CircuitStateMachine(policy)))
        self.failures = policy.failures
        self.clock = clock
        self.logger = logger
        self.tasks = tasks
        self.probe = probe
    }

    /// Whether calls reach the store.
    var circuit: CircuitState { self.state.withLock { $0.machine.state } }

    /// Asks the store, if it is to be asked, and takes note of how it went.
    ///
    /// Only ``CacheError/Code/unavailable`` is a failure, and only an answer a success: a call that was cancelled, or refused
    /// for its argument, says nothing about the store.
    func call<Result>(_ body: () async throws -> Result) async throws -> Result {
        let period = try self.admit()
        do {
            let result = try await body()
            self.succeeded(in: period)
            return result
        } catch {
            if let error = error as? CacheError, error.code == .unavailable { self.failed(error, in: period) }
            throw error
        }
    }

    /// - Returns: The period, which the call tells with its end.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` where the store is not to be asked.
    func admit() throws -> UInt64 {
        let word = self.word.load(ordering: .acquiring)
        if word & 1 == 1 { return word >> 1 }
        let now = self.clock.now
        let (admission, cause) = self.change { ($0.machine.admit(at: now), $0.cause) }
        switch admission {
        case .pass(let period): return period
        case .refuse: break
        case .refuseAndProbe: self.startProbe()
        }
        throw CacheError(.unavailable, "the store was not asked: the circuit breaker is open", underlying: cause)
    }

    func succeeded(in period: UInt64) {
        if self.word.load(ordering: .acquiring) & 1 == 1 { return }
        self.change { $0.machine.succeeded(in: period) }
    }

    func failed(_ error: CacheError, in period: UInt64) {
        let now = self.clock.now
        let hasOpened = self.change { state in
            let hasOpened = state.machine.failed(in: period, at: now)
            if hasOpened { state.cause = error }
            return hasOpened
        }
        guard hasOpened else { return }
        self.logger.warning(
            "The circuit breaker has opened: the store is not asked until it answers a probe",
            metadata: ["larder.failures": "\(self.failures)", "larder.error": "\(error)"]
        )
    }

    private func startProbe() {
        _ = self.tasks.run {
            do {
                try await self.probe()
                self.probeEnded(isAnswered: true)
            } catch let error as CacheError where error.code != .unavailable {
                // An answer, if not the one that was hoped for.
                self.probeEnded(isAnswered: true)
            } catch {
                self.logger.debug("A probe of the store has failed", metadata: ["larder.error": "\(error)"])
                self.probeEnded(isAnswered: false)
            }
        }
    }

    private func probeEnded(isAnswered: Bool) {
        let now = self.clock.now
        let hasClosed = self.change { state in
            let hasClosed = state.machine.probeEnded(isAnswered: isAnswered, at: now)
            if hasClosed { state.cause = nil }
            return hasClosed
        }
        if hasClosed { self.logger.notice("The circuit breaker has closed: the store answers again") }
    }

    private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        self.state.withLock { state in
            defer {
                self.word.store(state.machine.period << 1 | (state.machine.isCalm ? 1 : 0), ordering: .releasing)
            }
            return body(&state)
        }
    }
}
