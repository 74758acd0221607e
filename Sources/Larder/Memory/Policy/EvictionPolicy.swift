/// The eviction policy: which entry leaves when there is no room.
///
/// ## The idea
///
/// Most keys of a cache's traffic are asked for once and never again while their entry is there, so an entry has to earn
/// its place. A new one goes into a *window*, a FIFO queue. At its end it meets the entry that the *main* queue would
/// give up first, and the one whose key was asked for more often, as a *sketch* remembers it of many more keys than there
/// are entries, stays or moves to main; the other leaves. That is W-TinyLFU [1], and it holds what loops, scans and
/// skewed traffic need.
///
/// What breaks it is traffic where recency is everything: new keys need time in the window to be asked for again, and how
/// much of it no fixed share gives to all. So two small *ghosts*, of equal size, remember which entries were refused at
/// the end of the window and which were evicted from main. A key that comes back and is found in the first would have
/// been a hit with a larger window, one in the second with a larger main queue: the window grows or shrinks by one place
/// each time, towards where room earns more. A loop longer than the cache finds neither, and the window stays small.
///
/// ## What a hit costs
///
/// One bit, and that is written only where it is not set. The bit gives an entry another round when it comes to the end
/// of its queue (CLOCK), and is told to the sketch then. Counting each hit in the sketch would cost more and, measured,
/// lose 0.3 points: a burst of hits says little about the future.
///
/// ## What bounds its work
///
/// - Neither hand passes more than 16 entries for one eviction.
/// - An entry of main that has won 128 contests goes round: a favourite of the past with a high count must not keep
///   everybody out until the sketch has forgotten it.
/// - Halving and growing of the sketch are described there.
///
/// ## Costs
///
/// Where entries have costs, the sizes of the queues are sums of them, and a place is what an entry costs on average.
/// Contests are about how often, whatever the cost: a cache that prefers small entries has more hits, and fewer bytes of
/// them.
///
/// The rest of the cache knows only what this type says of itself: `recordHit`, `arrive`, `admit`, `remove`, `evict`,
/// `changeCost` and `capacity`. It holds neither keys nor values; an entry is its slot. It takes 20 bytes a slot: nine in
/// flat tables, nine in the sketch and two in the ghosts; and eight more for the cost, where costs differ.
///
/// How it was found, with figures, and what else was tried: `docs/eviction-policy.md`.
///
/// ## References
///
/// 1. Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission Policy", ACM Transactions on Storage 13,
///    2017. https://doi.org/10.1145/3149371
/// 2. Megiddo, Modha: "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003, for steering by ghosts.
/// 3. Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP 2023, for queues that move
///    nothing on a hit. https://doi.org/10.1145/3600006.3613147
// Sendable: it owns its memory and, not being copyable, shares it with nobody.
@usableFromInline
struct EvictionPolicy: ~Copyable, @unchecked Sendable {
    /// One byte a slot: where the entry is, and what happened to it.
    @usableFromInline private(set) var marks: SlotTable<UInt8>
    var links: SlotTable<SlotLinks>
    /// What each slot costs; empty when every entry costs 1.
    private var costs: SlotTable<Int>

    /// The sum of costs that the queues may hold together.
    ///
    /// When it is lowered, the caller evicts what is too much.
    @usableFromInline var capacity: Int {
        didSet { self.target = min(max(self.target, self.smallestWindow), self.largestWindow) }
    }
    let isWeighted: Bool
    var window = SlotQueue()
    var main = SlotQueue()
    var sketch: FrequencySketch
    /// Entries that lost their contest at the end of the window.
    var refused = GhostTable()
    /// Entries that left main.
    var dropped = GhostTable()
    /// What the window may cost.
    private(set) var target: Double
    /// Contests that the entry at main's end has won in a row.
    var wins = 0
    /// Whether the cache has been full, and half full at least since then.
    ///
    /// What one heavy entry leaves free is no reason to take up many light ones without a contest.
    private var isFull = false

