/// The neighbours of a slot in the queue that it is in.
@usableFromInline
struct SlotLinks: BitwiseCopyable, Sendable {
    /// Towards the tail, where the oldest is.
    var older: UInt32
    /// Towards the head, where the newest is.
    var newer: UInt32
}

/// A queue of slots, threaded through a table of links that several queues share: a slot is in one at a time.
struct SlotQueue {
    private(set) var head = TagIndex.none
    private(set) var tail = TagIndex.none
    private(set) var count = 0
    /// The sum of what its members cost.
    var cost = 0

    typealias Links = Slots<SlotLinks>

    mutating func push(_ slot: UInt32, cost: Int, _ links: Links) {
        links[slot] = SlotLinks(older: self.head, newer: TagIndex.none)
        if self.head == TagIndex.none {
            self.tail = slot
        } else {
            links.place(self.head).pointee.newer = slot
        }
        self.head = slot
        self.count += 1
        self.cost += cost
    }

    /// Adds a slot where the oldest is.
    mutating func pushTail(_ slot: UInt32, cost: Int, _ links: Links) {
        links[slot] = SlotLinks(older: TagIndex.none, newer: self.tail)
        if self.tail == TagIndex.none {
            self.head = slot
        } else {
            links.place(self.tail).pointee.older = slot
        }
        self.tail = slot
        self.count += 1
        self.cost += cost
    }

    mutating func remove(_ slot: UInt32, cost: Int, _ links: Links) {
        let link = links[slot]
        if link.older == TagIndex.none {
            self.tail = link.newer
        } else {
            links.place(link.older).pointee.newer = link.newer
        }
        if link.newer == TagIndex.none {
            self.head = link.older
        } else {
            links.place(link.newer).pointee.older = link.older
        }
        self.count -= 1
        self.cost -= cost
    }

    /// The members from the oldest to the newest, or `nil` when the links are not those of a queue of `count`.
    func members(_ links: Links) -> [UInt32]? {
        var members: [UInt32] = []
        var slot = self.tail
        while slot != TagIndex.none {
            if members.count == self.count { return nil }
            members.append(slot)
            slot = links[slot].newer
        }
        return members.count == self.count && (members.last ?? TagIndex.none) == self.head ? members : nil
    }
}
