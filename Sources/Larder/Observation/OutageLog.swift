import Logging
import Synchronization

/// Reports an unavailable store at most once a second, with how often it was unavailable since the last report: an outage
/// under load would fill the disk otherwise.
final class OutageLog: Sendable {
    private struct State {
        var nextReport = CacheInstant(nanoseconds: .min)
        var unreported = 0
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let clock: CacheClock

    init(logger: Logger, clock: CacheClock) {
        self.logger = logger
        self.clock = clock
    }

    func report(_ error: CacheError) {
        let now = self.clock.now
        let count = self.state.withLock { state -> Int? in
            state.unreported += 1
            guard now >= state.nextReport else { return nil }
            state.nextReport = now.advanced(by: .seconds(1))
            defer { state.unreported = 0 }
            return state.unreported
        }
        guard let count else { return }
        self.logger.warning(
            "The cache's store is unavailable",
            metadata: [
                "larder.calls": "\(count)", "larder.error": "\(error.underlying.map { "\($0)" } ?? error.message)",
            ]
        )
    }
}
