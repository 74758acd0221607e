/// Where the keys of each slot can be, and when that last changed: what tells a scan which servers it has to go to again.
///
/// A plain value. The keys of a slot are at its owner; while the slot is on its way, some are at its owner and some at the
/// server that is to get it, and each goes from the former to the latter, never back. So a scan of the owner and after it one of
/// the other find every key of the slot, if the slot has stood like that from the beginning of the one to the end of the other: a
/// key that was not at the owner for the whole of the first scan had left before its end, and was at the other for the whole
/// of the second.
///
/// That nothing changed is known from surveys, in which every primary says what it has: one before the two scans and one after.
/// A slot that went elsewhere and came back in between is known by its owner's epoch, which has grown; if it can have been one
/// of several, all of the owner's slots count as changed.
struct SlotPlaces: Sendable {
    /// Nobody, in place of a member's number.
    private static let nobody = UInt16.max

    private struct Place: Equatable {
        var owner = SlotPlaces.nobody
        /// Who is to get the slot.
        var target = SlotPlaces.nobody
    }

    /// Each slot's; none before the first survey.
    private var places: [Place] = []
    /// The number of each slot's last change.
    private var changes: [UInt64] = []
    private var epochs: [UInt16: UInt64] = [:]
    /// The number of the last survey that was taken in.
    private var survey: UInt64 = 0

    /// How many changes there have been.
    private(set) var number: UInt64 = 0

    /// Takes in what all primaries have said.
    ///
    /// - Parameters:
    ///   - views: What each member has said that was asked.
    ///   - survey: The number that the survey was given before anybody was asked. What one that began earlier brings is older
    ///     than what is known, and nobody needs it.
    ///   - member: The member of an id.
    mutating func take(_ views: [UInt16: ClusterNodesView], survey: UInt64, member: (String) -> UInt16?) {
        guard survey > self.survey else { return }
        self.survey = survey
        var places = Array(repeating: Place(), count: KeySlot.count)
        var epochs: [UInt16: UInt64] = [:]
        var claimed = SlotSet()
        for (index, view) in views {
            // Who has a slot by somebody else's account, and says himself that he has not, has got or lost it just now.
            for primary in view.primaries { for range in primary.slots { for slot in range { claimed.insert(slot) } } }
            guard let myself = view.myself else { continue }
            epochs[index] = myself.epoch
            for slot in myself.slots.joined() {
                // While one tells the others that he has it, two say so.
                let rival = places[slot].owner
                if rival == Self.nobody || epochs[rival] ?? 0 < myself.epoch { places[slot].owner = index }
            }
        }
        for (index, view) in views {
            guard let myself = view.myself else { continue }
            for slot in myself.importing.keys where places[slot].owner != index { places[slot].target = index }
        }
        for (index, view) in views {
            for (slot, id) in view.migrating where places[slot].owner == index {
                if let target = member(id), target != index { places[slot].target = target }
            }
        }
        self.number += 1
        if self.places.isEmpty {
            self.places = Array(repeating: Place(), count: KeySlot.count)
            self.changes = Array(repeating: 0, count: KeySlot.count)
        }
        for slot in 0..<KeySlot.count {
            let (former, present) = (self.places[slot], places[slot])
            let isTorn = present.owner == Self.nobody && claimed.contains(slot)
            if former != present || isTorn || self.epochs[present.owner] != epochs[present.owner] {
                self.changes[slot] = self.number
            }
        }
        self.places = places
        self.epochs = epochs
    }

    /// Which of some slots have changed since there had been so many changes.
    func changed(among slots: SlotSet, since number: UInt64) -> SlotSet {
        var changed = SlotSet()
        for slot in self.changes.indices where self.changes[slot] > number && slots.contains(slot) {
            changed.insert(slot)
        }
        return changed
    }

    /// Where a scan has to go for some slots.
    ///
    /// Slots that have changed since it began are left out: they need another look in any case.
    func itinerary(of slots: SlotSet, since number: UInt64) -> ScanItinerary {
        var itinerary = ScanItinerary()
        for slot in self.changes.indices where self.changes[slot] <= number && slots.contains(slot) {
            let place = self.places[slot]
            guard place.owner != Self.nobody else { continue }
            itinerary.add(owner: Int(place.owner), target: place.target == Self.nobody ? nil : Int(place.target))
        }
        return itinerary
    }

    /// Whether slots have other owners than somebody says.
    func differs(from owner: (Int) -> UInt16?) -> Bool {
        self.places.indices.contains { owner($0) ?? Self.nobody != self.places[$0].owner }
    }
}

/// Where a scan has to go, and in which order: to each owner of slots, and after those from which a server is to get slots, to
/// that one.
struct ScanItinerary: Sendable, Equatable {
    private(set) var owners: Set<Int> = []
    /// For each member that is to get slots, from whom.
    private(set) var origins: [Int: Set<Int>] = [:]

    mutating func add(owner: Int, target: Int?) {
        self.owners.insert(owner)
        if let target { self.origins[target, default: []].insert(owner) }
    }

    func includes(_ member: Int) -> Bool { self.owners.contains(member) || self.origins[member] != nil }

    /// Whether a scan of a member that begins now finds the keys of the slots that it is to get.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - done: The members that have been scanned.
    /// - Returns: Whether all those are done from which it is to get slots.
    func isLate(_ member: Int, done: Set<Int>) -> Bool { self.origins[member]?.isSubset(of: done) ?? true }

    /// Where to go next.
    ///
    /// - Parameters:
    ///   - done: The members that have been scanned.
    ///   - late: Those of them that were scanned late enough for the slots that they are to get.
    /// - Returns: The member; nil if nobody is left.
    func next(done: Set<Int>, late: Set<Int>) -> Int? {
        let open = self.owners.subtracting(done).union(self.origins.keys.filter { !late.contains($0) })
        // Two that give slots to each other: one of them has to be scanned before and after the other.
        return open.filter { self.isLate($0, done: done) }.min() ?? open.subtracting(done).min()
    }
}
