/// Which tags have changed in the database while the cache's store has not heard of it.
///
/// A mark is placed before a commit becomes visible, and lifted when the store has carried out the invalidation. Whoever has got
/// a value from the cache asks here whether it may be served. It may, if between the moment when the call began and now
/// no mark lay on any of the value's tags:
///
/// - Take a value that a commit has made untrue which became visible before the call began. Its mark was placed before that. If
///   it was lifted before the call began, the store had been told, and has not served the value. Otherwise it was there when
///   the call began, and is seen here, standing or lifted since.
/// - A commit that became visible after the call had begun does not matter: the database has held the value since.
///
/// The table has a fixed number of places, and tags share them: two tags at one place only cost a read of the database
/// more. So its size does not depend on how many rows are written.
struct MarkTable: Sendable {
    /// How many places there are.
    static let slotCount = 4_096

    /// What is known of a value that was read from the cache.
    enum Verdict: Sendable, Hashable {
        /// It may be served.
        case clear
        /// A mark lies on one of its tags: the store may still have what is untrue.
        case standing
        /// A mark lay on one of its tags, and was lifted while the value was being read: asking again helps.
        case lifted
    }

    private var standing = [UInt32](repeating: 0, count: Self.slotCount)
    private var liftedAt = [UInt64](repeating: 0, count: Self.slotCount)

    /// Counts the times that marks were lifted.
    private(set) var serial: UInt64 = 0

    /// A commit is about to become visible.
    mutating func place(on slots: [MarkSlot]) {
        for slot in slots { self.standing[Int(slot)] += 1 }
    }

    /// The store has heard of a commit.
    ///
    /// - Parameter marks: How many marks lay on each place.
    mutating func lift(_ marks: [MarkSlot: UInt32]) {
        guard !marks.isEmpty else { return }
        self.serial += 1
        for (slot, count) in marks {
            self.standing[Int(slot)] -= count
            self.liftedAt[Int(slot)] = self.serial
        }
    }

    /// A commit has come to nothing: whatever was read meanwhile is as true as before.
    mutating func withdraw(from slots: [MarkSlot]) {
        for slot in slots { self.standing[Int(slot)] -= 1 }
    }

    /// Whether a value may be served.
    ///
    /// - Parameters:
    ///   - slots: The places of its tags; none where nobody knows what it depends on.
    ///   - serial: ``serial``, as it was when the call began.
    /// - Returns: Whether it may, and if not, whether asking the cache again can help.
    func verdict(on slots: [MarkSlot], since serial: UInt64) -> Verdict {
        var verdict = Verdict.clear
        for slot in slots {
            // From bytes of a store that anyone can write.
            guard slot < Self.slotCount else { return .standing }
            if self.standing[Int(slot)] > 0 { return .standing }
            if self.liftedAt[Int(slot)] > serial { verdict = .lifted }
        }
        return slots.isEmpty ? .standing : verdict
    }

    /// Whether no mark lies anywhere.
    var isEmpty: Bool { self.standing.allSatisfy { $0 == 0 } }
}
