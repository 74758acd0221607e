/// The lease of a section: when to look at it, when to renew it, when to cancel the section.
///
/// A plain value that neither asks nor waits: it is told what happened, and says what is to be done.
struct SectionLease {
    /// What is to be done.
    enum Action: Hashable {
        case nothing
        /// Wake the section at a moment.
        case wake(at: CacheInstant)
        /// Renew the lease, and wake the section at a moment, when an answer would come too late.
        case renew(wakingAt: CacheInstant)
        /// Cancel the section: its lock is lost.
        case cancel
    }

    /// How a renewal ended.
    enum Renewal: Hashable {
        /// The store has renewed it, on a question that was about to be sent then.
        case confirmed(sent: CacheInstant)
        /// The owner holds nothing, says the store.
        case refused
        /// Nobody knows.
        case failed
    }

    /// Why the lock was lost.
    private(set) var loss: LockLoss?
    /// Whether the section has ended.
    private(set) var isOver = false
    /// When the section is to be woken; timers for any other moment are none of its any more.
    private(set) var wakesAt: CacheInstant?
    private var lease: HeldLease
    private var isRenewing = false

    init(_ lease: HeldLease) {
        self.lease = lease
    }

    /// The section has begun, and goes on.
    mutating func begin(at now: CacheInstant) -> Action { self.next(at: now) }

    /// A timer that was set for `moment` has gone off.
    mutating func wake(for moment: CacheInstant, at now: CacheInstant) -> Action {
        guard self.wakesAt == moment else { return .nothing }
        self.wakesAt = nil
        return self.next(at: now)
    }

    /// A renewal has ended.
    mutating func endRenewal(_ outcome: Renewal, at now: CacheInstant) -> Action {
        self.isRenewing = false
        switch outcome {
        case .confirmed(let sent): self.lease.confirm(sent: sent)
        case .refused: self.lease.refuse()
        case .failed: self.lease.fail(at: now)
        }
        return self.next(at: now)
    }

    /// The section has ended.
    mutating func end(at now: CacheInstant) {
        self.isOver = true
        self.wakesAt = nil
        if self.loss == nil, !self.lease.stands(at: now) { self.loss = .unconfirmed }
    }

    private mutating func next(at now: CacheInstant) -> Action {
        guard !self.isOver, self.loss == nil else { return .nothing }
        switch self.lease.step(at: now) {
        case .lost(let loss):
            self.loss = loss
            self.wakesAt = nil
            return .cancel
        case .sleep(let moment):
            return self.wake(at: moment)
        case .renew(let end):
            if self.isRenewing { return self.wake(at: end) }
            self.isRenewing = true
            self.wakesAt = end
            return .renew(wakingAt: end)
        }
    }

    private mutating func wake(at moment: CacheInstant) -> Action {
        if self.wakesAt == moment { return .nothing }
        self.wakesAt = moment
        return .wake(at: moment)
    }
}
