/// Where the entries of a shard lie: numbered slots in chunks that never move.
///
/// Chunks cost the read of a pointer that is always in the nearest cache; what they save is copying every key and value
/// when the slab grows, under the shard's lock.
// Sendable: it owns its memory and, not being copyable, shares it with nobody.
@usableFromInline
struct Slab<Scheme: KeyScheme, Value: Sendable>: ~Copyable, @unchecked Sendable {
    @usableFromInline private(set) var cells: Cells<Scheme, Value>
    @usableFromInline private(set) var chunkCount = 0
    @usableFromInline private(set) var chunkRoom = 0
    /// Slots below have been used at least once.
    @usableFromInline private(set) var used: UInt32 = 0
    private var free = TagIndex.none

    /// - Parameter slots: How many slots will be needed at most, as far as is known. It chooses the size of a chunk.
    @usableFromInline
    init(slots: Int) {
        // 512 cells of 48 bytes are six pages. Where there are few slots, an eighth of them: the last chunk is half empty
        // on average.
        var shift: UInt32 = 3
        while shift < 9, slots / 8 > 1 << shift { shift += 1 }
        self.cells = Cells(shift: shift)
    }

    // Inlinable: see `TagIndex.deinit`.
    @inlinable
    deinit {
        for slot in 0..<self.used {
            let cell = self.cells[slot]
            if cell.isLive {
                Scheme.release(cell.moveKey())
                cell.destroyValue()
            }
        }
        for chunk in 0..<self.chunkCount {
            self.cells.chunks[chunk].deallocate()
        }
        if self.chunkRoom > 0 { self.cells.chunks.deallocate() }
    }

    /// The number of slots for which there is memory.
    @usableFromInline
    var capacity: Int {
        self.chunkCount << Int(self.cells.shift)
    }

    var bytes: Int {
        self.capacity * Cell<Scheme.Stored, Value>.stride + self.chunkRoom
            * MemoryLayout<UnsafeMutableRawPointer>.stride
    }

    /// Finds a free slot.
    ///
    /// Its header is blank, its key and value are the caller's to initialise.
    @usableFromInline
    mutating func take() -> UInt32 {
        if self.free != TagIndex.none {
            let slot = self.free
            self.free = self.cells[slot].hash
            return slot
        }
        if Int(self.used) == self.capacity { self.addChunk() }
        let slot = self.used
        self.used += 1
        self.cells[slot].blank()
        return slot
    }

    /// Takes a slot back whose key and value have been moved out.
    @usableFromInline
    mutating func giveBack(_ slot: UInt32) {
        let cell = self.cells[slot]
        cell.blank()
        // The hash of a free cell is the next free one.
        cell.hash = self.free
        self.free = slot
    }

    private mutating func addChunk() {
        if self.chunkCount == self.chunkRoom {
            let room = max(8, self.chunkRoom * 2)
            let chunks = UnsafeMutablePointer<UnsafeMutableRawPointer>.allocate(capacity: room)
            if self.chunkRoom > 0 {
                chunks.moveInitialize(from: self.cells.chunks, count: self.chunkCount)
                self.cells.chunks.deallocate()
            }
            self.cells.chunks = chunks
            self.chunkRoom = room
        }
        let layout = Cell<Scheme.Stored, Value>.self
        let chunk = UnsafeMutableRawPointer.allocate(
            byteCount: layout.stride << Int(self.cells.shift),
            alignment: layout.alignment
        )
        (self.cells.chunks + self.chunkCount).initialize(to: chunk)
        self.chunkCount += 1
    }

    /// The number of free slots that were used before.
    var freeCount: Int {
        var count = 0
        var slot = self.free
        while slot != TagIndex.none, count <= Int(self.used) {
            count += 1
            slot = self.cells[slot].hash
        }
        return count
    }
}

/// The cells of a slab by number.
///
/// A plain view, valid until the slab grows or goes.
@usableFromInline
struct Cells<Scheme: KeyScheme, Value: Sendable> {
    @usableFromInline var chunks: UnsafeMutablePointer<UnsafeMutableRawPointer>
    @usableFromInline let shift: UInt32

