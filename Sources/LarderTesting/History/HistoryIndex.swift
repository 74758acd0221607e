import Larder

/// A history as the checker looks at it: who made each value, and which calls may have made values invalid.
struct HistoryIndex {
    /// A tag of a value, and the latest moment at which the store may have been asked for it.
    struct Tag {
        var name: String
        var moment: Int64
        /// Whether it became known only with the value.
        var isLate: Bool
    }

    /// A value, and what made it.
    struct Value {
        var name: String
        var key: String
        var maker: HistoryCall
        var fill: HistoryFill?
        /// An invalidation of the key that began after this moment has to take the value with it; `nil` where nobody knows.
        ///
        /// For a fill, its beginning: its lease was granted before. For a write, its end: it took effect before. A write that threw
        /// may take effect at any time until it is settled.
        var moment: Int64?
        /// Its tags, those of the values that it was made of included.
        var tags: [Tag]
        /// When the first of the calls began that it comes from.
        var origin: Int64
        /// The first moment at which it was surely stored, if it ever was: a call had returned it.
        var available: Int64?

        /// Whether the value was to be stored at all.
        var isStored: Bool { (self.fill?.isStored ?? true) && (self.maker.ttl ?? 1) > 0 }
    }

    /// A call that returned a value.
    struct Reading {
        var call: HistoryCall
        var key: String
        var value: String
    }

    private(set) var values: [String: Value] = [:]
    private(set) var readings: [Reading] = []
    /// Calls that wrote, removed, invalidated or expired, successful or not.
    private(set) var changes: [HistoryCall] = []
    /// The last moments at which they may take effect, beside them: most questions are about moments, and calls are large.
    private let latestEffects: [Int64]
    private let outages: [HistoryOutage]
    /// From when on another server may have been primary, and until when all had met it.
    private let successions: [(begin: Int64, end: Int64)]

    init(_ history: History) {
        let calls = history.calls
        self.outages = history.outages
        self.successions = history.incidents.compactMap { incident in
            incident.succession.map { ($0, incident.acquaintance ?? incident.end) }
        }
        let changes = calls.filter(\.changesValues).sorted { $0.begin < $1.begin }
        self.changes = changes
        self.latestEffects = changes.map(\.latestEffect)
        for call in calls where call.operation == .get || call.operation == .fetch || call.operation == .fetchMany {
            guard call.hasSucceeded else { continue }
            for (key, value) in zip(call.keys, call.values) {
                if let value { self.readings.append(Reading(call: call, key: key, value: value)) }
            }
        }
        for call in calls {
            if let name = call.written { self.values[name] = Self.written(name, by: call) }
        }
        // By their ends: what a fill is made of has been made before.
        let fills = calls.flatMap { call in call.fills.map { (call, $0) } }
        for (call, fill) in fills.sorted(by: { ($0.1.end ?? .max) < ($1.1.end ?? .max) }) {
            for name in fill.values { self.values[name] = self.filled(name, by: call, fill) }
        }
        for reading in self.readings {
            guard let end = reading.call.end, let value = self.values[reading.value] else { continue }
            self.values[reading.value]?.available = min(value.available ?? .max, end)
        }
    }

    private static func written(_ name: String, by call: HistoryCall) -> Value? {
        // An `add` that did not write has made nothing.
        if call.hasSucceeded, call.hasWritten == false { return nil }
        let moment = call.latestEffect == .max ? nil : call.latestEffect
        return Value(
            name: name,
            key: call.keys.first ?? "",
            maker: call,
            moment: moment,
            tags: call.tags.map { Tag(name: $0, moment: moment ?? .max, isLate: false) },
            origin: call.begin,
            // One that threw may never have been stored.
            available: call.hasSucceeded ? moment : nil
        )
    }

    private func filled(_ name: String, by call: HistoryCall, _ fill: HistoryFill) -> Value {
        var tags = call.tags.map { Tag(name: $0, moment: fill.begin, isLate: false) }
        tags += fill.dependencies.map { Tag(name: $0.tag, moment: $0.end, isLate: false) }
        tags += fill.lateTags.map { Tag(name: $0, moment: fill.begin, isLate: true) }
        var origin = call.begin
        for part in fill.parts {
            guard let part = self.values[part] else { continue }
            tags += part.tags
            origin = min(origin, part.origin)
        }
        return Value(
            name: name,
            key: String(name.prefix { $0 != "#" }),
            maker: call,
            fill: fill,
            moment: fill.begin,
            tags: tags,
            origin: origin
        )
    }

