import Logging
import Synchronization

/// Keeps calls from a store that has failed too often, or from a part of it, and finds out when it works again.
///
/// There is a circuit for each part of the store that has failed, and one for the store as a whole, which counts failures
/// that are no part's. A call needs the whole and the parts that its keys lie in; so a server that is lost costs no calls
/// but those which need it.
///
/// No caller ever waits for a probe: it runs in a task of the cache's own, and ends when the store's call does.
final class CircuitBreaker: Sendable {
    private let state: Mutex<Circuits>
    private let failures: Int
    /// The era, and in the lowest bit whether all circuits are calm: all that a call needs while the store works.
    private let word = Atomic<UInt64>(1)
    private let clock: CacheClock
    private let logger: Logger
    private let tasks: FlightTable
    private let store: any NamespaceStore
    private let probeCoder: any EntryCoder

    /// - Parameters:
    ///   - policy: When to open, and how soon to try again.
    ///   - clock: What pauses are measured by.
    ///   - logger: Where opening and closing are reported.
    ///   - tasks: Who owns the probes.
    ///   - store: What is guarded: it is asked for its parts, and by probes.
    ///   - probeCoder: Any coder: the probe of the whole asks for a key that nobody writes.
    init(
        _ policy: CircuitBreakerPolicy,
        clock: CacheClock,
        logger: Logger,
        tasks: FlightTable,
        store: any NamespaceStore,
        probeCoder: any EntryCoder
    ) {
        self.state = Mutex(Circuits(policy))
        self.failures = policy.failures
        self.clock = clock
        self.logger = logger
        self.tasks = tasks
        self.store = store
        self.probeCoder = probeCoder
    }

    /// Whether calls reach the store as a whole.
    var circuit: CircuitState { self.state.withLock { $0.state } }

    /// Asks the store, if it is to be asked, and takes note of how it went.
    ///
    /// Only ``CacheError/Code/unavailable`` is a failure, and only an answer a success: a call that was cancelled, or refused
    /// for its argument, says nothing about the store.
    ///
    /// - Parameters:
    ///   - keys: The keys that the call is about, none for one about the namespace; `nil` for one that needs all parts of the
    ///     store. Asked for only while something has failed lately.
    ///   - body: The call.
    /// - Returns: What the body returns.
    /// - Throws: What the body throws; ``CacheError`` with ``CacheError/Code/unavailable`` where the store is not to be asked.
    func call<Result>(_ keys: () -> [StoreKey]?, _ body: () async throws -> Result) async throws -> Result {
        let era = try self.admit(keys)
        do {
            let result = try await body()
            self.succeeded(keys, in: era)
            return result
        } catch {
            if let error = error as? CacheError, error.code == .unavailable { self.failed(error, in: era) }
            throw error
        }
    }

    /// - Parameter keys: The keys that the call is about, as in ``call(_:_:)``.
    /// - Returns: The era, which the call tells with its end.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` where the store is not to be asked.
    func admit(_ keys: () -> [StoreKey]?) throws -> UInt64 {
        let word = self.word.load(ordering: .acquiring)
        if word & 1 == 1 { return word >> 1 }
        let now = self.clock.now
        let keys = keys()
        let parts = keys.map { self.store.failureDomains(of: $0) }
        let admission = self.change { $0.admit(parts, at: now) }
        switch admission {
        case .pass(let era):
            return era
        case .refuse(let scope, let cause, let probes):
            if probes { self.startProbe(of: scope, keys ?? []) }
            throw CacheError(.unavailable, "the store was not asked: the circuit breaker is open", underlying: cause)
        }
    }

    /// The store has answered a call.
    func succeeded(_ keys: () -> [StoreKey]?, in era: UInt64) {
        if self.word.load(ordering: .acquiring) & 1 == 1 { return }
        let parts = keys().map { self.store.failureDomains(of: $0) }
        self.change { $0.succeeded(parts, in: era) }
    }

    /// The store, or a part of it, was unavailable to a call.
    func failed(_ error: CacheError, in era: UInt64) {
        let now = self.clock.now
        let part = self.store.failureDomain(of: error)
        guard self.change({ $0.failed(part, error, in: era, at: now) }) else { return }
        self.logger.warning(
            "The circuit breaker has opened: the store is not asked until it answers a probe",
            metadata: self.metadata(
                part.map { .part($0) } ?? .whole,
                ["larder.failures": "\(self.failures)", "larder.error": "\(error)"]
            )
        )
    }

    private func metadata(_ scope: Circuits.Scope, _ others: Logger.Metadata = [:]) -> Logger.Metadata {
        guard case .part(let part) = scope else { return others }
        return others.merging(["larder.part": "\(part)"]) { own, _ in own }
    }

    // MARK: Probes

    private func startProbe(of scope: Circuits.Scope, _ keys: [StoreKey]) {
        _ = self.tasks.run {
            let isAnswered = await self.probe(scope, keys)
            let now = self.clock.now
            if self.change({ $0.probeEnded(scope, isAnswered: isAnswered, at: now) }) {
                self.logger.notice(
                    "The circuit breaker has closed: the store answers again",
                    metadata: self.metadata(scope)
                )
            }
        }
    }

    /// Asks the store for something small.
    ///
    /// - Parameters:
    ///   - scope: What is to answer.
    ///   - keys: What the call was about in whose place the probe is sent.
    /// - Returns: Whether that has answered.
    private func probe(_ scope: Circuits.Scope, _ keys: [StoreKey]) async -> Bool {
        do {
            switch scope {
            case .whole:
                try await self.readNothing()
            case .part(let part):
                if try await self.store.probe(part) { return true }
                if let key = keys.first(where: { self.store.failureDomains(of: [$0]).contains(part) }) {
                    // Changes nothing, in no tier.
                    _ = try await self.store.report(on: key)
                } else {
                    try await self.readNothing()
                }
            }
            return true
        } catch let error as CacheError where error.code != .unavailable {
            // An answer, if not the one that was hoped for.
            return true
        } catch let error as CacheError where scope == .whole && self.store.failureDomain(of: error) != nil {
            // What is wrong is wrong with a part.
            return true
        } catch {
            self.logger.debug(
                "A probe of the store has failed",
                metadata: self.metadata(scope, ["larder.error": "\(error)"])
            )
            return false
        }
    }

    private func readNothing() async throws {
        _ = try await self.store.read([StoreKey(version: 0, name: "larder:probe")], ReadOptions(coder: self.probeCoder))
    }

    private func change<Result: Sendable>(_ body: (inout Circuits) -> Result) -> Result {
        self.state.withLock { circuits in
            defer { self.word.store(circuits.era << 1 | (circuits.areCalm ? 1 : 0), ordering: .releasing) }
            return body(&circuits)
        }
    }
}
