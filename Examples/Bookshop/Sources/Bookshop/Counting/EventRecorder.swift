import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// Counts what visitors do, behind their backs: a page is sent without waiting for that.
///
/// Whoever serves a page notes what happened, in a buffer of this process; the service writes what is there as soon as it has
/// written what was there before. So a quiet shop counts at once, and in a busy one more and more goes into one write, which
/// costs less and less for each. The buffer is bounded. What finds no room, and what the store did not take, is not counted
/// but ``skipped``.
///
/// The alternative, one round trip within each request, would make each page as slow as the store and cost the store as many
/// commands as there are pages. The price of this one is that what a process has noted and not written is lost when
/// it crashes: some milliseconds' worth.
final class EventRecorder: Service {
    private struct State {
        var pending = PendingCounts()
        var skipped = 0
        /// How many notes were taken, and how many of them are done with.
        var noted = 0
        var settled = 0

        mutating func note(_ happening: Happening, at moment: Date, limit: Int) -> Bool {
            guard self.pending.add(happening, at: moment, limit: limit) else {
                self.skipped += 1
                return false
            }
            self.noted += 1
            return true
        }

        mutating func takePending() -> PendingCounts {
            defer { self.pending = PendingCounts() }
            return self.pending
        }

        mutating func settle(_ counts: PendingCounts, skipped: Int) {
            self.settled += counts.happenings
            self.skipped += skipped
        }
    }

    /// How many different things wait to be written at most: some hundred kilobytes.
    static let limit = 4_096

    private let counts: ShopCounts
    private let breaker: StoreBreaker
    private let limit: Int
    private let now: @Sendable () -> Date
    private let state = Mutex(State())
    private let wakeUps: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation

    /// - Parameters:
    ///   - counts: Where it counts.
    ///   - breaker: What the store is asked through.
    ///   - limit: How many different things wait to be written at most.
    ///   - now: What time it is.
    init(
        _ counts: ShopCounts,
        through breaker: StoreBreaker,
        limit: Int = EventRecorder.limit,
        now: @escaping @Sendable () -> Date
    ) {
        self.counts = counts
        self.breaker = breaker
        self.limit = limit
        self.now = now
        // One wake-up is enough for all that has happened until then.
        (self.wakeUps, self.wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Notes that something happened; this neither waits nor fails.
    func note(_ happening: Happening) {
        let moment = self.now()
        if self.state.withLock({ $0.note(happening, at: moment, limit: self.limit) }) { self.wakeUp.yield() }
    }

    /// How many things could not be counted since the start.
    var skipped: Int { self.state.withLock { $0.skipped } }

    /// Whether everything that was noted has been written or skipped.
    var isSettled: Bool { self.state.withLock { $0.noted == $0.settled } }

    /// Writes what is noted until the shop is told to close, and then what is left.
    func run() async {
        for await _ in self.wakeUps.cancelOnGracefulShutdown() { await self.flush() }
        await self.flush()
    }

    private func flush() async {
        let counts = self.state.withLock { $0.takePending() }
        guard counts.happenings > 0 else { return }
        let missing = await self.counts.write(counts, through: self.breaker)
        self.state.withLock { $0.settle(counts, skipped: missing) }
    }
}