    @usableFromInline
    init(shift: UInt32) {
        // Never read: there is no slot yet.
        self.chunks = UnsafeMutableRawPointer(bitPattern: 8).unsafelyUnwrapped
            .assumingMemoryBound(to: UnsafeMutableRawPointer.self)
        self.shift = shift
    }

    @inlinable
    @inline(__always)
    subscript(slot: UInt32) -> Cell<Scheme.Stored, Value> {
        let chunk = self.chunks[Int(slot &>> self.shift)]
        let index = Int(slot & ((1 &<< self.shift) &- 1))
        return Cell(base: chunk + index &* Cell<Scheme.Stored, Value>.stride)
    }
}

/// One entry: a header of 16 bytes, the key and the value, side by side so that a hit finds all in a line or two.
@usableFromInline
struct Cell<Stored, Value> {
    @usableFromInline let base: UnsafeMutableRawPointer

    @inlinable
    @inline(__always)
    init(base: UnsafeMutableRawPointer) {
        self.base = base
    }

    @inlinable static var keyOffset: Int {
        (16 &+ MemoryLayout<Stored>.alignment &- 1) & ~(MemoryLayout<Stored>.alignment &- 1)
    }

    @inlinable static var valueOffset: Int {
        (Self.keyOffset &+ MemoryLayout<Stored>.size &+ MemoryLayout<Value>.alignment &- 1)
            & ~(MemoryLayout<Value>.alignment &- 1)
    }

    @inlinable static var alignment: Int {
        max(8, max(MemoryLayout<Stored>.alignment, MemoryLayout<Value>.alignment))
    }

    @inlinable static var stride: Int {
        (Self.valueOffset &+ MemoryLayout<Value>.size &+ Self.alignment &- 1) & ~(Self.alignment &- 1)
    }

    /// The lower 32 bits of the key's hash.
    @inlinable var hash: UInt32 {
        get { self.base.load(as: UInt32.self) }
        nonmutating set { self.base.storeBytes(of: newValue, as: UInt32.self) }
    }

    /// A number that every stored value gets anew, with `slidingMark` where its deadline slides; 0 in a free cell.
    @inlinable var stamp: UInt32 {
        get { self.base.load(fromByteOffset: 4, as: UInt32.self) }
        nonmutating set { self.base.storeBytes(of: newValue, toByteOffset: 4, as: UInt32.self) }
    }

    @inlinable static var slidingMark: UInt32 { 1 << 31 }

    /// Whether a read puts the deadline off.
    @inlinable var isSliding: Bool { self.stamp & Self.slidingMark != 0 }

    /// When the entry expires, in the clock's nanoseconds; `Lifespan.never` for an entry without end and for a free cell.
    @inlinable var deadline: Int64 {
        get { self.base.load(fromByteOffset: 8, as: Int64.self) }
        nonmutating set { self.base.storeBytes(of: newValue, toByteOffset: 8, as: Int64.self) }
    }

    @inlinable var key: UnsafeMutablePointer<Stored> {
        (self.base + Self.keyOffset).assumingMemoryBound(to: Stored.self)
    }

    @inlinable var value: UnsafeMutablePointer<Value> {
        (self.base + Self.valueOffset).assumingMemoryBound(to: Value.self)
    }

    @inlinable var isLive: Bool { self.stamp != 0 }

    @usableFromInline
    func blank() {
        self.hash = 0
        self.stamp = 0
        self.deadline = Lifespan.never
    }

    @inlinable
    func initialize(key: Stored, value: Value) {
        (self.base + Self.keyOffset).initializeMemory(as: Stored.self, to: key)
        (self.base + Self.valueOffset).initializeMemory(as: Value.self, to: value)
    }

    @inlinable
    func moveKey() -> Stored {
        self.key.move()
    }

    @inlinable
    func moveValue() -> Value {
        self.value.move()
    }

    @inlinable
    func destroyValue() {
        self.value.deinitialize(count: 1)
    }
}

// Both are views of memory that a slab owns and a lock guards.
@available(*, unavailable)
extension Cells: Sendable {}

@available(*, unavailable)
extension Cell: Sendable {}
