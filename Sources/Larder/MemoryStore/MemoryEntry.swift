/// An entry as the memory store keeps it: small, since every hit copies it.
struct MemoryEntry: Sendable {
    var value: EntryValue
    /// The namespace's generation when it was written.
    var generation: UInt64
    /// When it stops being fresh; never, for ever.
    ///
    /// Its grace ends with its deadline in the cache.
    private(set) var freshUntil: CacheInstant
    private var freshMilliseconds: UInt64
    private var graceMilliseconds: UInt64
    /// 0 where it is not known.
    private var fillNanoseconds: Int64

    init(_ write: EntryWrite, value: EntryValue? = nil, generation: UInt64, now: CacheInstant) {
        self.value = value ?? write.value
        self.generation = generation
        self.fillNanoseconds = write.fillCost.map { max(1, $0.wholeNanoseconds) } ?? 0
        self.freshUntil = .distantFuture
        self.freshMilliseconds = 0
        self.graceMilliseconds = 0
        self.live(write.lifetime, from: now)
    }

    /// Gives the entry another lifetime.
    mutating func live(_ lifetime: EntryLifetime, from now: CacheInstant) {
        self.freshUntil = lifetime.freshFor.map(now.advanced) ?? .distantFuture
        self.freshMilliseconds = lifetime.freshMilliseconds
        self.graceMilliseconds = lifetime.graceMilliseconds
    }

    /// When nothing is left of it.
    var deadline: CacheInstant {
        self.freshMilliseconds == 0
            ? .distantFuture : self.freshUntil.advanced(by: .milliseconds(self.graceMilliseconds))
    }

    /// Whether it is of use for a time after it has ceased to be fresh.
    @inline(__always)
    var hasGrace: Bool { self.graceMilliseconds > 0 }

    /// Whether it is past its time to live.
    ///
    /// Only an entry with a grace can be and still be there.
    func isStale(_ clock: CacheClock) -> Bool {
        self.hasGrace && clock.hasPassed(self.freshUntil)
    }

    /// The entry as readers get it.
    ///
    /// - Parameters:
    ///   - clock: The store's clock.
    ///   - wantsTimes: Whether to ask it for the time left.
    /// - Returns: The entry.
    func stored(_ clock: CacheClock, wantsTimes: Bool) -> StoredEntry {
        let isForever = self.freshMilliseconds == 0
        var left: TimeLeft?
        if wantsTimes || self.hasGrace {
            left = isForever ? .forever : .remaining(clock.now.duration(to: self.freshUntil))
        }
        return StoredEntry(
            value: self.value,
            timeLeft: left,
            freshFor: isForever ? nil : .milliseconds(self.freshMilliseconds),
            fillCost: self.fillNanoseconds == 0 ? nil : .nanoseconds(self.fillNanoseconds)
        )
    }
}
