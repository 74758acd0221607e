import ServiceLifecycle

/// What a store's `run()` does again and again.
package struct PeriodicWork: Sendable {
    private let clock: CacheClock
    private let interval: Duration

    /// - Parameters:
    ///   - interval: How long to rest between two times.
    ///   - clock: What times the rests.
    package init(every interval: Duration, clock: CacheClock) {
        self.interval = interval
        self.clock = clock
    }

    /// Works until the task is cancelled or the service shuts down gracefully.
    ///
    /// - Parameter work: What to do; whatever fails in it is its own to report.
    package func run(_ work: @escaping @Sendable () async -> Void) async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // The end of the rest by cancellation is the end of the service, which the loop sees.
                try? await self.clock.sleep(until: self.clock.now.advanced(by: self.interval))
                if Task.isCancelled { return }
                await work()
            }
        }
    }
}
