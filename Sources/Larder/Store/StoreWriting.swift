/// When an entry is to be written.
public enum WriteCondition: Sendable {
    /// In any case.
    case always
    /// Only where there is no fresh entry.
    case ifAbsent
    /// Only where there is a fresh entry.
    case ifPresent
}

/// An entry to be written.
public struct EntryWrite: Sendable {
    /// Its name.
    public var key: StoreKey

    /// Its value.
    public var value: EntryValue

    /// Turns the value into bytes, for stores that keep bytes.
    public var coder: any EntryCoder

    /// How long it is to live.
    public var lifetime: EntryLifetime

    /// What its fill took; `nil` where there was none.
    public var fillCost: Duration?

    /// Its tags, whose generations are those of the moment of writing; ignored in an ``EntryCommit``.
    public var tags: [String]

    /// Describes an entry to be written.
    ///
    /// - Parameters:
    ///   - key: Its name.
    ///   - value: Its value.
    ///   - coder: Turns the value into bytes.
    ///   - lifetime: How long it is to live.
    ///   - fillCost: What its fill took.
    ///   - tags: Its tags, each once.
    public init(
        key: StoreKey,
        value: EntryValue,
        coder: any EntryCoder,
        lifetime: EntryLifetime,
        fillCost: Duration? = nil,
        tags: [String] = []
    ) {
        self.key = key
        self.value = value
        self.coder = coder
        self.lifetime = lifetime
        self.fillCost = fillCost
        self.tags = tags
    }
}

/// An entry to be written under a lease.
public struct EntryCommit: Sendable {
    /// The entry.
    public var write: EntryWrite

    /// The lease that its reader was granted, with the tags that were known then.
    public var lease: Lease

    /// Tags that the fill took while it ran.
    ///
    /// One can stand here twice, or here and in the lease.
    public var marks: [TagMark]

    /// Tags that became known when the value was there already.
    public var lateTags: [String]

    /// Joins an entry, its lease and its tags.
    ///
    /// - Parameters:
    ///   - write: The entry.
    ///   - lease: The lease that its reader was granted.
    ///   - marks: Tags that the fill took while it ran.
    ///   - lateTags: Tags that became known when the value was there already.
    public init(write: EntryWrite, lease: Lease, marks: [TagMark] = [], lateTags: [String] = []) {
        self.write = write
        self.lease = lease
        self.marks = marks
        self.lateTags = lateTags
    }
}
