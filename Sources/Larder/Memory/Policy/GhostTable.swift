#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Remembers which keys left not long ago, by a fingerprint each and in no order.
///
/// A word is a fingerprint of 16 bits and the time of leaving, counted in ghosts, also in 16 bits. A key has two places
/// for it side by side, of which the older is overwritten, so nothing is ever cleaned up; there are twice as many places
/// as ghosts to remember. (The authors of S3-FIFO propose such a table instead of a queue: a queue in exact order costs
/// three times the memory and cannot be told from it in hit ratio.)
///
/// A key that was never here is taken for a ghost about once in 65,536 times, which does no harm.
// Sendable: it owns its memory and, not being copyable, shares it with nobody.
@usableFromInline
struct GhostTable: ~Copyable, @unchecked Sendable {
    /// Zero is a word that was never used.
    @usableFromInline private(set) var words: UnsafeMutablePointer<UInt32>?
    /// How many words there are: an even number.
    private var count: UInt64 = 0
    private var time: UInt32 = 0
    /// How many ghosts are remembered.
    private(set) var size = 0

    /// Older words cannot be told from newer ones once the 16 bits of time have gone round.
    private static var mostGhosts: Int { 1 << 15 }

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
        Int(self.count) * MemoryLayout<UInt32>.stride
    }

    /// Sets how many ghosts are remembered.
    ///
    /// Where there is no room for so many, all are forgotten.
    mutating func resize(to size: Int) {
        self.size = min(max(1, size), Self.mostGhosts)
        guard self.size * 2 > Int(self.count) else { return }
        self.freeWords()
        // At least half as large again, so that a cache whose entries get smaller does not begin anew all the time.
        self.count = max(4, UInt64(self.size) * 2, self.count + self.count / 4 * 2)
        // Large blocks are zero as they come from the system, page by page when they are first written to; clearing one
        // here would take a while with the shard locked.
        let bytes = calloc(Int(self.count), MemoryLayout<UInt32>.stride)
        self.words = bytes?.assumingMemoryBound(to: UInt32.self)
    }

    /// Whether a key with this hash left not long ago.
    ///
    /// It is forgotten by being asked for.
    mutating func take(_ hash: UInt32) -> Bool {
        guard let words = self.words else { return false }
        let (place, fingerprint) = self.place(hash)
        for place in [place, place ^ 1]
        where words[place] >> 16 == fingerprint && self.age(words[place]) < UInt32(self.size) {
            words[place] = 0
            return true
        }
        return false
    }

    /// Remembers that the key with this hash left.
    mutating func insert(_ hash: UInt32) {
        guard let words = self.words else { return }
        let (place, fingerprint) = self.place(hash)
        self.time = (self.time &+ 1) & 0xFFFF
        let older = self.age(words[place]) >= self.age(words[place ^ 1]) ? place : place ^ 1
        words[older] = fingerprint << 16 | self.time
    }

    private func place(_ hash: UInt32) -> (place: Int, fingerprint: UInt32) {
        var spread = hash ^ (hash >> 16)
        spread = spread &* 0x7FEB_352D
        spread ^= spread >> 15
        // Never zero, so that a word in use is never zero.
        return (Int((UInt64(spread) &* self.count) >> 32), (spread & 0xFFFF) | 1)
    }

    private func age(_ word: UInt32) -> UInt32 {
        word == 0 ? .max : (self.time &- word) & 0xFFFF
    }
}
