import Larder

/// What the cache's store has to hear of.
struct ChangeBatch: Sendable {
    /// Tags to be invalidated.
    var tags: Set<String> = []
    /// Keys to be removed.
    var keys: Set<String> = []
    /// The whole namespace is to be cleared instead: nothing less stands for as much as that.
    var clears = false
    /// How many marks it has placed where.
    var marks: [MarkSlot: UInt32] = [:]
    /// The number of the last change in it.
    var last: UInt64 = 0

    var isEmpty: Bool { !self.clears && self.tags.isEmpty && self.keys.isEmpty && self.marks.isEmpty }

    /// How many calls it takes to tell of it, were each made by itself.
    var count: Int { self.clears ? 1 : self.tags.count + self.keys.count }

    mutating func add(_ other: Self) {
        self.tags.formUnion(other.tags)
        self.keys.formUnion(other.keys)
        self.clears = self.clears || other.clears
        self.marks.merge(other.marks, uniquingKeysWith: +)
        self.last = max(self.last, other.last)
    }
}

/// Changes that the cache's store has not heard of: those that wait, and those that it is being told of.
///
/// Changes that wait go together: a store that is slow is told seldom, and of much at once.
struct ChangeQueue: Sendable {
    /// How many tags and keys wait at most before all that is cached of the database is invalidated instead, or all that is
    /// in its cache.
    let limit: Int
    /// The tag of all that is cached of the database.
    let everything: String
    private(set) var waiting = ChangeBatch()
    private(set) var underWay: ChangeBatch?
    /// How many changes there have been.
    private(set) var count: UInt64 = 0
    /// The number of the last change before which the store has heard of all.
    private(set) var settled: UInt64 = 0
    /// How many times in a row the store could not be told.
    private(set) var failures = 0

    init(limit: Int, everything: String) {
        self.limit = limit
        self.everything = everything
    }

    /// Whether the store has heard of all.
    var isSettled: Bool { self.settled == self.count }

    /// How many tags and keys the store has not heard of.
    var pending: Int {
        (self.underWay?.count ?? 0) + self.waiting.count
    }

    /// A commit has become visible.
    ///
    /// - Returns: The change's number.
    @discardableResult
    mutating func add(tags: some Sequence<String>, keys: some Sequence<String>, marks: [MarkSlot]) -> UInt64 {
        self.count += 1
        var change = ChangeBatch(tags: Set(tags), keys: Set(keys), last: self.count)
        for slot in marks { change.marks[slot, default: 0] += 1 }
        self.waiting.add(change)
        self.bound()
        return self.count
    }

    /// Keeps what waits bounded.
    ///
    /// The database's own tags have one that stands for all of them. Where keys and tags of the user's are too many as well,
    /// nothing stands for them but the namespace.
    private mutating func bound() {
        guard self.waiting.count > self.limit else { return }
        let prefixes = ["*", "/"].map { self.everything + $0 }
        self.waiting.tags = self.waiting.tags.filter { tag in !prefixes.contains { tag.hasPrefix($0) } }
        self.waiting.tags.insert(self.everything)
        guard self.waiting.count > self.limit else { return }
        self.waiting.tags = []
        self.waiting.keys = []
        self.waiting.clears = true
    }

    /// Takes what the store is to be told next; ``batchEnded(isDone:)`` follows.
    ///
    /// - Returns: `nil` where nothing waits, or the store is being told already.
    mutating func takeBatch() -> ChangeBatch? {
        guard self.underWay == nil, !self.waiting.isEmpty else { return nil }
        let batch = self.waiting
        self.waiting = ChangeBatch()
        self.underWay = batch
        return batch
    }

    /// The store has been told, or could not be.
    ///
    /// - Returns: The marks that are to be lifted.
    mutating func batchEnded(isDone: Bool) -> [MarkSlot: UInt32] {
        guard var batch = self.underWay else { return [:] }
        self.underWay = nil
        guard isDone else {
            self.failures += 1
            batch.add(self.waiting)
            self.waiting = batch
            self.bound()
            return [:]
        }
        self.failures = 0
        self.settled = batch.last
        return batch.marks
    }
}
