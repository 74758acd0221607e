/// The full name of an entry within its namespace.
public struct StoreKey: Sendable, Hashable {
    /// The version.
    public var version: Int

    /// The key's own text.
    public var name: String

    /// Names an entry.
    ///
    /// - Parameters:
    ///   - version: The version.
    ///   - name: The key's own text.
    @inline(__always)
    public init(version: Int, name: String) {
        self.version = version
        self.name = name
    }

    /// Whether two names are the same bytes, as stores compare them: text that only looks alike is another key.
    public static func == (left: Self, right: Self) -> Bool {
        left.version == right.version && left.name.hasSameBytes(as: right.name)
    }

    /// Hashes the version and the name's bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.version)
        self.name.hashBytes(into: &hasher)
    }
}

extension String {
    /// Whether both are the same bytes of UTF-8, not only the same characters.
    func hasSameBytes(as other: String) -> Bool {
        // Different characters are different bytes; the same ones mostly are the same bytes, found out at once.
        self == other && self.utf8.elementsEqual(other.utf8)
    }

    /// Hashes the bytes of UTF-8.
    func hashBytes(into hasher: inout Hasher) {
        let isDone: Void? = self.utf8.withContiguousStorageIfAvailable {
            hasher.combine(bytes: UnsafeRawBufferPointer($0))
        }
        if isDone == nil { for byte in self.utf8 { hasher.combine(byte) } }
        hasher.combine(UInt8.max)
    }
}

/// What a store found at once.
public enum ImmediateLookup: Sendable {
    /// The value of a fresh entry without tags.
    case fresh(EntryValue)
    /// The value of a fresh entry, and its tags as they were when it was filled.
    case tagged(EntryValue, [TagMark])
    /// No entry.
    case absent
    /// The store has to be asked and waited for.
    case unknown
}

/// What reading is to bring beside the values.
public struct ReadOptions: Sendable {
    /// Whether age and time left are wanted exactly.
    ///
    /// They cost some stores more work; without it they may be missing.
    public var wantsTimes: Bool

    /// The lease to take on each key that is absent; `nil` where none is wanted.
    public var lease: LeaseRequest?

    /// Tags that the entries are likely to have.
    ///
    /// Some stores need no second look then. What an entry has is in the entry.
    public var expectedTags: [String]

    /// Who may answer: ``ReadFreshness/strict`` passes by whatever copies the store keeps in this process, and asks a server's
    /// primary.
    public var freshness: ReadFreshness

    /// Turns bytes into the reader's type, for stores that keep what they decoded.
    public var coder: any EntryCoder

    /// Options for a read.
    ///
    /// - Parameters:
    ///   - wantsTimes: Whether age and time left are wanted exactly.
    ///   - lease: The lease to take on each key that is absent.
    ///   - expectedTags: Tags that the entries are likely to have.
    ///   - freshness: Who may answer.
    ///   - coder: Turns bytes into the reader's type.
    public init(
        wantsTimes: Bool = false,
        lease: LeaseRequest? = nil,
        expectedTags: [String] = [],
        freshness: ReadFreshness = .tracked,
        coder: any EntryCoder
    ) {
        self.wantsTimes = wantsTimes
        self.lease = lease
        self.expectedTags = expectedTags
        self.freshness = freshness
        self.coder = coder
    }
}

/// What a store found.
public enum StoreLookup: Sendable {
    /// An entry that is fresh or within its grace.
    case found(StoredEntry)
    /// No entry.
    case absent(LeaseAnswer)
}

/// An entry as a store hands it out.
public struct StoredEntry: Sendable {
    /// The value.
    public var value: EntryValue

    /// How long the entry is fresh yet; zero or less when it is in its grace.
    ///
    /// `nil` where it was not asked for.
    public var timeLeft: TimeLeft?

    /// How long the entry was to be fresh when it was written; `nil` for ever.
    public var freshFor: Duration?

    /// How long the entry is kept after that, for when a fill fails.
    public var grace: Duration = .zero

    /// What its fill took; `nil` where that is not known.
    public var fillCost: Duration?

    /// Its tags, as they were when its fill took them.
    public var marks: [TagMark] = []

    /// Whether one of its tags has been expired since.
    public var isExpiredByTag = false

    /// Describes an entry.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - timeLeft: How long it is fresh yet.
    ///   - freshFor: How long it was to be fresh.
    ///   - fillCost: What its fill took.
    public init(value: EntryValue, timeLeft: TimeLeft?, freshFor: Duration?, fillCost: Duration?) {
        self.value = value
        self.timeLeft = timeLeft
        self.freshFor = freshFor
        self.fillCost = fillCost
    }

    /// Whether the entry is past its time to live, or one of its tags was expired.
    ///
    /// One whose time was not asked for is fresh: a store asks by itself where there is a grace.
    public var isStale: Bool {
        if self.isExpiredByTag { return true }
        if case .remaining(let duration) = self.timeLeft { return duration <= .zero }
        return false
    }

    /// What callers learn of the entry.
    var info: EntryInfo {
        guard let freshFor = self.freshFor else {
            return EntryInfo(timeLeft: .forever, age: nil, fillCost: self.fillCost)
        }
        let left = self.timeLeft?.duration
        return EntryInfo(
            timeLeft: .remaining(left ?? freshFor),
            age: left.map { freshFor - $0 },
            fillCost: self.fillCost
        )
    }
}