    /// The entry was asked for since a hand last met it.
    @inlinable static var hit: UInt8 { 0b001 }
    static var inMain: UInt8 { 0b010 }
    /// The key was refused, and came back soon.
    static var cameBack: UInt8 { 0b100 }

    /// The least share of the room that the window gets, and where it begins.
    private static var smallestShare: Double { 0.02 }
    private static var largestShare: Double { 0.8 }
    /// How fast the window returns to its least size while no ghost says otherwise: by this part of the distance in as
    /// many arrivals as there are entries.
    private static var pull: Double { 0.03 }
    /// Each ghost remembers one key for so many entries.
    private static var entriesPerGhost: Int { 8 }

    /// - Parameters:
    ///   - capacity: The sum of costs to hold at most.
    ///   - isWeighted: Whether costs other than 1 occur.
    ///   - shift: The tables are made in chunks of two to the power of this many slots.
    @usableFromInline
    init(capacity: Int, isWeighted: Bool, shift: UInt32 = 9) {
        self.capacity = capacity
        self.isWeighted = isWeighted
        self.marks = SlotTable(shift: shift)
        self.links = SlotTable(shift: shift)
        self.costs = SlotTable(shift: shift)
        self.sketch = FrequencySketch(lines: Self.firstLines(capacity: capacity, isWeighted: isWeighted))
        self.target = 0
        self.target = self.smallestWindow
    }

    /// With how many lines the sketch begins, so that doubling leads to what the capacity needs and little more.
    private static func firstLines(capacity: Int, isWeighted: Bool) -> Int {
        guard !isWeighted else { return 2 }
        // No cache has as many entries as may be asked for.
        var lines = (min(max(1, capacity), 1 << 32) * FrequencySketch.bytesPerEntry + 63) / 64
        while lines > 16 { lines = (lines + 1) / 2 }
        return max(2, lines)
    }

    private var smallestWindow: Double { max(1, Double(self.capacity) * Self.smallestShare) }
    private var largestWindow: Double { max(self.smallestWindow, Double(self.capacity) * Self.largestShare) }

    @usableFromInline
    var count: Int {
        self.window.count + self.main.count
    }

    @usableFromInline
    var cost: Int {
        self.window.cost + self.main.cost
    }

    var bytes: Int {
        self.marks.bytes + self.links.bytes + self.costs.bytes + self.sketch.bytes + self.refused.bytes
            + self.dropped.bytes
    }

    /// Makes room for the bookkeeping of this many slots.
    ///
    /// - Complexity: Nothing is copied or cleared but the chunks that are new, and the sketch when it doubles.
    @usableFromInline
    mutating func reserve(slots: Int) {
        guard slots > self.marks.capacity else { return }
        self.marks.reserve(slots, initial: 0)
        self.links.reserve(slots, initial: SlotLinks(older: TagIndex.none, newer: TagIndex.none))
        if self.isWeighted { self.costs.reserve(slots, initial: 0) }
        while self.sketch.isSmall(for: self.isWeighted ? slots : min(slots, self.capacity)) { self.sketch.grow() }
    }

    /// Tells that the entry in `slot` was asked for.
    @inlinable
    @inline(__always)
    func recordHit(_ slot: UInt32) {
        let place = self.marks.slots.place(slot)
        let mark = place.pointee
        // Reading is cheap, writing takes the line from the other core.
        if mark & Self.hit == 0 { place.pointee = mark | Self.hit }
    }

    /// Tells that a key is about to get an entry, before room is made for it, and steers.
    ///
    /// - Parameters:
    ///   - hash: The key's hash.
    ///   - cost: What its entry will cost.
    /// - Returns: Whether the key was refused not long ago.
    @usableFromInline
    mutating func arrive(_ hash: UInt32, cost: Int) -> Bool {
        let entries = self.count
        self.sketch.add(hash, entries: max(entries, 1))
        if self.cost > self.capacity - cost {
            self.isFull = true
        } else if self.cost < self.capacity / 2 {
            self.isFull = false
        }
        guard self.isFull else { return false }
        self.refused.resize(to: entries / Self.entriesPerGhost)
        self.dropped.resize(to: entries / Self.entriesPerGhost)
        let wasRefused = self.refused.take(hash)
        let wasDropped = self.dropped.take(hash)
        let step = Double(self.cost) / Double(max(entries, 1))
        var target = self.target
        if wasRefused { target += step }
        if wasDropped { target -= step }
        target -= (target - self.smallestWindow) * (Self.pull / Double(max(entries, 1)))
        self.target = min(max(target, self.smallestWindow), self.largestWindow)
        return wasRefused
    }

