/// What a store on this machine's disk keeps of a namespace as a whole.
package struct KeptStamp: Sendable, Hashable {
    /// Generation and fill epoch.
    package var stamp: NamespaceStamp
    /// How many times tags of the namespace have been invalidated or expired.
    package var serial: UInt64

    /// Describes the state of a namespace.
    package init(stamp: NamespaceStamp, serial: UInt64) {
        self.stamp = stamp
        self.serial = serial
    }
}

/// What such a store keeps of a tag.
package struct KeptTag: Sendable, Hashable {
    /// Entries under another generation are dead.
    package var generation: UInt64
    /// Entries under another one are stale.
    package var freshness: UInt64
    /// The namespace's serial when the tag was last invalidated or expired, or when this record was made.
    package var serial: UInt64
    /// When nothing is left of the record, in milliseconds of the store's clock.
    package var end: Int64

    /// Describes a tag.
    package init(generation: UInt64, freshness: UInt64, serial: UInt64, end: Int64) {
        self.generation = generation
        self.freshness = freshness
        self.serial = serial
        self.end = end
    }
}

/// What such a store keeps of a lease.
package struct KeptLease: Sendable, Hashable {
    /// The token under which it stands.
    package var token: LeaseToken
    /// The namespace's generation and epoch when it was granted.
    package var stamp: NamespaceStamp
    /// The namespace's serial when it was granted.
    package var serial: UInt64
    /// The tags that were named with it.
    package var marks: [TagMark]
    /// When it runs out, in milliseconds of the store's clock.
    package var end: Int64
    /// How many milliseconds it stands without a sign of life.
    package var duration: Int64

    /// Describes a lease.
    package init(
        token: LeaseToken,
        stamp: NamespaceStamp,
        serial: UInt64,
        marks: [TagMark],
        end: Int64,
        duration: Int64
    ) {
        self.token = token
        self.stamp = stamp
        self.serial = serial
        self.marks = marks
        self.end = end
        self.duration = duration
    }

    /// Whether it has run out.
    ///
    /// Where the clock was set back, one that has more time left than it was ever given is over as well: else the lease of a
    /// process that is gone would stand for as long as the clock was set back.
    func isOver(at now: Int64) -> Bool {
        now >= self.end || self.end - now > self.duration + KeptEntry.clockTolerance
    }
}

/// What such a store keeps of an entry.
package struct KeptEntry: Sendable, Hashable {
    /// What stands before the value.
    package var header: EntryHeader
    /// The value's bytes.
    package var value: [UInt8]
    /// When nothing is left of it, in milliseconds of the store's clock: after its time to live and its grace.
    package var end: Int64

    /// How long an entry for ever is kept that nobody reads, in milliseconds; whoever reads it puts its end off.
    ///
    /// So what `clear` has killed goes, and what tags have.
    package static let endless: Int64 = 90 * 86_400_000
    /// How much less than that may be left before a reader has the end put off.
    package static let renewalInterval: Int64 = 86_400_000
    /// By how many milliseconds the clock may go back without anything being taken for older than it is.
    static let clockTolerance: Int64 = 1_000

    /// Describes an entry.
    package init(header: EntryHeader, value: [UInt8], end: Int64) {
        self.header = header
        self.value = value
        self.end = end
    }
}

extension EntryHeader {
    /// How many milliseconds an entry is kept, its grace included.
    package var keptMilliseconds: Int64 {
        guard self.lifetime.freshFor != nil else { return KeptEntry.endless }
        let (sum, overflow) = self.lifetime.freshMilliseconds.addingReportingOverflow(self.lifetime.graceMilliseconds)
        return overflow ? .max : Int64(clamping: sum)
    }

    /// Whether nothing is left of the entry.
    ///
    /// Where it has more time left than it was ever given, the clock was set back after it was written, and nobody knows how
    /// old it is: over as well.
    package func isOver(end: Int64, at now: Int64) -> Bool {
        if now >= end { return true }
        guard self.lifetime.freshFor != nil else { return false }
        let (left, overflow) = end.subtractingReportingOverflow(now)
        return overflow || left - KeptEntry.clockTolerance > self.keptMilliseconds
    }

    /// Whether the entry is past its time to live, and in its grace.
    package func isInGrace(end: Int64, at now: Int64) -> Bool {
        let grace = self.lifetime.graceMilliseconds
        return grace > 0 && end - Int64(clamping: grace) <= now
    }

    /// How long the entry stays fresh; zero or less in its grace.
    package func timeLeft(end: Int64, at now: Int64) -> TimeLeft {
        guard let freshFor = self.lifetime.freshFor else { return .forever }
        // Never more than it began with: the clock may have been set back a little.
        return .remaining(min(.milliseconds(end - now) - self.lifetime.grace, freshFor))
    }

    /// Whether the end of an entry for ever has to be put off.
    package func wantsRenewal(end: Int64, at now: Int64) -> Bool {
        self.lifetime.freshFor == nil && end - now < KeptEntry.endless - KeptEntry.renewalInterval
    }
}

extension KeptEntry {
    /// The entry as readers get it.
    ///
    /// - Parameters:
    ///   - now: The store's time, in milliseconds.
    ///   - isExpiredByTag: Whether one of its tags was expired.
    /// - Returns: The entry; `nil` where its bytes are not what its header says.
    func stored(at now: Int64, isExpiredByTag: Bool) -> StoredEntry? {
        guard let value = self.value.withUnsafeBytes({ self.header.value($0) }) else { return nil }
        var entry = StoredEntry(
            value: value,
            timeLeft: self.header.timeLeft(end: self.end, at: now),
            freshFor: self.header.lifetime.freshFor,
            fillCost: self.header.fillCost
        )
        entry.grace = self.header.lifetime.grace
        entry.marks = self.header.marks
        entry.isExpiredByTag = isExpiredByTag
        return entry
    }
}
