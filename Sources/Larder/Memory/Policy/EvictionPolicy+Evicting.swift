extension EvictionPolicy {
    /// Contests that an entry may win before it goes round.
    private static var mostWins: Int { 128 }

    /// Takes the entry out that is worth least, and returns its slot; `nil` when there is none but the one to keep.
    ///
    /// - Parameters:
    ///   - kept: A slot that must stay, or `TagIndex.none`: its value is being replaced.
    ///   - hash: The hash of the entry in a slot.
    ///   - isExpired: Whether the entry in a slot has expired. Those the hands meet leave first.
    /// - Returns: The slot, which is the caller's again.
    /// - Complexity: O(1): some 36 steps at most, and seldom more than three.
    @usableFromInline
    mutating func evict(
        keeping kept: UInt32 = TagIndex.none,
        hash: (UInt32) -> UInt32,
        isExpired: (UInt32) -> Bool
    ) -> UInt32? {
        if self.count - (kept == TagIndex.none ? 0 : 1) <= 0 { return nil }
        // Where a queue holds nothing but what must stay, the other gives.
        let isMainSpent = self.isSpent(self.main, kept)
        let isWindowSpent = self.isSpent(self.window, kept)
        guard !isMainSpent else {
            let candidate = self.next(ofMain: false, keeping: kept, hash, isExpired)
            return self.release(candidate.slot, isExpired: candidate.isExpired, hash)
        }
        guard !isWindowSpent, Double(self.window.cost) >= self.target.rounded(.down) else {
            let victim = self.next(ofMain: true, keeping: kept, hash, isExpired)
            return self.release(victim.slot, isExpired: victim.isExpired, hash)
        }
        let candidate = self.next(ofMain: false, keeping: kept, hash, isExpired)
        if candidate.isExpired { return self.release(candidate.slot, isExpired: true, hash) }
        let victim = self.next(ofMain: true, keeping: kept, hash, isExpired)
        if victim.isExpired { return self.release(victim.slot, isExpired: true, hash) }
        let bonus = self.marks.slots[candidate.slot] & Self.cameBack != 0 ? 1 : 0
        let ofCandidate = self.sketch.estimate(hash(candidate.slot)) + bonus
        // A resident's last hit has not been counted yet, so it gets one for it.
        let ofVictim = self.sketch.estimate(hash(victim.slot)) + 1
        if ofCandidate > ofVictim {
            self.wins = 0
            _ = self.release(victim.slot, isExpired: false, hash)
            self.moveToMain(candidate.slot, atTail: false)
            return victim.slot
        }
        self.wins += 1
        if self.wins >= Self.mostWins {
            self.wins = 0
            self.goRound(victim.slot)
        }
        return self.release(candidate.slot, isExpired: false, hash)
    }

    private func isSpent(_ queue: SlotQueue, _ kept: UInt32) -> Bool {
        queue.count == 0 || (queue.count == 1 && queue.tail == kept)
    }

    /// Takes an entry out, and remembers it as a ghost if it could have been a hit.
    private mutating func release(_ slot: UInt32, isExpired: Bool, _ hash: (UInt32) -> UInt32) -> UInt32 {
        if !isExpired {
            if self.isInMain(slot) {
                self.dropped.insert(hash(slot))
            } else {
                self.refused.insert(hash(slot))
            }
        }
        self.remove(slot)
        return slot
    }

    /// The entry at a queue's end that was not asked for since the hand met it last.
    ///
    /// The others go round. The queue must hold one that may leave.
    private mutating func next(
        ofMain isMain: Bool,
        keeping kept: UInt32,
        _ hash: (UInt32) -> UInt32,
        _ isExpired: (UInt32) -> Bool
    ) -> (slot: UInt32, isExpired: Bool) {
        var reach = Self.longestReach
        while true {
            let slot = isMain ? self.main.tail : self.window.tail
            if slot == kept {
                self.goRound(slot)
                continue
            }
            if isExpired(slot) { return (slot, true) }
            guard self.marks.slots[slot] & Self.hit != 0, reach > 0 else { return (slot, false) }
            reach -= 1
            // Another one comes to main's end, with no contest won yet.
            if isMain { self.wins = 0 }
            self.count(slot, hash)
        }
    }

    /// Tells the sketch that an entry was asked for, and lets it go round.
    private mutating func count(_ slot: UInt32, _ hash: (UInt32) -> UInt32) {
        self.sketch.add(hash(slot), entries: self.count)
        self.marks.slots[slot] &= ~Self.hit
        self.goRound(slot)
    }
}

extension EvictionPolicy {
    /// What is wrong with the queues, one sentence each.
    func violations(live: [UInt32]) -> [String] {
        var violations: [String] = []
        var seen: Set<UInt32> = []
        for (name, queue, isMain) in [("window", self.window, false), ("main", self.main, true)] {
            guard let members = queue.members(self.links.slots) else {
                violations.append("the links of the \(name) queue do not form a queue of \(queue.count)")
                continue
            }
            if members.reduce(0, { $0 + self.cost(of: $1) }) != queue.cost {
                violations.append("the costs in the \(name) queue do not add up to \(queue.cost)")
            }
            for slot in members {
                if self.isInMain(slot) != isMain {
                    violations.append("slot \(slot) is in the \(name) queue and marked otherwise")
                }
                if !seen.insert(slot).inserted { violations.append("slot \(slot) is in two queues") }
            }
        }
        if seen != Set(live) { violations.append("the queues hold other slots than the index") }
        if self.cost > self.capacity { violations.append("cost \(self.cost) is above the capacity \(self.capacity)") }
        return violations
    }
}

extension EvictionPolicy {
    /// All slots, from the one worth most to the one worth least.
    ///
    /// Main before the window, those that were asked for before those that were not, and the newer before the older: so
    /// the last is about the next to leave.
    ///
    /// - Complexity: O(*n*).
    func order() -> [UInt32] {
        var order: [UInt32] = []
        order.reserveCapacity(self.count)
        for queue in [self.main, self.window] {
            let members = (queue.members(self.links.slots) ?? []).reversed()
            order += members.filter { self.marks.slots[$0] & Self.hit != 0 }
            order += members.filter { self.marks.slots[$0] & Self.hit == 0 }
        }
        return order
    }

    /// What is to be said of the policy's state: names and numbers.
    var summary: [(name: String, number: Int)] {
        [
            ("window", self.window.count), ("main", self.main.count), ("target of the window", Int(self.target)),
            ("ghosts", self.refused.size + self.dropped.size),
        ]
    }
}
