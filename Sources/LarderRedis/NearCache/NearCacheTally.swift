import Larder
import Synchronization

/// What a near cache counts of one namespace, and how it measures its pushes.
final class NearCacheTally: Sendable {
    private struct Probe {
        let key: StoreKey
        let sent: ContinuousClock.Instant
    }

    private struct State {
        var invalidations = 0
        var timesEmptied = 0
        var lastEmptied: NearCacheStatistics.EmptyingReason?
        var trouble: NearCacheStatistics.Trouble?
        /// The kinds of trouble that there have been since all was well.
        var troubles: Set<NearCacheStatistics.Trouble> = []
        /// The change of this process whose push is waited for; one at a time is enough.
        var probe: Probe?
        var latencies: [Double] = []
        var last = 0.0
        var nextPlace = 0

        mutating func record(_ latency: Double) {
            self.last = latency
            if self.latencies.count < NearCacheTally.mostLatencies {
                self.latencies.append(latency)
            } else {
                self.latencies[self.nextPlace] = latency
                self.nextPlace = (self.nextPlace + 1) % NearCacheTally.mostLatencies
            }
        }
    }

    private static let mostLatencies = 1_024
    /// A push that has not come by then will not: the change came to nothing.
    private static let longestWait = Duration.seconds(10)

    private let state = Mutex(State())
    private let misses = Atomic<Int>(0)

    // MARK: Reads

    func missed(_ count: Int) { self.misses.wrappingAdd(count, ordering: .relaxed) }

    // MARK: What is heard

    func heard(_ keys: [StoreKey], names: Int) {
        let now = ContinuousClock.now
        self.state.withLock { state in
            state.invalidations += names
            guard let probe = state.probe, keys.contains(probe.key) else { return }
            state.probe = nil
            state.record(probe.sent.duration(to: now) / .microseconds(1))
        }
    }

    func emptied(_ reason: NearCacheStatistics.EmptyingReason) {
        self.state.withLock { state in
            state.timesEmptied += 1
            state.lastEmptied = reason
            if reason == .connectionLost { state.probe = nil }
        }
    }

    /// - Parameter trouble: What is wrong; `nil`, all is well again.
    /// - Returns: Whether that is news: the first of its kind since all was well. Several kinds can take turns, such as with one
    ///   server that refuses and another one that cannot be reached.
    func note(trouble: NearCacheStatistics.Trouble?) -> Bool {
        self.state.withLock { state in
            state.trouble = trouble
            guard let trouble else {
                state.troubles = []
                return false
            }
            return state.troubles.insert(trouble).inserted
        }
    }

    // MARK: What this process changes

    /// A change of a key is about to be sent.
    func changes(_ key: StoreKey) {
        let now = ContinuousClock.now
        self.state.withLock { state in
            if let probe = state.probe, probe.sent.duration(to: now) < Self.longestWait { return }
            state.probe = Probe(key: key, sent: now)
        }
    }

    /// The change came to nothing, so nobody will tell of it.
    func hasNotChanged(_ key: StoreKey) {
        self.state.withLock { state in
            if state.probe?.key == key { state.probe = nil }
        }
    }

    // MARK: Reporting

    /// What was counted; the caller adds what the store knows.
    var statistics: NearCacheStatistics {
        let misses = self.misses.load(ordering: .relaxed)
        return self.state.withLock { state in
            var latency: NearCacheStatistics.PushLatency?
            if !state.latencies.isEmpty {
                let sorted = state.latencies.sorted()
                latency = .init(
                    last: state.last,
                    median: sorted[sorted.count / 2],
                    percentile99: sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
                )
            }
            return NearCacheStatistics(
                hits: 0,
                misses: misses,
                entries: 0,
                limit: 0,
                invalidations: state.invalidations,
                timesEmptied: state.timesEmptied,
                lastEmptied: state.lastEmptied,
                isCovered: false,
                trouble: state.trouble,
                pushLatency: latency
            )
        }
    }
}
