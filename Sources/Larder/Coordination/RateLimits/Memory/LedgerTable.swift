/// The counts of a store's limiters, of which those that nobody needs any more leave.
///
/// A limiter that is made for each tenant, or for each request, leaves its counts behind, and the next one of the same
/// namespace and limits has to find them. So they stay as long as they say anything; a hand goes round over them, two for each
/// that comes, and drops those that nobody holds and that say nothing. And never are there more than ``capacity`` that nobody
/// holds: then one leaves although it counts.
struct LedgerTable {
    struct Name: Hashable {
        var namespace: CacheNamespace
        var limits: String
    }

    private struct Slot {
        let name: Name
        var ledger: MemoryRateLimitLedger
    }

    private let capacity: Int
    private var places: [Name: Int] = [:]
    private var slots: [Slot] = []
    private var hand = 0

    /// Slots that the hand looks at for each ledger that is made.
    private static let steps = 2

    init(capacity: Int) {
        self.capacity = capacity
    }

    var ledgers: [MemoryRateLimitLedger] { self.slots.map(\.ledger) }

    var count: Int { self.slots.count }

    /// The counts of a name.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - make: Makes them where there are none.
    /// - Returns: The counts.
    mutating func ledger(_ name: Name, _ make: () -> MemoryRateLimitLedger) -> MemoryRateLimitLedger {
        if let place = self.places[name] { return self.slots[place].ledger }
        self.sweep()
        if self.slots.count >= self.capacity { self.makeRoom() }
        let ledger = make()
        self.places[name] = self.slots.count
        self.slots.append(Slot(name: name, ledger: ledger))
        return ledger
    }

    private mutating func sweep() {
        for _ in 0..<Self.steps {
            guard self.advance() else { return }
            if self.isHeld(self.hand) || !self.slots[self.hand].ledger.saysNothing() {
                self.hand += 1
            } else {
                self.remove(at: self.hand)
            }
        }
    }

    /// Drops the next one that nobody holds.
    ///
    /// Those that are held are as many as their holders make.
    private mutating func makeRoom() {
        for _ in 0..<self.slots.count {
            guard self.advance() else { return }
            if !self.isHeld(self.hand) { return self.remove(at: self.hand) }
            self.hand += 1
        }
    }

    /// Brings the hand to a slot; false if there is none.
    private mutating func advance() -> Bool {
        if self.hand >= self.slots.count { self.hand = 0 }
        return !self.slots.isEmpty
    }

    /// Whether a limiter holds the counts.
    ///
    /// Nobody can begin to meanwhile but through this table.
    private mutating func isHeld(_ place: Int) -> Bool { !isKnownUniquelyReferenced(&self.slots[place].ledger) }

    /// Drops the counts of a slot, whose place the last one takes.
    private mutating func remove(at place: Int) {
        self.places[self.slots[place].name] = nil
        let last = self.slots.removeLast()
        guard place < self.slots.count else { return }
        self.slots[place] = last
        self.places[last.name] = place
    }
}
