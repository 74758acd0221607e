import Synchronization

/// A section that runs under a lock, as its task, whoever renews its lease, and whoever waits for its end see it.
///
/// Tasks that a section leaves behind keep it among their task-local values, so it lets go of everything when it is over.
final class HeldSection: Sendable {
    private struct State {
        var lease: SectionLease
        /// Cancels the section's task.
        var cancel: (@Sendable () -> Void)?
        var renewal: Task<Void, Never>?
    }

    /// Which locks it belongs to.
    let locks: ObjectIdentifier
    /// What it holds.
    let request: LockRequest
    private let state: Mutex<State>

    init(_ request: LockRequest, _ lease: HeldLease, of locks: ObjectIdentifier) {
        self.locks = locks
        self.request = request
        self.state = Mutex(State(lease: SectionLease(lease)))
    }

    /// Whether it has ended; what it leaves behind does not hold the lock.
    var isOver: Bool { self.state.withLock(\.lease.isOver) }

    /// Why its lock was lost, as far as that is known; `nil` where it was not.
    var loss: LockLoss? { self.state.withLock(\.lease.loss) }

    /// Begins to look after the lease, of a section that did not end at once.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - cancel: Cancels the section's task.
    /// - Returns: What is to be done.
    func watch(at now: CacheInstant, cancel: @escaping @Sendable () -> Void) -> SectionLease.Action {
        self.state.withLock { state in
            guard !state.lease.isOver else { return .nothing }
            state.cancel = cancel
            return state.lease.begin(at: now)
        }
    }

    /// Whether the section wants to be woken at a moment.
    func isWoken(at moment: CacheInstant) -> Bool { self.state.withLock { $0.lease.wakesAt == moment } }

    /// A timer has gone off.
    func wake(for moment: CacheInstant, at now: CacheInstant) -> SectionLease.Action {
        self.state.withLock { $0.lease.wake(for: moment, at: now) }
    }

    /// Begins a renewal, unless the section is over.
    ///
    /// - Parameter start: Makes the task that renews; called with the section locked, so it does no more than that.
    func beginRenewal(_ start: () -> Task<Void, Never>) {
        self.state.withLock { state in
            if !state.lease.isOver { state.renewal = start() }
        }
    }

    /// A renewal has ended.
    func endRenewal(_ outcome: SectionLease.Renewal, at now: CacheInstant) -> SectionLease.Action {
        self.state.withLock { $0.lease.endRenewal(outcome, at: now) }
    }

    /// Cancels the section's task.
    func cancel() { self.state.withLock(\.cancel)?() }

    /// The section has ended.
    func end(at now: CacheInstant) {
        self.state.withLock { state in
            state.lease.end(at: now)
            state.cancel = nil
        }
    }

    /// Waits until nobody renews the lease, after the section has ended.
    func endRenewals() async {
        let renewal = self.state.withLock { $0.renewal.take() }
        guard let renewal else { return }
        renewal.cancel()
        await renewal.value
    }
}
