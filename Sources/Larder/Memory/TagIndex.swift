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
/// The table doubles when five of six places are taken. The entries' hashes lie in the slab, so growing reads each
/// entry once: about 10 ns an entry, and a shard of the default layout never has more than 65,536 of them.
// Sendable: it owns its memory and, not being copyable, shares it with nobody.
@usableFromInline
struct TagIndex: ~Copyable, @unchecked Sendable {
    @usableFromInline private(set) var buckets: UnsafeMutableRawPointer
    /// The number of buckets, a power of two, less one.
    @usableFromInline private(set) var mask: UInt32
    @usableFromInline private(set) var count: UInt32 = 0

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

    @usableFromInline
    init() {
        self.buckets = Self.allocate(1)
        self.mask = 0
    }

    // Inlinable because the optimiser of Swift 6.3.1 stops with an assertion when it assigns, in code that other
    // modules compile, a value that is not copyable and whose `deinit` they cannot.
    @inlinable
    deinit {
        self.buckets.deallocate()
    }

    private static func allocate(_ buckets: Int) -> UnsafeMutableRawPointer {
        // A cache line's alignment, so that no bucket lies on two.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: buckets * Self.bucketBytes, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: buckets * Self.bucketBytes)
        return memory
    }

    /// Whether the next insertion must be preceded by `grow`.
    @inlinable
    @inline(__always)
    var isFull: Bool {
        self.count >= (self.mask &+ 1) &* Self.fill
    }

    var bytes: Int {
        (Int(self.mask) + 1) * Self.bucketBytes
    }

    @inlinable
    @inline(__always)
    static func tag(_ hash: UInt32) -> UInt64 {
        UInt64(hash & 0x7F | 0x80)
    }

    @inlinable
    @inline(__always)
    static func home(_ hash: UInt32, mask: UInt32) -> UInt32 {
        (hash >> 7) & mask
    }

    @inlinable
    @inline(__always)
    static func slotOffset(_ place: UInt64) -> Int {
        8 &+ Int(truncatingIfNeeded: place &<< 2)
    }

    /// The slot of the entry with this hash that `matches` accepts, or `none`.
    ///
    /// - Complexity: Expected O(1): one cache line, and a second one for one key in ten of a full table.
    @inlinable
    @inline(__always)
    func find(_ hash: UInt32, where matches: (UInt32) -> Bool) -> UInt32 {
        let pattern = Self.tag(hash) &* Self.ones
        var home = Self.home(hash, mask: self.mask)
        // Ends by itself unless overflow counters are saturated; then it must not run round for ever.
        var bucketsLeft = self.mask
        while true {
            let bucket = self.buckets + Int(home) &* Self.bucketBytes
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
            if (word &>> Self.overflowShift) & 0xFF == 0 || bucketsLeft == 0 { return Self.none }
            bucketsLeft &-= 1
            home = (home &+ 1) & self.mask
        }
    }

    /// Adds a slot whose key is known not to be here.
    ///
    /// The table must not be full.
    @usableFromInline
    mutating func insert(_ hash: UInt32, slot: UInt32) {
        var home = Self.home(hash, mask: self.mask)
        while true {
            let bucket = self.buckets + Int(home) * Self.bucketBytes
            var word = bucket.load(as: UInt64.self)
            let free = ~word & Self.tops
            if free != 0 {
                let place = UInt64(truncatingIfNeeded: free.trailingZeroBitCount) >> 3
                word |= Self.tag(hash) << (place * 8)
                bucket.storeBytes(of: word, as: UInt64.self)
                bucket.storeBytes(of: slot, toByteOffset: Self.slotOffset(place), as: UInt32.self)
                self.count += 1
                return
            }
            if (word >> Self.overflowShift) & 0xFF != Self.saturated {
                word += 1 << Self.overflowShift
                bucket.storeBytes(of: word, as: UInt64.self)
            }
            home = (home &+ 1) & self.mask
        }
    }

    /// Removes a slot that is known to be here under this hash.
    @usableFromInline
    mutating func remove(_ hash: UInt32, slot: UInt32) {
        var home = Self.home(hash, mask: self.mask)
        while true {
            let bucket = self.buckets + Int(home) * Self.bucketBytes
            var word = bucket.load(as: UInt64.self)
            for place in 0..<UInt64(Self.places)
            where (word >> (place * 8)) & 0xFF == Self.tag(hash)
                && bucket.load(fromByteOffset: Self.slotOffset(place), as: UInt32.self) == slot
            {
                word &= ~(0xFF << (place * 8))
                bucket.storeBytes(of: word, as: UInt64.self)
                self.count -= 1
                return
            }
            let overflow = (word >> Self.overflowShift) & 0xFF
            precondition(overflow != 0, "The slot to remove is not in the index")
            if overflow != Self.saturated {
                word -= 1 << Self.overflowShift
                bucket.storeBytes(of: word, as: UInt64.self)
            }
            home = (home &+ 1) & self.mask
        }
    }

    /// Doubles the table.
    ///
    /// - Parameter hash: The hash of the entry in a slot.
    /// - Complexity: O(*n*).
    @usableFromInline
    mutating func grow(hash: (UInt32) -> UInt32) {
        let old = self.buckets
        let oldCount = Int(self.mask) + 1
        self.buckets = Self.allocate(oldCount * 2)
        self.mask = UInt32(oldCount * 2 - 1)
        self.count = 0
        Self.forEachSlot(old, buckets: oldCount) { self.insert(hash($0), slot: $0) }
        old.deallocate()
    }

    /// Calls `body` with every slot in the table, in no order.
    func forEach(_ body: (UInt32) -> Void) {
        Self.forEachSlot(self.buckets, buckets: Int(self.mask) + 1, body)
    }

    private static func forEachSlot(_ buckets: UnsafeMutableRawPointer, buckets count: Int, _ body: (UInt32) -> Void) {
        for index in 0..<count {
            let bucket = buckets + index * Self.bucketBytes
            var taken = bucket.load(as: UInt64.self) & Self.tops
            while taken != 0 {
                let place = UInt64(truncatingIfNeeded: taken.trailingZeroBitCount) >> 3
                body(bucket.load(fromByteOffset: Self.slotOffset(place), as: UInt32.self))
                taken &= taken &- 1
            }
        }
    }
}
