/// What a holder knows of its lease: until when it may count on it, and what to do next about it.
///
/// A plain value that neither asks nor waits. The time counts from *before* the question was sent that the store granted:
/// whatever the way there and back took, the store's own count began later. From the end a margin is taken off for clocks
/// that do not run equally fast (as in Redlock: a hundredth, and two milliseconds).
struct HeldLease {
    /// What to do next.
    enum Step: Hashable {
        /// Nothing, until then.
        case sleep(until: CacheInstant)
        /// Ask the store to renew the lease; an answer after `until` comes too late.
        case renew(until: CacheInstant)
        /// It is over.
        case lost(LockLoss)
    }

    private let lease: Duration
    /// From when on the lease must not be counted on, unless it is confirmed before.
    private(set) var end: CacheInstant
    private var nextRenewal: CacheInstant
    /// How many renewals have failed since one was confirmed.
    private var failures = 0
    private var isRefused = false

    /// - Parameters:
    ///   - lease: How long the lease stands.
    ///   - sent: When the question was about to be sent that it was granted for.
    init(lease: Duration, sent: CacheInstant) {
        self.lease = lease
        self.end = Self.end(lease, sent)
        self.nextRenewal = sent.advanced(by: lease / 3)
    }

    /// Whether the lease can be counted on at a moment.
    func stands(at moment: CacheInstant) -> Bool { !self.isRefused && moment < self.end }

    /// What is to be done at a moment.
    func step(at now: CacheInstant) -> Step {
        if self.isRefused { return .lost(.refused) }
        if now >= self.end { return .lost(.unconfirmed) }
        if now >= self.nextRenewal { return .renew(until: self.end) }
        return .sleep(until: min(self.nextRenewal, self.end))
    }

    /// The store has renewed the lease on a question that was about to be sent at `sent`.
    mutating func confirm(sent: CacheInstant) {
        // An answer to an earlier question never shortens what a later one has confirmed.
        self.end = max(self.end, Self.end(self.lease, sent))
        self.nextRenewal = max(self.nextRenewal, sent.advanced(by: self.lease / 3))
        self.failures = 0
    }

    /// The store says that the owner holds nothing.
    mutating func refuse() { self.isRefused = true }

    /// Nobody knows whether a renewal was carried out; asks again after a pause that grows up to a tenth of the lease.
    mutating func fail(at now: CacheInstant) {
        let pause = self.lease / 100 * (1 << min(self.failures, 3))
        self.failures += 1
        self.nextRenewal = now.advanced(by: min(max(pause, .milliseconds(1)), self.lease / 10))
    }

    private static func end(_ lease: Duration, _ sent: CacheInstant) -> CacheInstant {
        sent.advanced(by: lease - lease / 100 - .milliseconds(2))
    }
}

/// Why a holder can no longer count on its lock.
enum LockLoss: Hashable {
    /// The store says that it does not hold it: the lease ended, it was taken away, or the store has forgotten it.
    case refused
    /// The lease has ended, or would have, before the store confirmed it anew.
    case unconfirmed

    /// The end of a sentence.
    var description: String {
        switch self {
        case .refused: "the store no longer knew of it: its lease had ended, it was taken away, or the store forgot it"
        case .unconfirmed: "its lease could not be renewed in time"
        }
    }
}
