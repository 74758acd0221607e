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
    /// What it is bound to beside the namespace; `nil` where it has no tags.
    let tags: EntryTags?

    init(_ write: EntryWrite, value: EntryValue? = nil, generation: UInt64, tags: EntryTags?, now: CacheInstant) {
        self.value = value ?? write.value
        self.tags = tags
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

    /// Whether it is of no use to anybody: the namespace has another generation by now, or one of its tags has.
    func isDead(_ generation: UInt64) -> Bool {
        if self.generation != generation { return true }
        return self.tags?.isDead ?? false
    }

    /// Whether it is past its time to live.
    ///
    /// Only an entry with a grace can be and still be there.
    func isOver(_ clock: CacheClock) -> Bool {
        self.hasGrace && clock.hasPassed(self.freshUntil)
    }

    /// Whether it is what `get` returns: neither dead, nor past its time to live, nor expired by a tag.
    func isFresh(_ generation: UInt64, _ clock: CacheClock) -> Bool {
        guard self.generation == generation, !self.isOver(clock) else { return false }
        return self.tags?.isFresh ?? true
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
        var stored = StoredEntry(
            value: self.value,
            timeLeft: left,
            freshFor: isForever ? nil : .milliseconds(self.freshMilliseconds),
            fillCost: self.fillCost
        )
        stored.grace = .milliseconds(self.graceMilliseconds)
        if let tags = self.tags {
            stored.marks = tags.marks
            stored.isExpiredByTag = tags.isExpired
        }
        return stored
    }

    private var fillCost: Duration? { self.fillNanoseconds == 0 ? nil : .nanoseconds(self.fillNanoseconds) }

    /// What is known of the entry.
    ///
    /// - Parameters:
    ///   - tier: The store's kind.
    ///   - generation: The namespace's generation.
    ///   - clock: The store's clock.
    ///   - holder: Who is filling the key.
    /// - Returns: The report.
    func report(
        _ tier: String,
        _ generation: UInt64,
        _ clock: CacheClock,
        holder: EntryReport.Holder?
    ) -> EntryReport {
        var report = EntryReport(tier: tier, state: self.state(generation, clock), holder: holder)
        let stored = self.stored(clock, wantsTimes: true)
        report.timeLeft = stored.timeLeft
        if let freshFor = stored.freshFor, let left = stored.timeLeft?.duration { report.age = freshFor - left }
        report.grace = stored.grace
        report.fillCost = stored.fillCost
        report.tags = stored.marks.map(\.name)
        if case .encoded(let encoded) = self.value {
            report.size = encoded.bytes.count
            report.codec = encoded.codec
        }
        return report
    }

    private func state(_ generation: UInt64, _ clock: CacheClock) -> EntryReport.State {
        if self.generation != generation { return .deadByNamespace }
        if let tag = self.tags?.deadTag { return .deadByTag(tag) }
        if self.isOver(clock) { return .stale }
        if let tag = self.tags?.expiredTag { return .staleByTag(tag) }
        return .fresh
    }
}
