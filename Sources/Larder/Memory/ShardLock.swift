public import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A shard behind a lock that is made for being held some tens of nanoseconds, millions of times a second.
///
/// Taking it is one atomic instruction, as for a `Mutex`. Giving it back is a plain store, where a mutex needs a second
/// atomic instruction to learn whether somebody sleeps until then: nobody does. Who finds it taken looks again a few
/// times, then lets other threads run, and in the end naps: a holder may have been preempted, or be evicting a portion.
///
/// A view of the memory in which both lie; copying it copies neither.
@usableFromInline
struct ShardLock<Shard: ~Copyable> {
    @usableFromInline let state: UnsafeMutablePointer<Atomic<Bool>>
    @usableFromInline let shard: UnsafeMutablePointer<Shard>

    /// - Parameter base: Where the lock and then the shard lie.
    @inlinable
    @inline(__always)
    init(_ base: UnsafeMutableRawPointer) {
        self.state = base.assumingMemoryBound(to: Atomic<Bool>.self)
        self.shard = (base + Self.shardOffset).assumingMemoryBound(to: Shard.self)
    }

    @inlinable static var shardOffset: Int {
        max(MemoryLayout<Atomic<Bool>>.stride, MemoryLayout<Shard>.alignment)
    }

    @inlinable static var size: Int { Self.shardOffset &+ MemoryLayout<Shard>.size }

    static func initialize(_ base: UnsafeMutableRawPointer, _ shard: consuming Shard) {
        base.initializeMemory(as: Atomic<Bool>.self, to: Atomic(false))
        (base + Self.shardOffset).bindMemory(to: Shard.self, capacity: 1).initialize(to: shard)
    }

    func deinitialize() {
        self.shard.deinitialize(count: 1)
        self.state.deinitialize(count: 1)
    }

    /// Calls `body` with the shard, which nobody else has meanwhile.
    @inlinable
    @inline(__always)
    func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout Shard) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        if !self.tryToTake() { self.wait() }
        defer { self.state.pointee.store(false, ordering: .releasing) }
        return try body(&self.shard.pointee)
    }

    @inlinable
    @inline(__always)
    func tryToTake() -> Bool {
        !self.state.pointee.exchange(true, ordering: .acquiring)
    }

    /// Looks that are taken in a row, and turns that are given to other threads before the first nap.
    private static var looks: Int { 40 }
    private static var turns: Int { 20 }
    /// In microseconds: about what evicting a portion takes.
    private static var nap: UInt32 { 50 }

    @usableFromInline
    @inline(never)
    func wait() {
        var turns = 0
        while true {
            for _ in 0..<Self.looks {
                // Reading alone does not take the line from the holder.
                if !self.state.pointee.load(ordering: .relaxed), self.tryToTake() { return }
            }
            turns += 1
            if turns <= Self.turns {
                sched_yield()
            } else {
                usleep(Self.nap)
            }
        }
    }
}

// A view of memory that a shard table owns.
@available(*, unavailable)
extension ShardLock: Sendable {}
