/// The shards of a cache with a lock each, in one block of memory, no two on neighbouring cache lines.
///
/// A class for each shard would cost 10 to 15 ns an operation, for its reference count.
// Sendable: the block is laid out in `init` and never changes; what lies in it is locked.
@usableFromInline
struct ShardTable<Scheme: KeyScheme, Value: Sendable>: ~Copyable, @unchecked Sendable {
    @usableFromInline typealias Lock = ShardLock<Shard<Scheme, Value>>

    @usableFromInline let base: UnsafeMutableRawPointer
    /// The number of shards, a power of two, less one.
    @usableFromInline let mask: UInt64

    /// Two cache lines: processors fetch lines in pairs.
    @inlinable static var padding: Int { 128 }

    @inlinable static var stride: Int {
        (Lock.size &+ Self.padding &- 1) & ~(Self.padding &- 1)
    }

    init(_ layout: ShardLayout, spare: SpareRoom) {
        self.base = .allocate(byteCount: layout.shards * Self.stride, alignment: Self.padding)
        self.mask = UInt64(layout.shards - 1)
        for index in 0..<layout.shards {
            Lock.initialize(
                self.base + index * Self.stride,
                Shard(share: layout.capacity(of: index), isWeighted: layout.isWeighted, spare: spare)
            )
        }
    }

    deinit {
        for index in 0...Int(self.mask) {
            self.lock(index).deinitialize()
        }
        self.base.deallocate()
    }

    var count: Int { Int(self.mask) + 1 }

    @inlinable
    @inline(__always)
    func lock(_ index: Int) -> Lock {
        Lock(self.base + index &* Self.stride)
    }

    /// The number of the shard that a key with this hash belongs to.
    @inlinable
    @inline(__always)
    func index(of hash: UInt64) -> Int {
        Int(truncatingIfNeeded: (hash &>> 48) & self.mask)
    }

    /// The lock of the shard that a key with this hash belongs to.
    @inlinable
    @inline(__always)
    func lock(of hash: UInt64) -> Lock {
        self.lock(self.index(of: hash))
    }
}
