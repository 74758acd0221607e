// What code that is compiled into other modules asks of the clock: plain numbers, no inlining.
extension CacheClock {
    @usableFromInline
    package var nanoseconds: Int64 {
        self.now.nanoseconds
    }

    /// The time, or up to some milliseconds less, for a sixth of the price.
    @usableFromInline
    package var coarseNanoseconds: Int64 {
        self.coarseNow.nanoseconds
    }

    @usableFromInline
    package func nanoseconds(after duration: Duration) -> Int64 {
        self.now.advanced(by: duration).nanoseconds
    }

    @usableFromInline
    package func hasPassed(nanoseconds: Int64) -> Bool {
        self.hasPassed(CacheInstant(nanoseconds: nanoseconds))
    }
}
