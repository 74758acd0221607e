import Synchronization

/// Which server owns each slot, for readers on any thread without a lock.
///
/// Servers are small numbers, which mean something to whoever keeps the list of servers. What was written before a
/// number is stored is seen by whoever loads the number.
final class SlotTable: Sendable {
    /// The number in slots that nobody owns.
    static let nobody = UInt16.max

    /// Atomic values that are reached through a pointer which never changes, from `init` to `deinit`: any thread may
    /// load and store them at any time, and the memory goes when nobody has the table any more.
    nonisolated(unsafe) private let owners: UnsafeMutablePointer<Atomic<UInt16>>

    /// A table in which nobody owns any slot.
    init() {
        self.owners = .allocate(capacity: KeySlot.count)
        for slot in 0..<KeySlot.count { (self.owners + slot).initialize(to: Atomic(Self.nobody)) }
    }

    deinit {
        self.owners.deinitialize(count: KeySlot.count)
        self.owners.deallocate()
    }

    /// The owner of a slot, which must be below 16,384; nil if nobody owns it.
    @inline(__always)
    func load(_ slot: Int) -> UInt16? {
        precondition(slot >= 0 && slot < KeySlot.count, "a slot is a number from 0 to 16,383")
        let owner = self.owners[slot].load(ordering: .acquiring)
        return owner == Self.nobody ? nil : owner
    }

    /// Gives a slot to another owner, or to nobody.
    func store(_ owner: UInt16?, in slot: Int) {
        precondition(slot >= 0 && slot < KeySlot.count, "a slot is a number from 0 to 16,383")
        self.owners[slot].store(owner ?? Self.nobody, ordering: .releasing)
    }

    /// Gives every slot the owner that `owner` says.
    ///
    /// Each slot changes for itself: who reads meanwhile finds some slots as before and some as after, and never one that
    /// nobody owned before or after. Slots whose owner stays are not written to.
    func replaceAll(with owner: (Int) -> UInt16?) {
        for slot in 0..<KeySlot.count {
            let next = owner(slot) ?? Self.nobody
            if self.owners[slot].load(ordering: .relaxed) != next {
                self.owners[slot].store(next, ordering: .releasing)
            }
        }
    }
}
