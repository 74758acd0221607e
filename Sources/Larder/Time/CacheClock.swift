#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a cache takes the time from: the system's monotonic clock, or a clock that a test drives by hand.
///
/// Everything in Larder that ages, expires or times out asks a `CacheClock`, so a test can let an hour pass in no time.
public struct CacheClock: Sendable {
    /// The monotonic clock of this machine, unaffected by changes of the wall clock.
    public static let system = CacheClock(source: .system)

    private enum Source: Sendable {
        case system
        case custom(now: @Sendable () -> Int64, sleep: @Sendable (Int64) async throws -> Void)
    }

    private let source: Source

    private init(source: Source) {
        self.source = source
    }

    /// Takes the time from `clock`, such as the `ManualClock` of `LarderTesting`.
    ///
    /// - Parameter clock: The clock to ask. Its time starts to count when this initialiser runs.
    public init<Base: Clock>(_ clock: Base) where Base.Duration == Duration {
        let start = clock.now
        self.source = .custom(
            now: { start.duration(to: clock.now).wholeNanoseconds },
            sleep: { try await clock.sleep(until: start.advanced(by: .nanoseconds($0)), tolerance: nil) }
        )
    }

    /// The time, exact to the clock's resolution.
    @inline(__always)
    package var now: CacheInstant {
        switch self.source {
        case .system: .init(nanoseconds: Self.read(CLOCK_MONOTONIC))
        case .custom(let now, _): .init(nanoseconds: now())
        }
    }

    /// The time as the kernel last noted it, some milliseconds ago at most.
    ///
    /// For what may as well happen a little later.
    package var coarseNow: CacheInstant {
        switch self.source {
        case .system: .init(nanoseconds: Self.read(Self.coarseClock))
        case .custom(let now, _): .init(nanoseconds: now())
        }
    }

    /// Whether `deadline` has passed, asked as cheaply as the answer allows.
    ///
    /// The kernel's coarse clock costs a sixth of the exact one and lags it by a few milliseconds at most. So a deadline
    /// that the coarse clock has passed is over, one that is farther away than the lag is not, and only between the two
    /// the exact clock has to be asked.
    @inline(__always)
    package func hasPassed(_ deadline: CacheInstant) -> Bool {
        switch self.source {
        case .system:
            let coarse = Self.read(Self.coarseClock)
            if coarse >= deadline.nanoseconds { return true }
            if coarse < deadline.nanoseconds &- Self.coarseLag { return false }
            return Self.read(CLOCK_MONOTONIC) >= deadline.nanoseconds
        case .custom(let now, _):
            return now() >= deadline.nanoseconds
        }
    }

    /// Milliseconds of a clock that all processes of this machine share, today's and those after a restart.
    ///
    /// For the system's clock that is the wall clock, which can be set. For any other it is that clock's own time,
    /// counted from some day in the past.
    package var sharedMilliseconds: Int64 {
        switch self.source {
        case .system: Self.read(CLOCK_REALTIME) / 1_000_000
        case .custom(let now, _): 1_000_000_000_000 + now() / 1_000_000
        }
    }

    /// Suspends until `deadline`.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    package func sleep(until deadline: CacheInstant) async throws {
        switch self.source {
        case .system:
            while case let now = self.now, now < deadline {
                // In pieces, since nobody knows what the system makes of a timer for hundreds of years.
                let piece = min(deadline.nanoseconds - now.nanoseconds, Self.longestSleep)
                try await ContinuousClock().sleep(for: .nanoseconds(piece))
            }
        case .custom(_, let sleep):
            try await sleep(deadline.nanoseconds)
        }
    }

    /// A day.
    private static var longestSleep: Int64 { 86_400_000_000_000 }

    #if canImport(Darwin)
    private static var coarseClock: clockid_t { CLOCK_MONOTONIC_RAW_APPROX }
    #else
    private static var coarseClock: clockid_t { CLOCK_MONOTONIC_COARSE }
    #endif

    /// More than a tick of any kernel: 10 ms at 100 Hz, doubled.
    private static var coarseLag: Int64 { 20_000_000 }

    @inline(__always)
    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

/// A moment on a `CacheClock`.
///
/// Moments of different clocks do not compare.
package struct CacheInstant: Comparable, Hashable, Sendable {
    /// A moment that never comes.
    package static let distantFuture = CacheInstant(nanoseconds: .max)

    package var nanoseconds: Int64

    @inline(__always)
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    @inline(__always)
    package static func < (left: CacheInstant, right: CacheInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The moment `duration` after this one; `distantFuture` where the sum leaves the clock's range.
    @inline(__always)
    package func advanced(by duration: Duration) -> CacheInstant {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return overflow ? .distantFuture : .init(nanoseconds: sum)
    }

    /// How long it is from this moment to `other`; negative when `other` is earlier.
    package func duration(to other: CacheInstant) -> Duration {
        .nanoseconds(other.nanoseconds &- self.nanoseconds)
    }
}

extension Duration {
    /// The duration in nanoseconds, pinned to the range of `Int64` (292 years).
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        if overflowed { return seconds < 0 ? .min : .max }
        return sum
    }
}