    /// Takes up a new entry.
    ///
    /// There must be room for its cost.
    @usableFromInline
    mutating func admit(_ slot: UInt32, cost: Int, cameBack: Bool) {
        if self.isWeighted { self.costs.slots[slot] = cost }
        self.marks.slots[slot] = cameBack ? Self.cameBack : 0
        self.window.push(slot, cost: cost, self.links.slots)
        if self.isFull {
            self.shrinkWindow(after: cost)
        } else {
            // While there is room for all, nothing is contested.
            var reach = Self.longestReach
            while reach > 0, Double(self.window.cost) > self.target, self.window.count > 1 {
                reach -= 1
                self.moveToMain(self.window.tail, atTail: false)
            }
        }
    }

    /// Moves an entry from the window's end to main's where the target has fallen: it is contested next.
    ///
    /// A window that is too large because a heavy entry came becomes smaller by itself, and a heavy entry would have main's
    /// protection.
    private mutating func shrinkWindow(after newcomer: Int) {
        let cost = self.window.cost - (self.isWeighted ? newcomer : 0)
        let oldest = self.window.tail
        guard Double(cost) > self.target, self.window.count > 1 else { return }
        guard !self.isWeighted || self.cost(of: oldest) <= 2 * (self.cost / self.count) else { return }
        self.moveToMain(oldest, atTail: true)
    }

    /// How many entries either hand passes at most for one eviction.
    static var longestReach: Int { 16 }

    /// Forgets an entry that somebody removed.
    @usableFromInline
    mutating func remove(_ slot: UInt32) {
        self.unlink(slot)
        self.marks.slots[slot] = 0
    }

    /// What the entry in `slot` costs.
    @usableFromInline
    func cost(of slot: UInt32) -> Int {
        self.isWeighted ? self.costs.slots[slot] : 1
    }

    /// Gives an entry whose value was replaced its new cost, which must be no more than `capacity`.
    ///
    /// Until the caller has evicted what is too much, keeping this slot, the sum may be above the capacity.
    @usableFromInline
    mutating func changeCost(of slot: UInt32, to cost: Int) {
        guard self.isWeighted, self.cost(of: slot) != cost else { return }
        self.unlink(slot)
        self.costs.slots[slot] = cost
        self.pushBack(slot)
    }

    // MARK: Queues

    func isInMain(_ slot: UInt32) -> Bool {
        self.marks.slots[slot] & Self.inMain != 0
    }

    mutating func unlink(_ slot: UInt32) {
        if self.isInMain(slot) {
            self.main.remove(slot, cost: self.cost(of: slot), self.links.slots)
        } else {
            self.window.remove(slot, cost: self.cost(of: slot), self.links.slots)
        }
    }

    private mutating func pushBack(_ slot: UInt32) {
        if self.isInMain(slot) {
            self.main.push(slot, cost: self.cost(of: slot), self.links.slots)
        } else {
            self.window.push(slot, cost: self.cost(of: slot), self.links.slots)
        }
    }

    /// Lets an entry go round in its queue.
    mutating func goRound(_ slot: UInt32) {
        self.unlink(slot)
        self.pushBack(slot)
    }

    mutating func moveToMain(_ slot: UInt32, atTail: Bool) {
        self.unlink(slot)
        self.marks.slots[slot] = Self.inMain
        if atTail {
            self.main.pushTail(slot, cost: self.cost(of: slot), self.links.slots)
        } else {
            self.main.push(slot, cost: self.cost(of: slot), self.links.slots)
        }
    }
}
