/// An entry as the memory store keeps it.
struct MemoryEntry: Sendable {
    var value: EntryValue
    /// The namespace's generation when it was written.
    var generation: UInt64
    /// When it stops being fresh; never, for ever.
    ///
    /// Its grace ends with its deadline in the cache.
    var freshUntil: CacheInstant
    var lifetime: EntryLifetime
    var fillCost: Duration?

    init(_ write: EntryWrite, value: EntryValue? = nil, generation: UInt64, now: CacheInstant) {
        self.value = value ?? write.value
        self.generation = generation
        self.lifetime = write.lifetime
        self.fillCost = write.fillCost
        self.freshUntil = write.lifetime.freshFor.map(now.advanced) ?? .distantFuture
    }

    /// When nothing is left of it.
    var deadline: CacheInstant {
        self.lifetime.freshFor == nil ? .distantFuture : self.freshUntil.advanced(by: self.lifetime.grace)
    }

    /// Whether it is past its time to live.
    ///
    /// Only an entry with a grace can be and still be there.
    func isStale(_ clock: CacheClock) -> Bool {
        self.lifetime.grace > .zero && clock.hasPassed(self.freshUntil)
    }

    /// The entry as readers get it.
    ///
    /// - Parameters:
    ///   - clock: The store's clock.
    ///   - wantsTimes: Whether to ask it for the time left.
    /// - Returns: The entry.
    @inline(__always)
    func stored(_ clock: CacheClock, wantsTimes: Bool) -> StoredEntry {
        var left: TimeLeft?
        if wantsTimes || self.lifetime.grace > .zero {
            left =
                self.lifetime.freshFor == nil
                ? .forever : .remaining(clock.now.duration(to: self.freshUntil))
        }
        return StoredEntry(
            value: self.value,
            timeLeft: left,
            freshFor: self.lifetime.freshFor,
            fillCost: self.fillCost
        )
    }
}
