/// One step in a store on this machine's disk: what is done in it nobody else sees half of, and nobody else changes anything
/// meanwhile.
///
/// A store says how it keeps four kinds of records; what the verbs of ``NamespaceStore`` do with them is written once, in the
/// extensions of this protocol, for all such stores.
///
/// A step is about one namespace and belongs to one thread. One that can only read may see records as they were at several
/// moments since it began: entries are read before what they are judged by, which makes that harmless (see `docs/protocol.md`,
/// "A plain read is torn").
///
/// What throws a ``CacheError`` of another code than ``CacheError/Code/unavailable`` in the middle of a verb has written
/// nothing that has to be taken back.
package protocol StoreStep: AnyObject {
    /// The time, in milliseconds of the store's clock; the same for all of the step.
    var now: Int64 { get }

    /// The keys whose leases the step has ended, for those who listen.
    var endedLeases: [StoreKey] { get set }

    /// Whether leases of the whole namespace have become void.
    var voidsLeases: Bool { get set }

    /// What is kept of the namespace; `nil` before anything was written.
    func stamp() throws -> KeptStamp?

    /// Keeps something else of the namespace.
    ///
    /// - Throws: ``StepNeedsWriting`` in a step that can only read, as do all that write.
    func put(_ stamp: KeptStamp) throws

    /// The record of a tag, whether it is over or not.
    func tag(_ name: String) throws -> KeptTag?

    /// Writes the record of a tag.
    func put(_ tag: KeptTag, for name: String) throws

    /// An entry, whether it is over or not; `nil` where there is none or nobody can read it.
    func entry(_ key: StoreKey) throws -> KeptEntry?

    /// Whether there is anything in the place of an entry.
    func hasEntry(_ key: StoreKey) throws -> Bool

    /// Writes an entry.
    func put(_ entry: KeptEntry, for key: StoreKey) throws

    /// Removes an entry.
    ///
    /// - Returns: Whether there was one.
    @discardableResult
    func removeEntry(_ key: StoreKey) throws -> Bool

    /// A lease, whether it is over or not.
    func lease(_ key: StoreKey) throws -> KeptLease?

    /// Writes a lease.
    func put(_ lease: KeptLease, for key: StoreKey) throws

    /// Removes a lease.
    ///
    /// - Returns: Whether there was one.
    func removeLease(_ key: StoreKey) throws -> Bool

    /// Keys of the namespace, some of them at a time.
    ///
    /// - Parameter position: Where the last call has ended; `nil` for the beginning.
    /// - Returns: Keys, and where to go on; `nil` at the end.
    /// - Throws: What reading throws.
    func keys(after position: Int64?) throws -> (keys: [StoreKey], next: Int64?)

    /// Notes that an entry should be tended to in some later step: it is dead, or its end has to be put off.
    func noteForTending(_ key: StoreKey)
}

/// A step that can only read has found out that something has to be written; the same is done again in one that can.
package struct StepNeedsWriting: Error {
    /// Says that something has to be written.
    package init() {}
}

// MARK: Judging

/// What an entry is good for.
enum KeptEntryState: Equatable {
    case absent
    case deadByNamespace
    case deadByTag(String)
    case stale
    case staleByTag(String)
    case fresh

    var isAlive: Bool {
        switch self {
        case .absent, .deadByNamespace, .deadByTag: false
        case .stale, .staleByTag, .fresh: true
        }
    }

    var isDead: Bool { self != .absent && !self.isAlive }

    var isExpiredByTag: Bool {
        if case .staleByTag = self { true } else { false }
    }
}

extension StoreStep {
    /// What an entry is good for, as every verb has to see it.
    func state(of entry: KeptEntry?) throws -> KeptEntryState {
        guard let entry else { return .absent }
        return try self.state(of: entry.header, end: entry.end)
    }

