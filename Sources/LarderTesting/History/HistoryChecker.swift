import Larder

/// Looks for broken promises in a history: a pure function of what was written down.
///
/// It knows nothing of stores, leases and flights. From the moments of calls and fills it concludes only what must have been
/// so: something that ended before something else began came before it; of two that overlap, either may have. A call that
/// threw may have taken effect at any time from its beginning on until it is known to be settled, or never. So what it reports is
/// broken, and what lies within the freedom of concurrent calls is not reported.
///
/// **Resurrection.** A call returned a value although an invalidation of the value's key (`remove`, `set`, an `add` that wrote, a pattern,
/// `clear`) or of one of its tags had returned, without an error, before the call began, and the value's fill had begun
/// before the invalidation began. If the fill began while the invalidation was under way, it may have begun after the
/// invalidation took effect. A tag that a fill took while it ran stands for data that it read afterwards: there the moment at
/// which the fill had the tag counts. A value that was made of values of inner fetches has their tags, from the moments at which they
/// were taken for those. For a value that `set` or `add` wrote, the end of that call counts: it may have been written at its end.
/// Of a write that threw, the moment counts at which it was settled; without one its value is never reported.
///
/// A call that joined a fill of its own process while that process could not reach the store is not held to what others
/// changed meanwhile.
///
/// **Stale value.** The same for `expire(tags:)`, but only of `get`: a fetch may return a stale value and refresh it. Late tags are left
/// out: that a store notices their expiry before it has the value is not among what every store promises.
///
/// **Second fill.** Two fills of a key, by one cache or (where the scope is the fleet) by any two, and nothing between the beginning of the
/// earlier of their calls and that of the second fill that may have ended the lease of either or the first one's entry. Either they overlap, and
/// neither was cancelled; or the call of the second began after a call had returned the value of the first, which was to be stored
/// and has not expired. An outage between the two excuses it.
///
/// **Expired value.** A value was stored before the first call that got it returned. A call that began later than its time to
/// live after that (and its grace, in fetches) returned it; or any later call, where it was not to be stored at all. Where the
/// commit fell into an outage, the value may have been stored as late as its end.
///
/// **Foreign value.** A value of another key, or of a fill or a write that is not in the history.
///
/// **Lost increment.** See `HistoryCounters`.
public struct HistoryChecker: Sendable {
    /// What histories are held to.
    public let rules: HistoryRules

    /// Makes a checker.
    ///
    /// - Parameter rules: What histories are held to.
    public init(_ rules: HistoryRules = HistoryRules()) {
        self.rules = rules
    }

    /// All broken promises of a history.
    ///
    /// - Parameter history: What happened.
    /// - Returns: The violations, the first to happen first.
    /// - Complexity: The calls times those of them that change something.
    public func violations(in history: History) -> [HistoryViolation] {
        let index = HistoryIndex(history)
        var found: [HistoryViolation] = []
        for reading in index.readings {
            guard let value = index.values[reading.value], value.key == reading.key else {
                found.append(self.foreign(reading, index))
                continue
            }
            if let violation = self.resurrection(reading, value, index) { found.append(violation) }
            if let violation = self.staleness(reading, value, index) { found.append(violation) }
            if let violation = self.expiry(reading, value, index) { found.append(violation) }
        }
        if self.rules.keepsEntries, self.rules.isAvailable { found += self.secondFills(index) }
        if self.rules.keepsEntries {
            let recovery = self.rules.recovery.wholeNanoseconds
            let counters = HistoryCounters(
                history,
                recovery: recovery,
                readsAreMonotonic: self.rules.readsAreMonotonic
            )
            found += counters.violations()
        }
        return found.sorted { $0.moment < $1.moment }
    }

    // MARK: What was returned

    private func foreign(_ reading: HistoryIndex.Reading, _ index: HistoryIndex) -> HistoryViolation {
        let message =
            index.values[reading.value] == nil
            ? "\(reading.key) was \(reading.value), which nobody has stored"
            : "\(reading.key) was \(reading.value), the value of another key"
        return Self.violation(.foreignValue, message, reading.call, index.values[reading.value]?.maker)
    }

