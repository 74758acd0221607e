import Larder

/// The generations of a namespace and of some of its tags, as they were read: each tag's before the stamp, and all after the call
/// had begun.
struct GenerationView: Sendable {
    /// `nil` where there is none, or where it was not read.
    var stamp: NamespaceStamp?
    var serial: UInt64 = 0
    /// Which servers were lost.
    var roster = ServerRoster()
    /// What changes the stamp's item only if nobody has since.
    var stampVersion: UInt64 = 0
    /// The connection that all was read on.
    var connection: UInt64 = 0
    /// The records; of a tag that was looked at and has none, nothing.
    private var records: [TagName: TagRecord] = [:]

    /// What was found of a tag.
    struct TagRecord: Sendable {
        var item: TagItem?
        var version: UInt64
    }

    /// The stamp as it is for an item: with the generation under which entries are stored where it lies.
    func stamp(for found: FoundItem) -> NamespaceStamp? {
        guard let stamp = self.stamp else { return nil }
        if self.roster.records.isEmpty { return stamp }
        let generation = self.roster.generation(stamp.generation, on: found.server, behind: found.detour)
        return NamespaceStamp(generation: generation, epoch: stamp.epoch)
    }

    /// Takes what was read of a tag.
    mutating func note(_ item: TagItem?, version: UInt64, of tag: String) {
        self.records[TagName(tag)] = TagRecord(item: item, version: version)
    }

    /// What was read of a tag; `nil` where nobody has looked at it.
    func record(of tag: String) -> TagRecord? {
        self.records.isEmpty ? nil : self.records[TagName(tag)]
    }

    /// The marks of tags that have records.
    ///
    /// - Returns: The marks; `nil` where one has none.
    func marks(of tags: [String]) -> [TagMark]? {
        var marks: [TagMark] = []
        for tag in tags {
            guard let item = self.record(of: tag)?.item else { return nil }
            marks.append(item.mark(tag))
        }
        return marks
    }

    /// What tags make of an entry or a lease.
    enum TagJudgement: Equatable {
        /// All are as they were, one was expired, one was invalidated or lost.
        case fresh
        case stale(String)
        case dead(String)
        /// The record of one was not read.
        case unknown
    }

    /// Judges marks by the records.
    func judge(_ marks: [TagMark]) -> TagJudgement {
        var judgement = TagJudgement.fresh
        for mark in marks {
            guard let record = self.record(of: mark.name) else { return .unknown }
            guard let item = record.item, item.generation == mark.generation else { return .dead(mark.name) }
            if item.freshness != mark.freshness, judgement == .fresh { judgement = .stale(mark.name) }
        }
        return judgement
    }
}

/// A tag's name that is compared by its bytes: text that only looks alike is one `String` and two tags.
struct TagName: Sendable, Hashable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    static func == (left: Self, right: Self) -> Bool {
        left.text == right.text && left.text.utf8.elementsEqual(right.text.utf8)
    }

    func hash(into hasher: inout Hasher) {
        for byte in self.text.utf8 { hasher.combine(byte) }
    }

    /// The names that all of these have, each once, in their order.
    static func union(_ lists: some Sequence<[String]>) -> [String] {
        var seen = Set<Self>()
        var names: [String] = []
        for list in lists {
            for name in list where seen.insert(Self(name)).inserted { names.append(name) }
        }
        return names
    }
}
