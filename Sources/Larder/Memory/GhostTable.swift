#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Remembers which keys left not long ago, by a fingerprint each: four bytes a key, and no order to keep.
///
/// Groups of four words; a word is a fingerprint of 16 bits and the time of leaving, also in 16 bits. Time is counted in
/// insertions, coarsely: a key is remembered for `memory` insertions, and that is 4,096 units of time or fewer. A new
/// ghost takes the place of the oldest of its group, so nothing is ever cleaned up. (S3-FIFO's authors propose this
/// instead of a queue: a queue in exact order costs three times the memory and cannot be told from it in hit ratio.)
///
/// A key that was never here is taken for a ghost about four times in 65,536, which does no harm.
// Sendable: it owns its memory and, not being copyable, shares it with nobody.
@usableFromInline
struct GhostTable: ~Copyable, @unchecked Sendable {
    @usableFromInline private(set) var words: UnsafeMutablePointer<UInt32>?
    private var groups: UInt64 = 0
    /// Insertions so far.
    private var time: UInt64 = 0
    /// A unit of the time in a word is this power of two of insertions.
    private var unitShift: UInt64 = 0
    /// For how many insertions a ghost is remembered.
    private(set) var memory = 0

    private static var groupSize: Int { 4 }
    /// A ghost's memory in units of time: few enough that the 16 bits wrap only long after the word was reused.
    private static var units: Int { 4096 }

    init() {}

    // Inlinable: see `TagIndex.deinit`.
    @inlinable
    deinit {
        self.freeWords()
    }

    @usableFromInline
    func freeWords() {
        free(self.words)
    }

    var bytes: Int {
        Int(self.groups) * Self.groupSize * MemoryLayout<UInt32>.stride
    }

    /// Sets for how many insertions a ghost is remembered.
    ///
    /// Growing beyond the table's room forgets all ghosts.
    mutating func remember(_ memory: Int) {
        self.memory = memory
        let groupsNeeded = UInt64(max(1, (memory + memory / 3) / Self.groupSize + 1))
        guard groupsNeeded > self.groups else { return }
        self.freeWords()
        let groups = max(groupsNeeded, self.groups * 2)
        // Zero is a word that was never used. Large blocks are zero as they come from the system, page by page when they
        // are first written to; clearing one here would take a while with the shard locked.
        let bytes = calloc(Int(groups) * Self.groupSize, MemoryLayout<UInt32>.stride)
        self.words = bytes?.assumingMemoryBound(to: UInt32.self)
        self.groups = groups
        self.unitShift = 0
        while memory >> Int(self.unitShift) > Self.units { self.unitShift += 1 }
        // One unit in, so that no ghost's word is zero for its time.
        self.time = 1 << self.unitShift
    }

    /// Whether a key with this hash left not long ago.
    ///
    /// It is forgotten by being asked for.
    mutating func take(_ hash: UInt32) -> Bool {
        guard let words = self.words else { return false }
        let (group, fingerprint) = self.place(hash)
        for index in group..<group + Self.groupSize where words[index] & 0xFFFF == fingerprint {
            let isRemembered = self.age(words[index]) << self.unitShift <= UInt64(self.memory)
            words[index] = 0
            if isRemembered { return true }
        }
        return false
    }

    /// Remembers that the key with this hash left.
    mutating func insert(_ hash: UInt32) {
        guard let words = self.words else { return }
        self.time += 1
        let (group, fingerprint) = self.place(hash)
        var oldest = group
        var oldestAge: UInt64 = 0
        for index in group..<group + Self.groupSize {
            if words[index] == 0 {
                oldest = index
                break
            }
            let age = self.age(words[index])
            if age >= oldestAge {
                oldest = index
                oldestAge = age
            }
        }
        words[oldest] = UInt32(truncatingIfNeeded: (self.time >> self.unitShift) << 16) | fingerprint
    }

    mutating func removeAll() {
        self.words?.update(repeating: 0, count: Int(self.groups) * Self.groupSize)
    }

    private func place(_ hash: UInt32) -> (group: Int, fingerprint: UInt32) {
        // The hash's bits once more, spread by a multiplication: the group from the upper half, the print from below.
        let spread = UInt64(hash) &* 0x9E37_79B9_7F4A_7C15
        let group = ((spread >> 32) * self.groups) >> 32
        let fingerprint = UInt32(truncatingIfNeeded: spread >> 16) & 0xFFFF
        // Never zero, so that a word in use is never zero.
        return (Int(group) * Self.groupSize, max(fingerprint, 1))
    }

    private func age(_ word: UInt32) -> UInt64 {
        ((self.time >> self.unitShift) &- UInt64(word >> 16)) & 0xFFFF
    }
}
