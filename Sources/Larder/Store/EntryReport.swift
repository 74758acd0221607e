/// What a store knows of one key, for `explain`: whether there is an entry, and why it is or is not of use.
public struct EntryReport: Sendable, Hashable {
    /// What an entry is good for.
    public enum State: Sendable, Hashable {
        /// There is none.
        case absent
        /// It is what `get` returns.
        case fresh
        /// It is past its time to live, and kept for when a fill fails.
        case stale
        /// `expire(tags:)` named this tag.
        case staleByTag(String)
        /// The namespace was cleared after it was written, or the store has lost the namespace's generation.
        case deadByNamespace
        /// This tag was invalidated after the entry's fill began, or the store has lost the tag's generation.
        case deadByTag(String)
        /// Something is there that this version cannot read.
        case unreadable
    }

    /// Who is filling the key.
    public struct Holder: Sendable, Hashable {
        /// The token under which the lease stands.
        public var token: LeaseToken
        /// How long it stands yet if it is not renewed.
        public var timeLeft: Duration

        /// Describes the holder of a lease.
        ///
        /// - Parameters:
        ///   - token: The token under which the lease stands.
        ///   - timeLeft: How long it stands yet.
        public init(token: LeaseToken, timeLeft: Duration) {
            self.token = token
            self.timeLeft = timeLeft
        }
    }

    /// The kind of store that was asked: `memory`, `redis`.
    public var tier: String
    /// What the entry is good for.
    public var state: State
    /// How long it stays fresh yet; zero or less in its grace; `nil` without an entry.
    public var timeLeft: TimeLeft?
    /// How long ago it was stored; `nil` where the store cannot tell.
    public var age: Duration?
    /// How long it is kept after its time to live.
    public var grace: Duration?
    /// The length of its value in bytes, where the store keeps bytes.
    public var size: Int?
    /// What its bytes are, where the store keeps bytes.
    public var codec: CodecID?
    /// What its fill took.
    public var fillCost: Duration?
    /// Its tags.
    public var tags: [String]
    /// Who is filling the key.
    public var holder: Holder?

    /// Describes what a store found.
    ///
    /// - Parameters:
    ///   - tier: The kind of store.
    ///   - state: What the entry is good for.
    ///   - holder: Who is filling the key.
    public init(tier: String, state: State, holder: Holder? = nil) {
        self.tier = tier
        self.state = state
        self.tags = []
        self.holder = holder
    }
}
