/// The records of some subjects, bounded, in one piece of memory.
///
/// A hand goes round over the records, two for each that is written, and drops those that say nothing any more. So at most
/// about twice as many are held as say something, and no call pays for many.
struct SubjectTable {
    private struct Slot {
        let subject: SubjectName
        var record: RateLimitRecord
        /// When the record says nothing any more, in microseconds.
        var end: Int64
    }

    private let capacity: Int
    private var places: [SubjectName: Int] = [:]
    private var slots: [Slot] = []
    private var hand = 0

    /// Records that the hand looks at for each that is written.
    private static let steps = 2
    /// Records among which one has to leave where there is no room.
    private static let candidates = 8
    /// Tables below this size are not made smaller.
    private static let leastCapacity = 1_024

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { self.slots.count }

    /// Decides about a call.
    mutating func decide(
        _ subject: SubjectName,
        _ cost: Int64,
        at now: Int64,
        by limits: RateLimitSet,
        charges: Bool
    ) -> RateLimitDecision {
        if let place = self.places[subject] {
            let outcome = self.slots[place].record.decide(cost, at: now, by: limits, charges: charges)
            if outcome.isChanged { self.slots[place].end = now + outcome.span }
            if charges { self.sweep(Self.steps, at: now) }
            return outcome.decision
        }
        var record = RateLimitRecord()
        let outcome = record.decide(cost, at: now, by: limits, charges: charges)
        if outcome.isChanged {
            self.sweep(Self.steps, at: now)
            if self.slots.count >= self.capacity { self.makeRoom() }
            self.places[subject] = self.slots.count
            self.slots.append(Slot(subject: subject, record: record, end: now + outcome.span))
        }
        return outcome.decision
    }

    mutating func forget(_ subject: SubjectName) {
        if let place = self.places[subject] { self.remove(at: place) }
    }

    /// Looks at the next records and drops those that say nothing any more.
    ///
    /// - Parameters:
    ///   - count: At how many.
    ///   - now: The time, in microseconds.
    mutating func sweep(_ count: Int, at now: Int64) {
        for _ in 0..<count {
            guard !self.slots.isEmpty else { return }
            if self.hand >= self.slots.count { self.hand = 0 }
            // A bucket's last fraction of a microsecond may outlast its span.
            if self.slots[self.hand].end < now { self.remove(at: self.hand) } else { self.hand += 1 }
        }
    }

    /// Drops the record that ends first among some that lie apart: neighbours have come at one time, and may all be busy.
    private mutating func makeRoom() {
        var choice = self.hand % self.slots.count
        let distance = max(1, self.slots.count / Self.candidates)
        for step in 1..<Self.candidates {
            let place = (self.hand + step * distance) % self.slots.count
            if self.slots[place].end < self.slots[choice].end { choice = place }
        }
        self.hand = (self.hand + 1) % self.slots.count
        self.remove(at: choice)
    }

    /// Drops a record, whose place the last one takes.
    private mutating func remove(at place: Int) {
        self.places[self.slots[place].subject] = nil
        let last = self.slots.removeLast()
        if place < self.slots.count {
            self.slots[place] = last
            self.places[last.subject] = place
        }
        self.shrink()
    }

    /// Gives memory back that a flood has taken.
    private mutating func shrink() {
        guard self.slots.capacity > Self.leastCapacity, self.slots.count * 8 < self.slots.capacity else { return }
        var slots: [Slot] = []
        slots.reserveCapacity(self.slots.count * 2)
        slots += self.slots
        self.slots = slots
        var places: [SubjectName: Int] = [:]
        places.reserveCapacity(slots.count * 2)
        for (place, slot) in slots.enumerated() { places[slot.subject] = place }
        self.places = places
    }
}
