import Synchronization

/// Counts of rate limiters in the memory of this process.
///
/// Decides exactly as the store on Redis does. A subject of whom nothing counts any more is forgotten soon, as others are charged; and a
/// store never remembers more subjects for each limiter than it was made for, so that a flood of made-up subjects takes no
/// more memory than that. When there are more, one of eight is forgotten early, the one with the least time left: it gets more
/// than its limits. The counts of limiters that are gone stay as long as they say anything, but for no more than 1,024
/// limiters: beyond, some begin anew when they are made again.
public final class MemoryRateLimitStore: RateLimitStore {
    /// For how many limiters counts stay that no limiter holds.
    static let mostLedgers = 1_024

    private let subjects: Int
    private let clock: CacheClock
    private let ledgers = Mutex(LedgerTable(capacity: MemoryRateLimitStore.mostLedgers))

    /// Makes a store that has counted nothing.
    ///
    /// - Parameters:
    ///   - subjects: How many subjects are remembered at most, for each limiter.
    ///   - clock: What time passes by. Fixed windows begin with multiples of their period on it.
    public init(subjects: Int = 1_000_000, clock: CacheClock = .system) {
        self.subjects = max(1, subjects)
        self.clock = clock
    }

    /// `memory`.
    public var kind: String { "memory" }

    /// The counts of one limiter.
    ///
    /// - Parameters:
    ///   - namespace: What the subjects' names belong to.
    ///   - limits: What is held.
    /// - Returns: The counts.
    public func open(_ namespace: CacheNamespace, _ limits: RateLimitSet) -> any RateLimitLedger {
        let name = LedgerTable.Name(namespace: namespace, limits: limits.name)
        return self.ledgers.withLock { ledgers in
            ledgers.ledger(name) { MemoryRateLimitLedger(limits, subjects: self.subjects, clock: self.clock) }
        }
    }

    /// Of how many limiters there are counts.
    var ledgerCount: Int { self.ledgers.withLock { $0.count } }

    /// How many subjects are remembered, by all limiters.
    ///
    /// Those of whom nothing counts any more are among them until they are met.
    public var count: Int {
        let ledgers = self.ledgers.withLock { $0.ledgers }
        return ledgers.reduce(0) { $0 + $1.count }
    }
}

extension RateLimitStore where Self == MemoryRateLimitStore {
    /// Counts in the memory of this process.
    ///
    /// - Parameters:
    ///   - subjects: How many subjects are remembered at most, for each limiter.
    ///   - clock: What time passes by.
    /// - Returns: The store.
    public static func memory(subjects: Int = 1_000_000, clock: CacheClock = .system) -> MemoryRateLimitStore {
        MemoryRateLimitStore(subjects: subjects, clock: clock)
    }
}

/// The counts of one limiter in memory, in parts that are locked one by one.
final class MemoryRateLimitLedger: RateLimitLedger {
    private final class Part: Sendable {
        let subjects: Mutex<SubjectTable>

        init(capacity: Int) { self.subjects = Mutex(SubjectTable(capacity: capacity)) }
    }

    private let limits: RateLimitSet
    private let clock: CacheClock
    private let parts: [Part]
    private let seed = HashSeed.random()
    /// How many calls have charged somebody.
    private let charges = Atomic<Int>(0)

    /// One of so many charges clears up in the next part, whose own subjects may never come again, and looks at twice as many
    /// records there.
    private static let clearingInterval = 8

    init(_ limits: RateLimitSet, subjects: Int, clock: CacheClock) {
        self.limits = limits
        self.clock = clock
        let layout = ShardLayout(entries: subjects)
        self.parts = (0..<layout.shards).map { Part(capacity: layout.capacity(of: $0)) }
    }

    func charge(_ subject: String, cost: Int) async throws -> RateLimitDecision {
        let decision = self.decide(subject, cost, charges: true)
        self.clearUp()
        return decision
    }

    func peek(_ subject: String, cost: Int) async throws -> RateLimitDecision {
        self.decide(subject, cost, charges: false)
    }

    func reset(_ subject: String) async throws {
        self.part(of: subject).subjects.withLock { $0.forget(SubjectName(subject)) }
    }

    /// Clears up a little, and tells whether nothing is left.
    func saysNothing() -> Bool {
        let now = self.clock.now.nanoseconds / 1_000
        var isEmpty = true
        for part in self.parts {
            let left = part.subjects.withLock { subjects in
                subjects.sweep(2 * Self.clearingInterval, at: now)
                return subjects.count
            }
            if left > 0 { isEmpty = false }
        }
        return isEmpty
    }

    var count: Int {
        self.parts.reduce(0) { sum, part in sum + part.subjects.withLock { $0.count } }
    }

    private func decide(_ subject: String, _ cost: Int, charges: Bool) -> RateLimitDecision {
        let cost = RateLimitTerms.cost(cost)
        let name = SubjectName(subject)
        let (limits, clock) = (self.limits, self.clock)
        return self.part(of: subject).subjects.withLock { subjects in
            // Asked under the lock, so that a subject's charges come in the order of their times.
            let now = clock.now.nanoseconds / 1_000
            return subjects.decide(name, cost, at: now, by: limits, charges: charges)
        }
    }

    private func clearUp() {
        let (turn, rest) = self.charges.wrappingAdd(1, ordering: .relaxed).newValue
            .quotientAndRemainder(dividingBy: Self.clearingInterval)
        guard rest == 0 else { return }
        let now = self.clock.now.nanoseconds / 1_000
        self.parts[turn & (self.parts.count - 1)].subjects.withLock {
            $0.sweep(2 * Self.clearingInterval, at: now)
        }
    }

    private func part(of subject: String) -> Part {
        var subject = subject
        let seed = self.seed
        let hash = subject.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            return raw.baseAddress.map { seed.hash($0, count: raw.count) } ?? 0
        }
        // The number of parts is a power of two.
        return self.parts[Int(truncatingIfNeeded: hash) & (self.parts.count - 1)]
    }
}