    private func state(of header: EntryHeader, end: Int64) throws -> KeptEntryState {
        if header.isOver(end: end, at: self.now) { return .absent }
        guard let stamp = try self.stamp(), stamp.stamp.generation == header.generation else {
            return .deadByNamespace
        }
        var expired: String?
        for mark in header.marks {
            guard let tag = try self.standingTag(mark.name), tag.generation == mark.generation else {
                return .deadByTag(mark.name)
            }
            if tag.freshness != mark.freshness { expired = expired ?? mark.name }
        }
        if header.isInGrace(end: end, at: self.now) { return .stale }
        return expired.map { .staleByTag($0) } ?? .fresh
    }

    /// Whether nobody will ever be served with the entry again.
    package func isOfNoUse(_ header: EntryHeader, end: Int64) throws -> Bool {
        try !self.state(of: header, end: end).isAlive
    }

    /// Whether an entry is what `get` returns.
    func isFresh(_ key: StoreKey) throws -> Bool {
        try self.state(of: self.entry(key)) == .fresh
    }

    /// The record of a tag that is not over.
    func standingTag(_ name: String) throws -> KeptTag? {
        guard let tag = try self.tag(name), tag.end > self.now else { return nil }
        return tag
    }

    /// A lease that stands: not over, and under the stamp and the generations of its tags as they are.
    func standingLease(_ key: StoreKey) throws -> KeptLease? {
        guard let lease = try self.lease(key), !lease.isOver(at: self.now), try self.stamp()?.stamp == lease.stamp
        else {
            return nil
        }
        for mark in lease.marks {
            guard try self.standingTag(mark.name)?.generation == mark.generation else { return nil }
        }
        return lease
    }

    // MARK: Writing what is judged by

    /// The namespace's state; one that has none gets it.
    func currentStamp() throws -> KeptStamp {
        if let stamp = try self.stamp() { return stamp }
        let stamp = KeptStamp(stamp: .random(), serial: 0)
        try self.put(stamp)
        return stamp
    }

    /// Ends whatever lease there is.
    func endLease(_ key: StoreKey) throws {
        if try self.removeLease(key) { self.endedLeases.append(key) }
    }

    /// Tags as they are; those without a record get one.
    ///
    /// All are kept for as long as what is bound to them.
    ///
    /// - Parameters:
    ///   - names: The tags.
    ///   - milliseconds: How long they have to be kept.
    /// - Returns: A mark for each, in order.
    /// - Throws: What writing throws.
    func take(_ names: [String], for milliseconds: Int64) throws -> [TagMark] {
        try names.map { name in
            let tag = try self.taken(name, for: milliseconds)
            return TagMark(name: name, generation: tag.generation, freshness: tag.freshness)
        }
    }

    func taken(_ name: String, for milliseconds: Int64) throws -> KeptTag {
        if let tag = try self.standingTag(name) {
            try self.keep(name, tag, for: milliseconds)
            return tag
        }
        let numbers = NamespaceStamp.random()
        let tag = KeptTag(
            generation: numbers.generation,
            freshness: numbers.epoch,
            serial: try self.currentStamp().serial,
            end: self.end(after: 2 * Self.span(milliseconds))
        )
        try self.put(tag, for: name)
        return tag
    }

    /// Sees to it that a tag's record outlives what is bound to it.
    ///
    /// It never shortens a time, and where it moves an end, it moves it twice as far as it has to, so that not every entry
    /// under a tag writes that tag's record.
    func keep(_ name: String, _ tag: KeptTag, for milliseconds: Int64) throws {
        let span = Self.span(milliseconds)
        if tag.end >= self.end(after: span) { return }
        var kept = tag
        kept.end = self.end(after: 2 * span)
        try self.put(kept, for: name)
    }

    /// How long a tag's record is kept for what needs it so long: a minute more, and never less than ten.
    private static func span(_ milliseconds: Int64) -> Int64 {
        // Half of the range, so that it can be doubled.
        min(max(milliseconds, 540_000), .max / 2 - 60_000) + 60_000
    }

    /// The moment so many milliseconds from now.
    func end(after milliseconds: Int64) -> Int64 {
        let (sum, overflow) = self.now.addingReportingOverflow(milliseconds)
        return overflow ? .max : sum
    }
}
