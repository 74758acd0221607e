import Synchronization

/// Who waits in this process for the end of leases of one namespace of a store on disk.
///
/// Ends that come from this process are told at once. Nobody tells of those that come from other processes, so who waits looks
/// again now and then.
package final class LeaseSignals: Sendable {
    private let signals = Mutex<[StoreKey: [LocalLeaseSignal]]>([:])

    /// Makes a place where nobody waits.
    package init() {}

    func listen(for key: StoreKey, clock: CacheClock) -> any LeaseSignal {
        let signal = LocalLeaseSignal(key, in: self, clock: clock)
        self.signals.withLock { $0[key, default: []].append(signal) }
        return signal
    }

    /// How many listen.
    package var count: Int { self.signals.withLock { $0.values.reduce(0) { $0 + $1.count } } }

    fileprivate func remove(_ signal: LocalLeaseSignal) {
        self.signals.withLock { signals in
            signals[signal.key]?.removeAll { $0 === signal }
            if signals[signal.key]?.isEmpty == true { signals[signal.key] = nil }
        }
    }

    /// Leases on these keys have ended.
    func ring(_ keys: [StoreKey]) {
        if keys.isEmpty { return }
        let due = self.signals.withLock { signals in
            signals.isEmpty ? [] : keys.flatMap { signals[$0] ?? [] }
        }
        for signal in due { signal.ring() }
    }

    /// Any lease may have become void.
    func ringAll() {
        let due = self.signals.withLock { $0.values.flatMap { $0 } }
        for signal in due { signal.ring() }
    }
}

/// Waits for the end of the lease on one key.
final class LocalLeaseSignal: LeaseSignal {
    let key: StoreKey
    private let owner: LeaseSignals
    private let wake: WakeUp
    /// How long the next wait goes on at most, since another process may end the lease.
    private let pause = Mutex(Duration.milliseconds(4))

    init(_ key: StoreKey, in owner: LeaseSignals, clock: CacheClock) {
        self.key = key
        self.owner = owner
        self.wake = WakeUp(clock: clock)
    }

    func ring() { self.wake.ring() }

    func wait(atMost duration: Duration) async throws {
        let pause = self.pause.withLock { pause in
            let current = pause
            pause = min(pause * 1.5, .milliseconds(50))
            return current
        }
        // Spread, so that processes which began to wait together do not look together.
        try await self.wake.wait(atMost: min(duration, pause * Double.random(in: 0.5...1)))
    }

    func cancel() {
        self.owner.remove(self)
        // Nobody would be told any more.
        self.ring()
    }
}
