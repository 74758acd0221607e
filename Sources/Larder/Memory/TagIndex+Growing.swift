// The table moves into a larger one a few buckets at a time; see the essay in `TagIndex`.
extension TagIndex {
    /// Old buckets that an insertion moves.
    ///
    /// A table of *n* buckets begins to move when it holds 5 *n* entries, and is done *n* / 4 insertions later: the old one
    /// is then 5.25 / 6 full at most where nothing has moved yet, and the new one, half as large again, has places for
    /// 7.5 *n*.
    static var bucketsAStep: UInt32 { 4 }

    /// Tables up to here double, and do not become smaller.
    private static var fewBuckets: UInt32 { 64 }

    /// Whether there is something to do before the next insertion: the table is moving, is full, or is nearly empty.
    @inlinable
    @inline(__always)
    var needsWork: Bool {
        // Below `count` the difference wraps round and is large.
        self.isMoving || self.count &- self.table.count >= self.table.count &* (Self.fill &- 1)
    }

    /// Begins to move into another table where it is time, or moves on.
    ///
    /// To be called before each insertion while `needsWork`.
    ///
    /// - Parameters:
    ///   - limit: How many entries there will be at most, as far as is known: the last table is made to measure.
    ///   - hash: The hash of the entry in a slot.
    /// - Returns: How many entries were moved: those of four buckets, so 24 or a few more.
    @usableFromInline
    @discardableResult
    mutating func makeReady(limit: Int, hash: (UInt32) -> UInt32) -> Int {
        if !self.isMoving {
            guard let size = self.betterSize(limit: limit) else { return 0 }
            self.old = self.table
            self.table = Table(buckets: size)
            self.cleared = 0
            self.moved = 0
            self.frontier = 0
        }
        return self.move(Self.bucketsAStep, hash)
    }

    private func betterSize(limit: Int) -> UInt32? {
        let size = self.table.count
        if self.count >= size * Self.fill {
            let larger = size < Self.fewBuckets ? size * 2 : size + size / 2
            let enough = UInt32(clamping: limit / Int(Self.fill) + 1)
            return enough > size ? min(larger, enough) : larger
        }
        if self.count < size, size > Self.fewBuckets { return size / 2 }
        return nil
    }

    /// Moves the entries whose home is one of the next buckets.
    private mutating func move(_ buckets: UInt32, _ hash: (UInt32) -> UInt32) -> Int {
        let end = min(self.moved + buckets, self.old.count)
        let positions = UInt64(1) << Self.positionBits
        // The first position whose home is `end`.
        let bound = (UInt64(end) * positions + UInt64(self.old.count) - 1) / UInt64(self.old.count)
        let lastHome = self.table.home(UInt32(bound - 1))
        while self.cleared <= lastHome {
            self.table.clear(self.cleared)
            self.cleared += 1
        }
        var entries = 0
        while self.moved < end {
            entries += self.moveEntries(of: self.moved, hash)
            self.moved += 1
        }
        if end == self.old.count {
            self.old.memory.deallocate()
            self.old = self.table
            self.frontier = Self.noFrontier
        } else {
            self.frontier = UInt32(bound)
        }
        return entries
    }

    private mutating func moveEntries(of home: UInt32, _ hash: (UInt32) -> UInt32) -> Int {
        let old = self.old
        var entries = 0
        var bucket = home
        var bucketsLeft = old.count
        while true {
            old.forEach(in: bucket) { slot in
                let hash = hash(slot)
                guard old.home(Self.position(hash)) == home else { return }
                old.remove(hash, slot)
                self.place(hash, slot)
                entries += 1
            }
            // Entries of this home that lie farther on have been counted by every bucket up to them.
            let word = old.bucket(bucket).load(as: UInt64.self)
            bucketsLeft -= 1
            if Self.overflow(word) == 0 || bucketsLeft == 0 { return entries }
            bucket = old.after(bucket)
        }
    }
}
