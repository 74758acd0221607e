/// The circuits of a store: of the whole, and of each part that has failed; time is handed in.
struct Circuits {
    /// What a circuit is about.
    enum Scope: Sendable, Hashable {
        case whole
        case part(FailureDomain)
    }

    /// What becomes of a call.
    enum Admission {
        /// It may ask the store, and tells how it went together with this number.
        case pass(era: UInt64)
        /// It fails at once, because of this circuit, which opened for this reason. Maybe a probe has to be started, whose end is
        /// told.
        case refuse(Scope, CacheError?, probes: Bool)
    }

    private struct Circuit {
        var machine: CircuitStateMachine
        /// The era that began when it last opened.
        var era: UInt64 = 0
        /// Why it opened, for the errors of those it turns away.
        var cause: CacheError?
    }

    private let policy: CircuitBreakerPolicy
    private var whole: Circuit
    private var parts: [FailureDomain: Circuit] = [:]

    /// How often any circuit has opened.
    ///
    /// What a call says is only about the circuits that have not opened since it was let through.
    private(set) var era: UInt64 = 0

    /// How many parts are remembered that work again; in a cluster, addresses come and go.
    private static let mostCalmParts = 100

    init(_ policy: CircuitBreakerPolicy) {
        self.policy = policy
        self.whole = Circuit(machine: CircuitStateMachine(policy))
    }

    /// The state of the whole.
    var state: CircuitState { self.whole.machine.state }

    /// Whether all calls pass and none has failed lately, so that a success changes nothing.
    var areCalm: Bool { self.whole.machine.isCalm && self.parts.values.allSatisfy(\.machine.isCalm) }

    /// Whether a call may ask the store.
    ///
    /// - Parameters:
    ///   - parts: The parts that it needs; `nil`, all.
    ///   - now: The time.
    /// - Returns: Whether it may.
    mutating func admit(_ parts: Set<FailureDomain>?, at now: CacheInstant) -> Admission {
        self.parts = self.parts.filter { parts?.contains($0) ?? false || !$1.machine.isUnwanted(at: now) }
        for scope in self.scopes(parts) {
            guard var circuit = self[scope] else { continue }
            let admission = circuit.machine.admit(at: now)
            self[scope] = circuit
            switch admission {
            case .pass: continue
            case .refuse: return .refuse(scope, circuit.cause, probes: false)
            case .refuseAndProbe: return .refuse(scope, circuit.cause, probes: true)
            }
        }
        return .pass(era: self.era)
    }

    /// The store has answered a call that needed some parts; `nil`, all.
    mutating func succeeded(_ parts: Set<FailureDomain>?, in era: UInt64) {
        for scope in self.scopes(parts) {
            guard var circuit = self[scope], era >= circuit.era else { continue }
            circuit.machine.succeeded(in: circuit.machine.period)
            self[scope] = circuit
        }
    }

    /// The store was unavailable to a call.
    ///
    /// - Parameters:
    ///   - part: What has failed; `nil`, nobody knows or all of it.
    ///   - error: Why.
    ///   - era: When the call was let through.
    ///   - now: The time.
    /// - Returns: Whether a circuit has opened now.
    mutating func failed(_ part: FailureDomain?, _ error: CacheError, in era: UInt64, at now: CacheInstant) -> Bool {
        let scope = part.map(Scope.part) ?? .whole
        var circuit = self[scope] ?? Circuit(machine: CircuitStateMachine(self.policy))
        guard era >= circuit.era else { return false }
        let hasOpened = circuit.machine.failed(in: circuit.machine.period, at: now)
        if hasOpened {
            self.era += 1
            circuit.era = self.era
            circuit.cause = error
        }
        self[scope] = circuit
        return hasOpened
    }

    /// A probe is over.
    ///
    /// - Returns: Whether the circuit has closed now.
    mutating func probeEnded(_ scope: Scope, isAnswered: Bool, at now: CacheInstant) -> Bool {
        guard var circuit = self[scope] else { return false }
        let hasClosed = circuit.machine.probeEnded(isAnswered: isAnswered, at: now)
        if hasClosed { circuit.cause = nil }
        self[scope] = circuit
        if hasClosed, self.parts.count > Self.mostCalmParts {
            self.parts = self.parts.filter { !$1.machine.isCalm }
        }
        return hasClosed
    }

    /// What a call needs that needs some parts; `nil`, all that are known.
    private func scopes(_ parts: Set<FailureDomain>?) -> [Scope] {
        [Scope.whole] + (parts.map(Array.init) ?? Array(self.parts.keys)).map { Scope.part($0) }
    }

    private subscript(_ scope: Scope) -> Circuit? {
        get {
            switch scope {
            case .whole: self.whole
            case .part(let part): self.parts[part]
            }
        }
        set {
            switch scope {
            case .whole: if let newValue { self.whole = newValue }
            case .part(let part): self.parts[part] = newValue
            }
        }
    }
}
