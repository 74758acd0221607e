import Larder

/// What increments promise, checked on a history.
///
/// Deltas are positive. An increment that returned `n` found `n - delta` and left `n`; a `get` found and left what it
/// returned, zero where there was nothing; in an outage, nothing says nothing. Between the first and the last of the calls that are compared, nothing may have
/// reset the counter (`remove`, a pattern, `clear`, whatever came of them; an outage in which entries are lost). Then:
///
/// - what a call found is no less than what a call left that had ended before it began;
/// - nor is it less than the sum of all that had been added by such calls;
/// - no two increments went through the same number.
///
/// And, resets or none, what a call left is no more than the sum of all increments that had begun before it ended, those that
/// threw included, but not those that had ended before a successful reset began that had ended before the call began.
struct HistoryCounters {
    private struct Observation {
        var call: HistoryCall
        var found: Int
        var left: Int
        var end: Int64
    }

    /// A time from which on counters may be smaller than before.
    private struct Reset {
        var begin: Int64
        var end: Int64
    }

    private let calls: [HistoryCall]
    private let outages: [HistoryOutage]
    /// The outages in which entries were lost.
    private let losses: [Reset]
    private let recovery: Int64
    private let readsAreMonotonic: Bool

    /// - Parameters:
    ///   - history: What happened.
    ///   - recovery: How long after an outage a cache may not know yet that it is over.
    ///   - readsAreMonotonic: Whether no read finds less than one before it, though nothing larger was acknowledged yet.
    init(_ history: History, recovery: Int64, readsAreMonotonic: Bool) {
        self.calls = history.calls
        self.outages = history.outages
        self.losses =
            history.outages.filter(\.losesEntries).map { Reset(begin: $0.begin, end: $0.end ?? .max) }
            + (history.entriesAreLoseableFrom.map { [Reset(begin: $0, end: .max)] } ?? [])
        self.recovery = recovery
        self.readsAreMonotonic = readsAreMonotonic
    }

    func violations() -> [HistoryViolation] {
        let counters = Set(self.calls.filter { $0.operation == .increment }.flatMap(\.keys)).sorted()
        return counters.flatMap(self.violations)
    }

    private func violations(of counter: String) -> [HistoryViolation] {
        let increments = self.calls.filter { $0.operation == .increment && $0.keys == [counter] }
        let resets = self.calls.filter { $0.kills(counter) }
        let observations = self.observations(of: counter)
        let ends = resets.map { Reset(begin: $0.begin, end: $0.latestEffect) } + self.losses
        return observations.compactMap { observation in
            self.fault(observation, observations, ends)
                ?? Self.excess(observation, increments, resets)
        }
    }

    private func observations(of counter: String) -> [Observation] {
        self.calls.compactMap { call in
            guard call.hasSucceeded, let end = call.end, call.keys == [counter] else { return nil }
            switch call.operation {
            case .increment:
                guard let number = call.number, let delta = call.delta else { return nil }
                return Observation(call: call, found: number - delta, left: number, end: end)
            case .get:
                // Without the store nothing is found, whatever is there.
                if call.number == nil, self.wasOut(during: call) { return nil }
                return Observation(call: call, found: call.number ?? 0, left: call.number ?? 0, end: end)
            default:
                return nil
            }
        }
    }

    private func wasOut(during call: HistoryCall) -> Bool {
        self.outages.contains { outage in
            outage.begin <= call.end ?? .max && (outage.end.map { $0 + self.recovery } ?? .max) >= call.begin
        }
    }

    /// What an observation has lost or taken of others.
    private func fault(
        _ later: Observation,
        _ observations: [Observation],
        _ resets: [Reset]
    ) -> HistoryViolation? {
        var sum = 0
        for other in observations where other.call.id != later.call.id {
            let begin = min(other.call.begin, later.call.begin)
            let end = max(other.end, later.end)
            guard !resets.contains(where: { $0.begin <= end && $0.end >= begin }) else { continue }
            if other.end < later.call.begin {
                sum += other.left - other.found
                if later.found < other.left, self.readsAreMonotonic || other.call.operation == .increment {
                    let message = "\(later.found) was found after \(other.left) had been there"
                    return HistoryChecker.violation(.lostIncrement, message, other.call, later.call)
                }
            } else if later.end >= other.call.begin, later.call.id < other.call.id,
                max(other.found, later.found) < min(other.left, later.left)
            {
                let message = "two increments went through \(max(other.found, later.found) + 1)"
                return HistoryChecker.violation(.lostIncrement, message, other.call, later.call)
            }
        }
        guard later.found < sum else { return nil }
        let message = "\(later.found) was found after \(sum) had been added"
        return HistoryChecker.violation(.lostIncrement, message, later.call)
    }

    /// What an observation has too much.
    private static func excess(
        _ observation: Observation,
        _ increments: [HistoryCall],
        _ resets: [HistoryCall]
    ) -> HistoryViolation? {
        let lastReset = resets.filter { $0.hasSucceeded && $0.latestEffect < observation.call.begin }.map(\.begin).max()
        let sum = increments.filter { increment in
            increment.begin < observation.end && increment.latestEffect > lastReset ?? .min
        }
        .reduce(0) { $0 + ($1.delta ?? 0) }
        guard observation.left > sum else { return nil }
        let message = "\(observation.left) was there, and at most \(sum) had been added"
        return HistoryChecker.violation(.lostIncrement, message, observation.call)
    }
}
