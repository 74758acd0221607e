/// A value for each slot of a shard, in chunks that never move.
///
/// An array would be copied when it grows, and its new part cleared, under the shard's lock: a millisecond for a large
/// shard. A chunk is made when its first slot is, and costs the read of a pointer that is always in the nearest cache.
// Sendable: it owns its memory and, not being copyable, shares it with nobody.
@usableFromInline
struct SlotTable<Element: BitwiseCopyable>: ~Copyable, @unchecked Sendable {
    @usableFromInline private(set) var slots: Slots<Element>
    private var chunkCount = 0
    private var chunkRoom = 0

    /// - Parameter shift: A chunk has two to the power of this many slots.
    @usableFromInline
    init(shift: UInt32) {
        self.slots = Slots(shift: shift)
    }

    // Inlinable: see `TagIndex.deinit`.
    @inlinable
    deinit {
        self.slots.deallocate()
    }

    /// The number of slots for which there is memory.
    var capacity: Int { self.chunkCount << Int(self.slots.shift) }

    var bytes: Int {
        self.capacity * MemoryLayout<Element>.stride
            + self.chunkRoom * MemoryLayout<UnsafeMutableRawPointer>.stride
    }

    /// Makes room for so many slots.
    ///
    /// - Parameters:
    ///   - count: How many slots there are.
    ///   - initial: What new ones begin with.
    /// - Complexity: O(1) for each chunk that is added; the pointers to them are copied, one for 512 slots.
    mutating func reserve(_ count: Int, initial: Element) {
        while self.capacity < count {
            if self.chunkCount == self.chunkRoom {
                self.chunkRoom = max(4, self.chunkRoom * 2)
                self.slots.moveChunks(self.chunkCount, room: self.chunkRoom)
            }
            self.slots.addChunk(self.chunkCount, initial: initial)
            self.chunkCount += 1
        }
    }
}

/// The elements of a slot table by slot.
///
/// A plain view, valid until the table grows or goes.
@usableFromInline
struct Slots<Element: BitwiseCopyable> {
    @usableFromInline typealias Chunk = UnsafeMutablePointer<Element>

    @usableFromInline private(set) var chunks: UnsafeMutablePointer<Chunk?>
    @usableFromInline let shift: UInt32

    fileprivate init(shift: UInt32) {
        self.shift = shift
        // Ends with a `nil`, by which `deallocate` knows how many there are.
        self.chunks = .allocate(capacity: 1)
        self.chunks.initialize(to: nil)
    }

    @inlinable
    @inline(__always)
    subscript(slot: UInt32) -> Element {
        get { self.place(slot).pointee }
        nonmutating set { self.place(slot).pointee = newValue }
    }

    @inlinable
    @inline(__always)
    func place(_ slot: UInt32) -> Chunk {
        self.chunks[Int(slot &>> self.shift)].unsafelyUnwrapped + Int(slot & ((1 &<< self.shift) &- 1))
    }

    fileprivate mutating func moveChunks(_ count: Int, room: Int) {
        let new = UnsafeMutablePointer<Chunk?>.allocate(capacity: room + 1)
        new.moveInitialize(from: self.chunks, count: count)
        (new + count).initialize(repeating: nil, count: room + 1 - count)
        self.chunks.deallocate()
        self.chunks = new
    }

    fileprivate func addChunk(_ index: Int, initial: Element) {
        let chunk = Chunk.allocate(capacity: 1 << Int(self.shift))
        chunk.initialize(repeating: initial, count: 1 << Int(self.shift))
        self.chunks[index] = chunk
    }

    @inlinable
    func deallocate() {
        var chunk = self.chunks
        while let memory = chunk.pointee {
            memory.deallocate()
            chunk += 1
        }
        self.chunks.deallocate()
    }
}

// A view of memory that a table owns and a lock guards.
@available(*, unavailable)
extension Slots: Sendable {}
