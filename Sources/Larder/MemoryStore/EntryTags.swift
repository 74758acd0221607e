/// What an entry or a lease of a memory store is bound to: tags, as they were when somebody took them.
///
/// Entries that are written together share it.
final class EntryTags: Sendable {
    /// The record is kept by its mark; retaining it for a look at two numbers would cost more than the look.
    private struct Bond: Sendable {
        let record: Unmanaged<TagRecord>
        let generation: UInt64
        let freshness: UInt64

        @inline(__always)
        var isDead: Bool { self.record._withUnsafeGuaranteedRef { $0.generation } != self.generation }

        @inline(__always)
        var isExpired: Bool { self.record._withUnsafeGuaranteedRef { $0.freshness } != self.freshness }
    }

    /// The tags, as readers get them.
    let marks: [TagMark]
    private let bonds: [Bond]

    /// - Parameter marks: The tags, each once, with records of a memory store.
    init(_ marks: [TagMark]) {
        self.marks = marks
        self.bonds = marks.map { mark in
            guard let record = mark.record as? TagRecord else {
                preconditionFailure("A mark that entries are bound to has a record")
            }
            return Bond(
                record: .passUnretained(record),
                generation: mark.generation,
                freshness: mark.freshness
            )
        }
    }

    /// Whether no tag was invalidated or expired since.
    @inline(__always)
    var isFresh: Bool { self.bonds.allSatisfy { !$0.isDead && !$0.isExpired } }

    /// Whether a tag was invalidated since.
    var isDead: Bool { self.bonds.contains { $0.isDead } }

    /// Whether a tag was expired since.
    var isExpired: Bool { self.bonds.contains { $0.isExpired } }

    /// A tag that was invalidated since.
    var deadTag: String? { self.bonds.firstIndex { $0.isDead }.map { self.marks[$0].name } }

    /// A tag that was expired since.
    var expiredTag: String? { self.bonds.firstIndex { $0.isExpired }.map { self.marks[$0].name } }
}

/// The tags of an entry that is about to be committed: those of its lease, those that its fill took, and those that came
/// with its value.
///
/// Put together before the entry's shard is locked, and judged when it is.
struct CommitTags: Sendable {
    /// `nil` where the lease's are all there are.
    private let tags: EntryTags?
    /// The records of those that came with the value.
    private let late: [TagRecord]
    /// Whether nobody is bound any more to a tag that the fill took, or it took one in two states: the value is of no use.
    private let isLost: Bool

    init(_ commit: EntryCommit, in table: TagTable) {
        guard !commit.marks.isEmpty || !commit.lateTags.isEmpty else {
            self.tags = nil
            self.late = []
            self.isLost = false
            return
        }
        var merged = MergedMarks(table)
        for mark in commit.lease.marks { merged.add(mark) }
        for mark in commit.marks { merged.add(mark) }
        self.late = table.records(commit.lateTags)
        // The generation is loaded here, and the serial compared with the shard locked, so after it.
        for record in self.late { merged.addLate(record) }
        self.isLost = merged.isLost
        self.tags = merged.isLost ? nil : EntryTags(merged.marks)
    }

    /// Judges the tags, after the lease has been redeemed and while its key's shard is locked: whoever still found the
    /// lease has found it before this, so what was invalidated before is seen here.
    ///
    /// - Parameter lease: What the lease was granted with.
    /// - Returns: Whether the entry may be written, and with which tags.
    func judged(_ lease: LeaseTerms) -> (mayWrite: Bool, tags: EntryTags?) {
        guard !self.isLost, lease.tags?.isDead != true else { return (false, nil) }
        guard let tags = self.tags else { return (true, lease.tags) }
        guard !tags.isDead, self.late.allSatisfy({ $0.serial <= lease.serial }) else { return (false, nil) }
        return (true, tags)
    }
}

/// Marks from several places, of which several can be of one tag.
private struct MergedMarks {
    private let table: TagTable
    private var places: [ObjectIdentifier: Int] = [:]
    private(set) var marks: [TagMark] = []
    private(set) var isLost = false

    init(_ table: TagTable) {
        self.table = table
    }

    mutating func add(_ mark: TagMark) {
        // One that somebody kept as numbers, or that belongs to another store, is looked up by its name.
        let own = (mark.record as? TagRecord).flatMap { $0.table === self.table ? $0 : nil }
        guard let record = own ?? self.table.liveRecord(mark.name) else {
            self.isLost = true
            return
        }
        guard let place = self.places[ObjectIdentifier(record)] else {
            self.places[ObjectIdentifier(record)] = self.marks.count
            self.marks.append(
                TagMark(
                    name: record.name,
                    generation: mark.generation,
                    freshness: mark.freshness,
                    record: record
                )
            )
            return
        }
        let kept = self.marks[place]
        if kept.generation != mark.generation { self.isLost = true }
        // Of two states the older counts, and that is not the one of now.
        if kept.freshness != mark.freshness, kept.freshness == record.freshness {
            self.marks[place] = TagMark(
                name: record.name,
                generation: mark.generation,
                freshness: mark.freshness,
                record: record
            )
        }
    }

    /// Adds a tag as it is now, unless the fill has taken it before.
    mutating func addLate(_ record: TagRecord) {
        if self.places[ObjectIdentifier(record)] == nil { self.add(record.mark) }
    }
}
