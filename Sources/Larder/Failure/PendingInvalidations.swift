/// The invalidations that the store has not heard of, each once.
///
/// Nothing is written before all of them are carried out, and invalidating twice is as good as once. So their order among
/// themselves does not matter: those of a kind go together, and `clear` takes the place of all that wait with it, whether
/// they came before or after.
struct PendingInvalidations {
    /// How many are kept at most.
    let limit: Int
    /// In the order in which they came.
    private(set) var waiting: [Invalidation] = []
    private var known: Set<Invalidation> = []
    /// What the store is being told just now; it comes back if that fails.
    private var underWay: [Invalidation] = []

    /// The most keys that are named in one call.
    static let longestBatch = 1_000

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { self.waiting.count + self.underWay.count }

    var isEmpty: Bool { self.count == 0 }

    /// All of them.
    var all: [Invalidation] { self.underWay + self.waiting }

    /// What has to be added so that these are kept: those that are waiting already need not.
    ///
    /// What the store is being told just now has to be added again: it may have been carried out before what it is to
    /// invalidate this time.
    ///
    /// - Returns: `nil` where there is no room.
    func news(in invalidations: [Invalidation]) -> [Invalidation]? {
        if self.known.contains(.clear) { return [] }
        if invalidations.contains(.clear) { return [.clear] }
        var seen: Set<Invalidation> = []
        let news = invalidations.filter { invalidation in
            if self.known.contains(invalidation) { return false }
            if case .tag(let tag, .stale) = invalidation, self.known.contains(.tag(tag, .dead)) { return false }
            return seen.insert(invalidation).inserted
        }
        return self.count + news.count <= self.limit ? news : nil
    }

    /// Keeps an invalidation, whether there is room or not.
    mutating func add(_ invalidation: Invalidation) {
        if self.known.contains(.clear) { return }
        if invalidation == .clear {
            self.waiting = []
            self.known = []
        }
        if self.known.insert(invalidation).inserted { self.waiting.append(invalidation) }
    }

    /// Takes what the store is to be told next; ``batchEnded(isDone:)`` follows.
    ///
    /// - Returns: `nil` where nothing waits.
    mutating func takeBatch() -> InvalidationBatch? {
        guard let first = self.waiting.first else { return nil }
        var taken: [Invalidation] = []
        var rest: [Invalidation] = []
        for invalidation in self.waiting {
            if taken.count < Self.longestBatch, taken.isEmpty || first.goes(with: invalidation) {
                taken.append(invalidation)
                self.known.remove(invalidation)
            } else {
                rest.append(invalidation)
            }
        }
        self.waiting = rest
        self.underWay = taken
        switch first {
        case .key:
            return .keys(taken.compactMap { if case .key(let key) = $0 { key } else { nil } })
        case .tag(_, let manner):
            return .tags(taken.compactMap { if case .tag(let tag, _) = $0 { tag } else { nil } }, manner)
        case .pattern(let pattern):
            return .pattern(pattern)
        case .clear:
            return .clear
        }
    }

    /// The store has been told, or could not be.
    mutating func batchEnded(isDone: Bool) {
        let (taken, rest) = (self.underWay, self.waiting)
        self.underWay = []
        if isDone { return }
        self.waiting = []
        self.known = []
        for invalidation in taken + rest { self.add(invalidation) }
    }
}

extension Invalidation {
    /// Whether both can be told in one call.
    fileprivate func goes(with other: Self) -> Bool {
        switch (self, other) {
        case (.key, .key): true
        case (.tag(_, let one), .tag(_, let two)): one == two
        default: false
        }
    }
}
