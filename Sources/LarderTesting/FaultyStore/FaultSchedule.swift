public import Larder

/// Faults that come by chance, and for the same seed always the same ones.
///
/// ```swift
/// let store = FaultyStore(.memory(entries: 100))
/// store.follow(FaultSchedule(seed: 7, delays: 0.1, errors: 0.02, lostAnswers: 0.02, evictions: 0.05))
/// ```
///
/// What happens to a call depends on the seed, on what the call asks for, and on how many calls have asked for the same
/// before it, so calls of other kinds that run at the same time change nothing. Each probability is for one call, from 0 to
/// 1, and each is drawn by itself: a call can be delayed and then fail.
public struct FaultSchedule: Sendable {
    /// What can happen to a call.
    public enum Fault: Sendable, Hashable, CaseIterable {
        /// It begins later.
        case delay
        /// It fails, and nothing was done.
        case error
        /// It fails, though everything was done: the answer was lost.
        case lostAnswer
        /// It does not return until ``FaultyStore/recover()``, or until its task is cancelled.
        case hang
        /// A write says that it has written, and has not.
        case lostWrite
        /// An entry that was written or read before is not there any more when the call begins, nor is a lease on its key.
        case eviction
    }

    /// What the faults depend on.
    public let seed: UInt64

    /// The longest delay; each is drawn between nothing and this.
    public let longestDelay: Duration

    /// What delays are measured by.
    public let clock: CacheClock

    private let probabilities: [Fault: Double]

    /// Describes faults.
    ///
    /// - Parameters:
    ///   - seed: What they depend on.
    ///   - delays: How likely a call begins later.
    ///   - errors: How likely a call fails with `CacheError.Code.unavailable`, and nothing was done.
    ///   - lostAnswers: How likely a call fails so although everything was done.
    ///   - hangs: How likely a call hangs until ``FaultyStore/recover()``, or until its task is cancelled.
    ///   - lostWrites: How likely `set`, `add`, `replace` and their like say that they have written, and have not: what a
    ///     server does that forgets acknowledged writes. Stale values after it are nobody's fault but the server's.
    ///   - evictions: How likely an entry is gone when a call begins.
    ///   - longestDelay: The longest delay.
    ///   - clock: What delays are measured by.
    public init(
        seed: UInt64,
        delays: Double = 0,
        errors: Double = 0,
        lostAnswers: Double = 0,
        hangs: Double = 0,
        lostWrites: Double = 0,
        evictions: Double = 0,
        longestDelay: Duration = .milliseconds(10),
        clock: CacheClock = .system
    ) {
        self.seed = seed
        self.longestDelay = longestDelay
        self.clock = clock
        self.probabilities = [
            .delay: delays, .error: errors, .lostAnswer: lostAnswers, .hang: hangs, .lostWrite: lostWrites,
            .eviction: evictions,
        ]
    }

    /// What happens to a call.
    ///
    /// - Parameters:
    ///   - operation: What it asks for.
    ///   - call: How many calls have asked for the same before it.
    /// - Returns: The faults.
    public func faults(of operation: FaultyStore.Operation, call: Int) -> Set<Fault> {
        self.draw(operation, call).faults
    }

    /// What happens to a call, how long it is delayed, and which of the entries goes.
    func draw(_ operation: FaultyStore.Operation, _ call: Int) -> (faults: Set<Fault>, delay: Duration, victim: UInt64)
    {
        let place = UInt64(FaultyStore.Operation.allCases.firstIndex(of: operation) ?? 0)
        var generator = SeededGenerator(seed: self.seed, place, UInt64(call))
        var faults: Set<Fault> = []
        // Every fault draws its number, wanted or not: so one more likely leaves the others as they were.
        for fault in Fault.allCases {
            let number = Double.random(in: 0..<1, using: &generator)
            guard number < self.probabilities[fault, default: 0] else { continue }
            if fault != .lostWrite || operation == .write { faults.insert(fault) }
        }
        let delay = self.longestDelay * Double.random(in: 0..<1, using: &generator)
        return (faults, delay, generator.next())
    }
}