    /// Whether a change had returned so long before a call began that the call has to know of it.
    private func mustKnow(_ call: HistoryCall, of change: HistoryCall) -> Bool {
        let delay = change.process == call.process ? 0 : self.rules.othersAreSeenAfter.wholeNanoseconds
        return change.latestEffect < call.begin - delay
    }

    private func resurrection(
        _ reading: HistoryIndex.Reading,
        _ value: HistoryIndex.Value,
        _ index: HistoryIndex
    ) -> HistoryViolation? {
        let earliest = min(value.moment ?? .max, value.tags.map(\.moment).min() ?? .max)
        for change in index.changes(begunAfter: earliest, endedBefore: reading.call.begin)
        where self.mustKnow(reading.call, of: change) && change.id != value.maker.id {
            if self.wasJoinedWithoutStore(value, by: reading.call, after: change, index) { continue }
            if change.kills(value.key), let moment = value.moment, moment < change.begin {
                return Self.violation(
                    .resurrection,
                    "\(value.name) was returned by a call that began after \(change.operation.rawValue) had returned",
                    value.maker,
                    change,
                    reading.call
                )
            }
            guard change.operation == .invalidate else { continue }
            if let tag = value.tags.first(where: { change.tags.contains($0.name) && $0.moment < change.begin }) {
                return Self.violation(
                    .resurrection,
                    "\(value.name) was returned by a call that began after its tag \(tag.name) had been invalidated",
                    value.maker,
                    change,
                    reading.call
                )
            }
        }
        return nil
    }

    /// Whether the call may have joined a fill of its own process while that could not reach the store, and so could not hear of
    /// another process's change: where promise 2 ends.
    private func wasJoinedWithoutStore(
        _ value: HistoryIndex.Value,
        by call: HistoryCall,
        after change: HistoryCall,
        _ index: HistoryIndex
    ) -> Bool {
        guard let fill = value.fill, value.maker.process == call.process, change.process != call.process,
            call.begin < fill.end ?? .max
        else { return false }
        return index.wasOut(
            from: call.begin,
            until: call.end ?? .max,
            recovery: self.rules.recovery.wholeNanoseconds
        )
    }

    private func staleness(
        _ reading: HistoryIndex.Reading,
        _ value: HistoryIndex.Value,
        _ index: HistoryIndex
    ) -> HistoryViolation? {
        guard reading.call.operation == .get else { return nil }
        let earliest = value.tags.map(\.moment).min() ?? .max
        for change in index.changes(begunAfter: earliest, endedBefore: reading.call.begin)
        where change.operation == .expire && self.mustKnow(reading.call, of: change) {
            let tag = value.tags.first { tag in
                !tag.isLate && change.tags.contains(tag.name) && tag.moment < change.begin
            }
            guard let tag else { continue }
            return Self.violation(
                .staleValue,
                "\(value.name) was returned by a get that began after its tag \(tag.name) had been expired",
                value.maker,
                change,
                reading.call
            )
        }
        return nil
    }

    private func expiry(
        _ reading: HistoryIndex.Reading,
        _ value: HistoryIndex.Value,
        _ index: HistoryIndex
    ) -> HistoryViolation? {
        guard let available = value.available, available < reading.call.begin else { return nil }
        if !value.isStored {
            let message = "\(value.name), which was not to be stored, was returned by a later call"
            return Self.violation(.expiredValue, message, value.maker, reading.call)
        }
        guard let ttl = value.maker.ttl, let available = index.latestStoring(of: value) else { return nil }
        let life = Int64(ttl + (reading.call.operation == .get ? 0 : value.maker.grace)) * 1_000_000
        let age = reading.call.begin - available
        guard age > life + self.rules.granularity.wholeNanoseconds else { return nil }
        let message = "\(value.name) was returned at least \(HistoryCall.time(age - life)) µs after its time"
        return Self.violation(.expiredValue, message, value.maker, reading.call)
    }

    // MARK: Fills

    private struct Filling {
        var value: HistoryIndex.Value
        var fill: HistoryFill
        var call: HistoryCall { self.value.maker }
    }

