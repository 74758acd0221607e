/// How often keys have been asked for, roughly, whether their entries are here or not: a count-min sketch (Cormode and
/// Muthukrishnan, 2005) whose counters forget (Einziger, Friedman and Manes, "TinyLFU", 2017).
///
/// A key has four counters of four bits, all in one cache line, and the smallest of them is its estimate. Counting raises
/// only those that are the smallest (conservative update), which keeps keys apart that share counters by chance.
///
/// After some counting all counters are halved, so that yesterday's favourites do not stay for ever. That is not done for
/// all at once: each line knows up to which halving it has been halved, and catches up when it is touched.
///
/// The sketch grows by doubling, line by line into two, and loses nothing by it: which line a key has is its hash scaled
/// to their number.
// Sendable: it owns its memory and, not being copyable, shares it with nobody.
@usableFromInline
struct FrequencySketch: ~Copyable, @unchecked Sendable {
    private typealias Word = UInt64

    /// A line is eight words of sixteen counters.
    ///
    /// The uppermost counter of its first word is no counter but the age of the line: the number of halvings, modulo 16.
    @usableFromInline private(set) var words: UnsafeMutablePointer<UInt64>
    private(set) var lines: UInt64
    private var halvings: UInt64 = 0
    private var additions = 0

    private static var wordsPerLine: Int { 8 }
    private static var lineBytes: Int { 64 }
    private static var rows: UInt64 { 4 }
    private static var highest: UInt64 { 15 }
    private static var ageShift: UInt64 { 60 }
    /// Of the four bits that tell a counter in a word: the one that is the first line's age.
    private static var agePlace: UInt64 { 15 }

    /// Bytes of sketch for each entry of the cache: with 4, the mean hit ratio on recorded traces was 0.5 points lower,
    /// with 16 it was 0.1 points higher.
    static var bytesPerEntry: Int { 9 }

    /// Additions for each entry of the cache until the first halving, and half as many from one halving to the next.
    ///
    /// Anything from 14 to 28 does; with 5, loops are forgotten before they come round.
    private static var additionsPerEntry: Int { 20 }

    /// Makes a sketch with so many lines to begin with.
    init(lines: Int) {
        self.lines = UInt64(max(1, lines))
        self.words = Self.allocate(Int(self.lines))
        self.words.initialize(repeating: 0, count: Int(self.lines) * Self.wordsPerLine)
    }

    // Inlinable: see `TagIndex.deinit`.
    @inlinable
    deinit {
        self.words.deallocate()
    }

    private static func allocate(_ lines: Int) -> UnsafeMutablePointer<UInt64> {
        // A cache line's alignment, so that no line lies on two.
        UnsafeMutableRawPointer.allocate(byteCount: lines * Self.lineBytes, alignment: Self.lineBytes)
            .bindMemory(to: UInt64.self, capacity: lines * Self.wordsPerLine)
    }

    var bytes: Int { Int(self.lines) * Self.lineBytes }

    /// Whether the sketch is too small for a cache of so many entries.
    func isSmall(for entries: Int) -> Bool {
        entries * Self.bytesPerEntry > self.bytes
    }

    /// Doubles the number of lines.
    ///
    /// - Complexity: O(*n*), some 2 ns an entry.
    mutating func grow() {
        let old = self.words
        let new = Self.allocate(Int(self.lines) * 2)
        for line in 0..<Int(self.lines) {
            let source = old + line * Self.wordsPerLine
            (new + 2 * line * Self.wordsPerLine).initialize(from: source, count: Self.wordsPerLine)
            (new + (2 * line + 1) * Self.wordsPerLine).initialize(from: source, count: Self.wordsPerLine)
        }
        old.deallocate()
        self.words = new
        self.lines *= 2
    }

    /// How often the key with this hash was counted, from 0 to 15; in part since the last halving, and in ever smaller
    /// parts before.
    mutating func estimate(_ hash: UInt32) -> Int {
        let line = self.line(of: hash)
        var places = Places(hash)
        var least = Self.highest
        for row in 0..<Self.rows {
            let (word, shift) = places.next(row)
            least = min(least, (line[word] &>> shift) & Self.highest)
        }
        return Int(least)
    }

    /// Counts the key with this hash once more.
    ///
    /// - Parameters:
    ///   - hash: The hash.
    ///   - entries: How many entries the cache has, by which it is known when to halve.
    mutating func add(_ hash: UInt32, entries: Int) {
        let line = self.line(of: hash)
        var least = Self.highest
        var places = Places(hash)
        for row in 0..<Self.rows {
            let (word, shift) = places.next(row)
            least = min(least, (line[word] &>> shift) & Self.highest)
        }
        guard least < Self.highest else { return }
        places = Places(hash)
        for row in 0..<Self.rows {
            let (word, shift) = places.next(row)
            if (line[word] &>> shift) & Self.highest == least { line[word] &+= 1 &<< shift }
        }
        self.additions &+= 1
        if self.additions >= entries &* Self.additionsPerEntry {
            self.halvings &+= 1
            self.additions /= 2
        }
    }

    /// The line of a hash, halved as often as all are by now.
    private func line(of hash: UInt32) -> UnsafeMutablePointer<UInt64> {
        var spread = hash &* 0x9E37_79B1
        spread ^= spread &>> 16
        spread = spread &* 0x7FEB_352D
        let line = self.words + Int((UInt64(spread) &* self.lines) &>> 32) &* Self.wordsPerLine
        let behind = (self.halvings &- (line[0] &>> Self.ageShift)) & 0xF
        if behind != 0 { self.halve(line, times: min(behind, 4)) }
        return line
    }

    private func halve(_ line: UnsafeMutablePointer<UInt64>, times: UInt64) {
        let mask = 0x1111_1111_1111_1111 &* (Self.highest &>> times)
        for word in 0..<Self.wordsPerLine {
            line[word] = (line[word] &>> times) & mask
        }
        let counters = line[0] & ((1 &<< Self.ageShift) &- 1)
        line[0] = counters | (self.halvings & 0xF) &<< Self.ageShift
    }

    /// Where in its line a hash has its counters: one in each pair of words.
    private struct Places {
        private var bits: UInt32

        @inline(__always)
        init(_ hash: UInt32) {
            let spread = hash &* 0x85EB_CA6B
            self.bits = spread ^ (spread &>> 15)
        }

        @inline(__always)
        mutating func next(_ row: UInt64) -> (word: Int, shift: UInt64) {
            let word = Int(row &* 2) &+ Int(self.bits & 1)
            var place = UInt64((self.bits &>> 1) & 0xF)
            if word == 0, place == FrequencySketch.agePlace { place = 7 }
            self.bits &>>= 5
            return (word, place &* 4)
        }
    }
}
