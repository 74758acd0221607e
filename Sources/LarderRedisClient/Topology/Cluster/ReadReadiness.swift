import Synchronization

/// How a server does as one of several that could answer a read.
final class ReadReadiness: Sendable {
    /// How long a server is left alone that could not answer, in nanoseconds.
    private static let rest: Int64 = 1_000_000_000

    /// Until when it is left alone, in nanoseconds of the monotonic clock.
    private let restsUntil = Atomic<Int64>(.min)
    /// The smoothed round trip in nanoseconds; 0 if none was measured.
    private let smoothed = Atomic<Int64>(0)

    /// Whether it may be asked.
    func isReady(at now: MonotonicTime) -> Bool { self.restsUntil.load(ordering: .relaxed) <= now.nanoseconds }

    /// It could not answer.
    func failed(at now: MonotonicTime) {
        self.restsUntil.store(now.advanced(by: Self.rest).nanoseconds, ordering: .relaxed)
    }

    /// Notes how long an answer took.
    ///
    /// A round trip counts for an eighth, as in TCP (RFC 6298). Two that end at once may overwrite each other: it is an
    /// estimate.
    func answered(after nanoseconds: Int64) {
        let old = self.smoothed.load(ordering: .relaxed)
        self.smoothed.store(old == 0 ? nanoseconds : old + (nanoseconds - old) / 8, ordering: .relaxed)
    }

    /// The smoothed round trip in nanoseconds; 0 if none was measured, so that it is asked soon.
    var roundTrip: Int64 { self.smoothed.load(ordering: .relaxed) }
}