    /// Whether there was an outage, or the time after one in which caches may not know yet that it is over, between two
    /// moments.
    func wasOut(from start: Int64, until moment: Int64, recovery: Int64) -> Bool {
        self.outages.contains { outage in
            outage.begin <= moment && (outage.end.map { $0 + recovery } ?? .max) >= start
        }
    }

    /// Whether a client may have met another primary than before between two moments.
    ///
    /// It stores nothing under leases from before then, though no call has failed. Under later ones it does, so the time for
    /// which that is an excuse ends when the last client has met the new primary, and not when the deployment is whole again.
    func mayHaveMetSuccessor(from start: Int64, until moment: Int64, recovery: Int64) -> Bool {
        self.successions.contains { $0.begin <= moment && $0.end + recovery >= start }
    }

    /// The last moment at which the value may have been stored that was there for a call to return; `nil` where nobody
    /// knows.
    ///
    /// Who has waited for a fill gets its value also where the store does not answer the commit, which may be carried out
    /// later.
    func latestStoring(of value: Value) -> Int64? {
        guard let available = value.available else { return nil }
        guard let fill = value.fill else { return available }
        var latest = available
        for outage in self.outages where outage.begin <= available && outage.end ?? .max >= fill.begin {
            guard let end = outage.end else { return nil }
            latest = max(latest, end)
        }
        return latest
    }

    /// The changes that began after a moment and had returned, without an error, before another.
    func changes(begunAfter start: Int64, endedBefore end: Int64) -> [HistoryCall] {
        let first = self.firstChange { $0.begin > start }
        let last = max(first, self.firstChange { $0.begin >= end })
        return (first..<last).filter { self.latestEffects[$0] < end && self.changes[$0].hasSucceeded }
            .map { self.changes[$0] }
    }

    /// The place of the first change that has a property which all later ones have, too.
    private func firstChange(where isThere: (HistoryCall) -> Bool) -> Int {
        var low = 0
        var high = self.changes.count
        while low < high {
            let middle = (low + high) / 2
            if isThere(self.changes[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Whether a call may have made a value invalid or stale, or ended a lease on its key, between two moments.
    func mayHaveTouched(_ value: Value, from start: Int64, until moment: Int64) -> Bool {
        (0..<self.firstChange { $0.begin > moment }).contains { place in
            guard self.latestEffects[place] >= start else { return false }
            let change = self.changes[place]
            guard change.id != value.maker.id else { return false }
            switch change.operation {
            case .invalidate, .expire:
                // Whether a late tag was touched is told by a number that all tags of the namespace share.
                return value.tags.contains { $0.isLate || change.tags.contains($0.name) }
            case .removeMatching, .clear:
                // These void the leases of all keys.
                return true
            default:
                return change.keys.contains(value.key)
            }
        }
    }
}

extension HistoryCall {
    /// Whether it makes values of keys or tags invalid or stale, if it takes effect.
    var changesValues: Bool {
        switch self.operation {
        case .get, .fetch, .fetchMany, .increment: false
        case .add: self.hasWritten != false
        case .set, .remove, .removeMatching, .invalidate, .expire, .clear: true
        }
    }

    /// The last moment at which it may take effect: its end; where it threw, any time until it is settled.
    var latestEffect: Int64 { self.hasSucceeded ? self.end ?? .max : self.settled ?? .max }

    /// Whether it makes an entry of the key dead by the key itself, whatever its tags.
    func kills(_ key: String) -> Bool {
        switch self.operation {
        case .set, .add, .remove: self.changesValues && self.keys.contains(key)
        case .removeMatching: self.pattern.map { GlobPattern($0).matches(key) } ?? false
        case .clear: true
        case .get, .fetch, .fetchMany, .increment, .invalidate, .expire: false
        }
    }
}