    private func secondFills(_ index: HistoryIndex) -> [HistoryViolation] {
        let fillings = index.values.values.compactMap { value in value.fill.map { Filling(value: value, fill: $0) } }
        var found: [HistoryViolation] = []
        for group in Dictionary(grouping: fillings, by: \.value.key).values {
            let fillings = group.sorted { $0.fill.begin < $1.fill.begin }
            for (place, second) in fillings.enumerated() {
                // What made the fill before this one necessary has also ended the values before that, so only the last
                // one can still be valid; but any of them may be under way.
                for (earlier, first) in fillings[..<place].enumerated().reversed() {
                    let isUnderWay = second.fill.begin < first.fill.end ?? .max
                    guard isUnderWay || earlier == place - 1, let message = self.fault(first, second, index) else {
                        continue
                    }
                    let violation = HistoryViolation(
                        rule: .secondFill,
                        history: second.call.history,
                        moment: second.fill.begin,
                        message: message,
                        calls: Self.ordered([first.call, second.call])
                    )
                    found.append(violation)
                    break
                }
            }
        }
        return found
    }

    private func fault(_ first: Filling, _ second: Filling, _ index: HistoryIndex) -> String? {
        let begin = second.fill.begin
        let isOwn = first.call.process == second.call.process
        guard isOwn || self.rules.scope == .fleet else { return nil }
        let message: String
        if begin < first.fill.end ?? .max {
            // Whose end is not known, or who was cancelled, had lost its lease perhaps; the second even before it began.
            guard let outcome = first.fill.outcome, outcome != .cancelled, second.fill.outcome != .cancelled else {
                return nil
            }
            // One of several keys may have lost all who waited for it, while the fill went on for the others.
            if first.fill.values.count > 1, first.call.error != nil { return nil }
            if let lapse = self.rules.leaseMayLapseAfter, begin - first.call.begin > lapse.wholeNanoseconds {
                return nil
            }
            message = "\(second.value.name) was filled while the fill of \(first.value.name) was under way"
        } else {
            // Where fills are not shared, one of two that ran side by side has not stored its value.
            guard self.rules.scope == .fleet, first.fill.outcome == .finished, first.value.isStored,
                !second.call.refreshes, let available = first.value.available, available < second.call.begin,
                let end = first.fill.end
            else { return nil }
            // Whose lease had run out before the value came has not stored it.
            if let lapse = self.rules.leaseMayLapseAfter, available - first.call.begin > lapse.wholeNanoseconds {
                return nil
            }
            if let ttl = first.call.ttl {
                let life = Int64(ttl) * 1_000_000 - self.rules.granularity.wholeNanoseconds
                guard begin - end < life else { return nil }
            }
            message = "\(second.value.name) was filled although \(first.value.name) had been returned and was valid"
        }
        // The second may have got its lease before the first one's call began, and have lost it, by its own tags too, before
        // the first got its lease.
        let start = min(first.value.origin, second.call.begin)
        let recovery = self.rules.recovery.wholeNanoseconds
        let isExcused =
            index.wasOut(from: start, until: begin, recovery: recovery)
            || index.mayHaveMetSuccessor(from: start, until: begin, recovery: recovery)
            || index.mayHaveTouched(first.value, from: start, until: begin)
            || index.mayHaveTouched(second.value, from: second.call.begin, until: begin)
        return isExcused ? nil : message
    }

    // MARK: Reports

    private static func ordered(_ calls: [HistoryCall]) -> [HistoryCall] {
        var seen = Set<Int>()
        return calls.filter { seen.insert($0.id).inserted }.sorted { $0.begin < $1.begin }
    }

    static func violation(
        _ rule: HistoryViolation.Rule,
        _ message: String,
        _ calls: HistoryCall?...
    ) -> HistoryViolation {
        let calls = calls.compactMap { $0 }
        return HistoryViolation(
            rule: rule,
            history: calls.first?.history ?? 0,
            moment: calls.compactMap(\.end).max() ?? 0,
            message: message,
            calls: Self.ordered(calls)
        )
    }
}
