/// The index of a shard: from a key's hash to the slot in which its entry lies.
///
/// A hash table with open addressing whose buckets are half a cache line: six one-byte tags, a counter, and six slots
/// of 32 bits.
///
///     byte   0      1      2      3      4      5      6         7     8 ... 31
///          [tag 0][tag 1][tag 2][tag 3][tag 4][tag 5][overflow][     ][six slots]
///
/// A tag is 0 for a free place, else seven bits of the hash under a top bit that is always set. A look-up compares all
/// tags of a bucket at once, with the bit tricks that find a zero byte in a word; only where a tag fits (one in 128 by
/// chance) the entry itself is looked at. Because a bucket never crosses a cache line, the tags and the slot cost one
/// miss together.
///
/// An entry whose bucket is full goes to the next one with a free place, and each full bucket that it passed counts it
/// in its overflow counter. A look-up that finds the counter at zero is over. Removing counts back, so nothing like a
/// tombstone is left behind, and a table that lives for months of churn is as fast as on its first day: F14's idea
/// (Bronson and Shi, "Open-sourcing F14", 2019), with half-line buckets for lack of vector registers in plain Swift.
///
/// ## Growing
///
/// When five of six places are taken, a table half as large again is allocated, and each insertion that follows moves a
/// few buckets of the old one: nobody waits for all of them. The number of buckets is no power of two; the other 25
/// bits of a hash, its *position*, are scaled to it, which keeps their order. So at each moment all positions below a
/// *frontier* are in the new table and all others in the old one, a look-up is still one look-up in one table, and the
/// new table is cleared only as far as it is used. (Linear hashing, which grows by single buckets, would leave the
/// buckets that are not yet split twice as full as the others: with open addressing they overflow into each other.)
// Sendable: it owns its memory and, not being copyable, shares it with nobody.
@usableFromInline
struct TagIndex: ~Copyable, @unchecked Sendable {
    /// The table, or the new one of two.
    @usableFromInline var table: Table
    /// What is left of the old one; not to be looked at while there is none.
    @usableFromInline var old: Table
    /// Positions from here on are in the old table; beyond all positions while there is none.
    @usableFromInline var frontier: UInt32
    @usableFromInline var count: UInt32 = 0
    /// Buckets of the old table that are empty because their entries have moved.
    var moved: UInt32 = 0
    /// Buckets of the new table that have been cleared.
    var cleared: UInt32 = 1

    /// What a look-up returns when the key is not there.
    @inlinable static var none: UInt32 { .max }

    /// The six places' lowest bits, and their top bits.
    @inlinable static var ones: UInt64 { 0x0000_0101_0101_0101 }
    @inlinable static var tops: UInt64 { 0x0000_8080_8080_8080 }
    /// Places a bucket, and how many of them are taken on average before the table grows.
    @inlinable static var places: UInt32 { 6 }
    @inlinable static var fill: UInt32 { 5 }
    /// An overflow counter that has come so far stays there: it no longer knows how far it would have to count back.
    @inlinable static var saturated: UInt64 { 255 }
    @inlinable static var bucketBytes: Int { 32 }
    @inlinable static var overflowShift: UInt64 { 48 }
    /// A position is what is left of 32 bits of hash without the tag.
    @inlinable static var positionBits: UInt64 { 25 }
    @inlinable static var tagBits: UInt32 { 7 }
    @inlinable static var noFrontier: UInt32 { .max }

    @usableFromInline
    init() {
        self.table = Table(buckets: 1)
        self.table.clear(0)
        self.old = self.table
        self.frontier = Self.noFrontier
    }

    // Inlinable because the optimiser of Swift 6.3.1 stops with an assertion when it assigns, in code that other
    // modules compile, a value that is not copyable and whose `deinit` they cannot.
    @inlinable
    deinit {
        if self.isMoving { self.old.memory.deallocate() }
        self.table.memory.deallocate()
    }

    @inlinable
    @inline(__always)
    var isMoving: Bool { self.frontier != Self.noFrontier }

    var bytes: Int {
        self.table.bytes + (self.isMoving ? self.old.bytes : 0)
    }

    @inlinable
    @inline(__always)
    static func tag(_ hash: UInt32) -> UInt64 {
        UInt64(hash & 0x7F | 0x80)
    }

    @inlinable
    @inline(__always)
    static func position(_ hash: UInt32) -> UInt32 {
        hash &>> Self.tagBits
    }

    @inlinable
    @inline(__always)
    static func slotOffset(_ place: UInt64) -> Int {
        8 &+ Int(truncatingIfNeeded: place &<< 2)
    }

    @inlinable
    @inline(__always)
    static func overflow(_ word: UInt64) -> UInt64 {
        (word &>> Self.overflowShift) & 0xFF
    }

    /// The slot of the entry with this hash that `matches` accepts, or `none`.
    ///
    /// - Complexity: Expected O(1): one cache line, and a second one for one key in ten of a full table.
    @inlinable
    @inline(__always)
    func find(_ hash: UInt32, where matches: (UInt32) -> Bool) -> UInt32 {
        let pattern = Self.tag(hash) &* Self.ones
        let position = Self.position(hash)
        // A branch that is foreseen costs less than loading both tables to choose from.
        var table = self.table
        if !_fastPath(position < self.frontier) { table = self.old }
        var home = table.home(position)
        // Ends by itself unless overflow counters are saturated; then it must not run round for ever.
        var bucketsLeft = table.count
        while true {
            let bucket = table.bucket(home)
            let word = bucket.load(as: UInt64.self)
            let difference = word ^ pattern
            // A place above a match may be marked wrongly, by the borrow. `matches` sorts that out, as it does the
            // tags that agree by chance; a free place is never marked, since it differs in the top bit.
            var candidates = (difference &- Self.ones) & ~difference & Self.tops
            while candidates != 0 {
                let place = UInt64(truncatingIfNeeded: candidates.trailingZeroBitCount) &>> 3
                let slot = bucket.load(fromByteOffset: Self.slotOffset(place), as: UInt32.self)
                if matches(slot) { return slot }
                candidates &= candidates &- 1
            }
            if Self.overflow(word) == 0 || bucketsLeft == 0 { return Self.none }
            bucketsLeft &-= 1
            home = table.after(home)
        }
    }

    /// Adds a slot whose key is known not to be here.
    ///
    /// To be preceded by `makeReady`, which keeps places free.
    @usableFromInline
    mutating func insert(_ hash: UInt32, slot: UInt32) {
        self.count += 1
        if Self.position(hash) < self.frontier {
            self.place(hash, slot)
        } else {
            self.old.insert(hash, slot) { _ in }
        }
    }

    /// Puts a slot into the new table.
    mutating func place(_ hash: UInt32, _ slot: UInt32) {
        let table = self.table
        table.insert(hash, slot) { bucket in
            if bucket == self.cleared {
                table.clear(bucket)
                self.cleared += 1
            }
        }
    }

    /// Removes a slot that is known to be here under this hash.
    @usableFromInline
    mutating func remove(_ hash: UInt32, slot: UInt32) {
        self.count -= 1
        if Self.position(hash) < self.frontier {
            self.table.remove(hash, slot)
        } else {
            self.old.remove(hash, slot)
        }
    }

    /// Calls `body` with every slot in the table, in no order.
    func forEach(_ body: (UInt32) -> Void) {
        for bucket in 0..<(self.isMoving ? self.cleared : self.table.count) { self.table.forEach(in: bucket, body) }
        guard self.isMoving else { return }
        for bucket in 0..<self.old.count { self.old.forEach(in: bucket, body) }
    }
}
