// Immutable, as every box.
/// An entry of the lower tier as the upper one keeps it: in a box of its own, so that a hit costs no copy of all this.
final class TieredCopy: ValueBox, @unchecked Sendable {
    /// The store that made the copy.
    let owner: UInt64
    /// The value; where the lower tier keeps bytes, what they decode to.
    let value: EntryValue
    /// The lower tier's marks: with them readers bind what they make of the value, and the lower tier compares them.
    let marks: [TagMark]
    /// When the entry below stops being fresh, or a moment earlier; never, for ever.
    let freshUntil: CacheInstant
    private let freshFor: Duration?
    private let grace: Duration
    private let fillCost: Duration?

    /// Copies an entry.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - owner: The store that makes the copy.
    ///   - freshUntil: When the entry stops being fresh, by the upper tier's clock.
    init(_ entry: StoredEntry, owner: UInt64, freshUntil: CacheInstant) {
        self.owner = owner
        self.value = entry.value
        self.marks = entry.marks
        self.freshUntil = freshUntil
        self.freshFor = entry.freshFor
        self.grace = entry.grace
        self.fillCost = entry.fillCost
        super.init(typeID: ObjectIdentifier(TieredCopy.self))
    }

    /// The copy in a box; `nil` where the box holds something else.
    @inline(__always)
    static func held(by box: ValueBox) -> TieredCopy? {
        box.holds(TieredCopy.self) ? unsafeDowncast(box, to: TieredCopy.self) : nil
    }

    /// The copy itself: whoever looks into any box learns that this one is no user's.
    override var content: any Sendable { self }

    /// Whether the entry is fresh yet.
    @inline(__always)
    func isFresh(_ clock: CacheClock) -> Bool {
        self.freshUntil == .distantFuture || !clock.hasPassed(self.freshUntil)
    }

    /// Whether a reader gets the value as the type that it reads.
    func suits(_ coder: any EntryCoder) -> Bool {
        if case .object(let box) = self.value { coder.accepts(box) } else { true }
    }

    /// The entry as readers get it, its age going on.
    func stored(_ clock: CacheClock, wantsTimes: Bool) -> StoredEntry {
        var left: TimeLeft?
        if wantsTimes {
            left =
                self.freshUntil == .distantFuture
                ? .forever : .remaining(clock.now.duration(to: self.freshUntil))
        }
        var entry = StoredEntry(value: self.value, timeLeft: left, freshFor: self.freshFor, fillCost: self.fillCost)
        entry.grace = self.grace
        entry.marks = self.marks
        return entry
    }
}
