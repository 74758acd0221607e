extension TagIndex {
    /// The buckets of an index: a plain view of memory that the index owns.
    @usableFromInline
    struct Table {
        @usableFromInline let memory: UnsafeMutableRawPointer
        /// The number of buckets.
        @usableFromInline let count: UInt32

        /// Makes buckets that have to be cleared before they are used.
        init(buckets: UInt32) {
            // A cache line's alignment, so that no bucket lies on two.
            self.memory = .allocate(byteCount: Int(buckets) * TagIndex.bucketBytes, alignment: 64)
            self.count = buckets
        }

        var bytes: Int { Int(self.count) * TagIndex.bucketBytes }

        @inlinable
        @inline(__always)
        func home(_ position: UInt32) -> UInt32 {
            UInt32(truncatingIfNeeded: (UInt64(position) &* UInt64(self.count)) &>> TagIndex.positionBits)
        }

        @inlinable
        @inline(__always)
        func after(_ bucket: UInt32) -> UInt32 {
            bucket &+ 1 == self.count ? 0 : bucket &+ 1
        }

        @inlinable
        @inline(__always)
        func bucket(_ index: UInt32) -> UnsafeMutableRawPointer {
            self.memory + Int(index) &* TagIndex.bucketBytes
        }

        func clear(_ index: UInt32) {
            // The tags and the counter; a slot is not looked at without its tag.
            self.bucket(index).storeBytes(of: 0, as: UInt64.self)
        }

        /// Puts a slot in the first free place from its home on, and calls `visit` with each bucket before it is looked at.
        func insert(_ hash: UInt32, _ slot: UInt32, visit: (UInt32) -> Void) {
            var home = self.home(TagIndex.position(hash))
            while true {
                visit(home)
                let bucket = self.bucket(home)
                var word = bucket.load(as: UInt64.self)
                let free = ~word & TagIndex.tops
                if free != 0 {
                    let place = UInt64(truncatingIfNeeded: free.trailingZeroBitCount) >> 3
                    word |= TagIndex.tag(hash) << (place * 8)
                    bucket.storeBytes(of: word, as: UInt64.self)
                    bucket.storeBytes(of: slot, toByteOffset: TagIndex.slotOffset(place), as: UInt32.self)
                    return
                }
                if TagIndex.overflow(word) != TagIndex.saturated {
                    bucket.storeBytes(of: word + 1 << TagIndex.overflowShift, as: UInt64.self)
                }
                home = self.after(home)
            }
        }

        func remove(_ hash: UInt32, _ slot: UInt32) {
            var home = self.home(TagIndex.position(hash))
            while true {
                let bucket = self.bucket(home)
                let word = bucket.load(as: UInt64.self)
                for place in 0..<UInt64(TagIndex.places)
                where (word >> (place * 8)) & 0xFF == TagIndex.tag(hash)
                    && bucket.load(fromByteOffset: TagIndex.slotOffset(place), as: UInt32.self) == slot
                {
                    bucket.storeBytes(of: word & ~(0xFF << (place * 8)), as: UInt64.self)
                    return
                }
                precondition(TagIndex.overflow(word) != 0, "The slot to remove is not in the index")
                if TagIndex.overflow(word) != TagIndex.saturated {
                    bucket.storeBytes(of: word - 1 << TagIndex.overflowShift, as: UInt64.self)
                }
                home = self.after(home)
            }
        }

        func forEach(in index: UInt32, _ body: (UInt32) -> Void) {
            let bucket = self.bucket(index)
            var taken = bucket.load(as: UInt64.self) & TagIndex.tops
            while taken != 0 {
                let place = UInt64(truncatingIfNeeded: taken.trailingZeroBitCount) >> 3
                body(bucket.load(fromByteOffset: TagIndex.slotOffset(place), as: UInt32.self))
                taken &= taken &- 1
            }
        }
    }
}

// A view of memory that an index owns and a lock guards.
@available(*, unavailable)
extension TagIndex.Table: Sendable {}
