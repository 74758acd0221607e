/// The name of a lease: a random number that nobody else draws.
public struct LeaseToken: Sendable, Hashable {
    /// The number's upper half.
    public let high: UInt64

    /// The number's lower half.
    public let low: UInt64

    /// Takes a token that a store kept.
    ///
    /// - Parameters:
    ///   - high: The number's upper half.
    ///   - low: The number's lower half.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Draws a new token.
    public static func random() -> Self {
        var generator = SystemRandomNumberGenerator()
        return .init(high: generator.next(), low: generator.next())
    }
}

/// The wish for the right to fill what turns out to be absent.
public struct LeaseRequest: Sendable, Hashable {
    /// The token under which the leases are to stand: one for all keys of a call.
    public var token: LeaseToken

    /// How long a lease stands before it counts as abandoned.
    public var duration: Duration

    /// Whether the lease is wanted although there is an entry: one that the reader cannot decode, or that is stale.
    ///
    /// The entry stays until the commit.
    public var replacesEntry: Bool

    /// Tags of what is to be filled, each once: their generations are taken with the lease.
    public var tags: [String]

    /// Asks for leases.
    ///
    /// - Parameters:
    ///   - token: The token under which they are to stand.
    ///   - duration: How long they stand before they count as abandoned.
    ///   - replacesEntry: Whether the lease is wanted although there is an entry.
    ///   - tags: Tags of what is to be filled, each once.
    public init(token: LeaseToken, duration: Duration, replacesEntry: Bool = false, tags: [String] = []) {
        self.token = token
        self.duration = duration
        self.replacesEntry = replacesEntry
        self.tags = tags
    }
}

/// The right to fill one key: granted to the first who missed it, taken away by whoever writes or removes it.
///
/// The idea is that of memcache at Facebook (Nishtala et al., NSDI 2013): a fill commits only while its lease stands, so
/// a value that was read before an invalidation is never stored after it.
public struct Lease: Sendable, Hashable {
    /// The key that may be filled.
    public var key: StoreKey

    /// The token under which the lease stands.
    public var token: LeaseToken

    /// The namespace's generation and fill epoch when the lease was granted.
    ///
    /// A commit under others is refused.
    public var stamp: NamespaceStamp

    /// How many times tags of the namespace had been invalidated when the lease was granted.
    ///
    /// By it a store knows whether a tag was invalidated since.
    public var serial: UInt64

    /// The tags that were asked for with the lease, as they were when it was granted.
    public var marks: [TagMark]

    /// The number of the server meeting under which the lease was granted; zero where no server can forget.
    ///
    /// A server that takes over from another may have forgotten invalidations that were acknowledged, and show leases that
    /// they had ended. So a store counts whom it meets: each time it may be talking to a server that has forgotten something,
    /// the number grows. It refuses commits and renewals under a lease of an earlier meeting, and ends the lease; it does give it
    /// back, by its token alone, whatever the number.
    package var meeting: UInt64 = 0

    /// Describes a lease.
    ///
    /// - Parameters:
    ///   - key: The key that may be filled.
    ///   - token: The token under which it stands.
    ///   - stamp: The namespace's generation and epoch when it was granted.
    ///   - serial: How many times tags of the namespace had been invalidated when it was granted.
    ///   - marks: The tags that were asked for with it.
    public init(
        key: StoreKey,
        token: LeaseToken,
        stamp: NamespaceStamp,
        serial: UInt64 = 0,
        marks: [TagMark] = []
    ) {
        self.key = key
        self.token = token
        self.stamp = stamp
        self.serial = serial
        self.marks = marks
    }
}

/// What a reader who missed a key learns about its lease.
public enum LeaseAnswer: Sendable, Hashable {
    /// No lease was asked for, or the store has none.
    case none
    /// The lease is the reader's.
    case granted(Lease)
    /// Somebody else fills the key.
    case held(LeaseHolder)
}

/// Somebody else's lease, as the store shows it.
public struct LeaseHolder: Sendable, Hashable {
    /// The token under which it stands.
    public var token: LeaseToken

    /// How long it stands yet, unless its holder renews it.
    public var timeLeft: Duration

    /// How many times tags of the namespace have been invalidated by now.
    ///
    /// Who joins the holder's flight compares it with that of the lease.
    public var serial: UInt64

    /// The number of the server meeting under which the store shows the lease, which may be a later one than that under
    /// which it was granted; zero where no server can forget.
    ///
    /// Who would join the holder's flight compares it with that of the lease.
    package var meeting: UInt64 = 0

    /// Describes somebody else's lease.
    ///
    /// - Parameters:
    ///   - token: The token under which it stands.
    ///   - timeLeft: How long it stands yet.
    ///   - serial: How many times tags of the namespace have been invalidated by now.
    public init(token: LeaseToken, timeLeft: Duration, serial: UInt64) {
        self.token = token
        self.timeLeft = timeLeft
        self.serial = serial
    }
}

/// The state of a namespace that entries and leases are bound to.
///
/// Both numbers are random and never used twice, so metadata that a store has lost and made anew cannot bring back to life
/// what was written under the old.
public struct NamespaceStamp: Sendable, Hashable {
    /// Entries of another generation are dead.
    public var generation: UInt64

    /// Leases of another epoch are void; entries do not care.
    public var epoch: UInt64

    /// Describes a namespace's state.
    ///
    /// - Parameters:
    ///   - generation: The generation.
    ///   - epoch: The fill epoch.
    public init(generation: UInt64, epoch: UInt64) {
        self.generation = generation
        self.epoch = epoch
    }

    /// Draws a new state.
    public static func random() -> Self {
        var generator = SystemRandomNumberGenerator()
        return .init(generation: generator.next(), epoch: generator.next())
    }
}
