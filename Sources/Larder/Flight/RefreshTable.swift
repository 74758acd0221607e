import Synchronization

/// Which keys are being filled anew behind their callers, and which must not be yet because the last fill failed.
final class RefreshTable: Sendable {
    private struct State {
        var underWay: Set<StoreKey> = []
        /// When the next attempt may begin.
        var notBefore: [StoreKey: CacheInstant] = [:]
        /// From so many pauses on, those that are over are looked for before another is added; twice what the last search left.
        var purgeThreshold = RefreshTable.leastThreshold
    }

    private static let leastThreshold = 1_024
    /// So many pauses are kept at most: a key more is only a fill more.
    private static let limit = 65_536

    private let state = Mutex(State())
    /// How many pauses there are.
    ///
    /// While it is zero, asking takes no lock.
    private let pauses = Atomic<Int>(0)
    private let clock: CacheClock

    init(clock: CacheClock) {
        self.clock = clock
    }

    /// How many keys are being refreshed.
    var count: Int { self.state.withLock { $0.underWay.count } }

    /// Whether a fill of the key failed so recently that the next one has to wait.
    func isThrottled(_ key: StoreKey) -> Bool {
        if self.pauses.load(ordering: .relaxed) == 0 { return false }
        let now = self.clock.now
        return self.state.withLock { state in
            guard let moment = state.notBefore[key] else { return false }
            if moment > now { return true }
            state.notBefore[key] = nil
            self.pauses.store(state.notBefore.count, ordering: .relaxed)
            return false
        }
    }

    /// The key is about to be refreshed.
    ///
    /// - Returns: Whether it may be; not while it is already, or shortly after it has failed.
    func begin(_ key: StoreKey) -> Bool {
        if self.isThrottled(key) { return false }
        return self.state.withLock { $0.underWay.insert(key).inserted }
    }

    /// The refresh is over.
    func end(_ key: StoreKey) {
        self.state.withLock { state in _ = state.underWay.remove(key) }
    }

    /// Lets no refresh of these keys begin, and no fill while there is a stale value, for a time.
    func pause(_ keys: [StoreKey], for duration: Duration) {
        guard duration > .zero else { return }
        let now = self.clock.now
        self.state.withLock { state in
            if state.notBefore.count + keys.count > state.purgeThreshold {
                state.notBefore = state.notBefore.filter { $0.value > now }
                state.purgeThreshold = max(Self.leastThreshold, 2 * state.notBefore.count)
            }
            for key in keys where state.notBefore.count < Self.limit {
                state.notBefore[key] = now.advanced(by: duration)
            }
            self.pauses.store(state.notBefore.count, ordering: .relaxed)
        }
    }

    /// The key has a good value again.
    func resume(_ keys: some Sequence<StoreKey>) {
        if self.pauses.load(ordering: .relaxed) == 0 { return }
        self.state.withLock { state in
            for key in keys { state.notBefore[key] = nil }
            self.pauses.store(state.notBefore.count, ordering: .relaxed)
        }
    }
}
