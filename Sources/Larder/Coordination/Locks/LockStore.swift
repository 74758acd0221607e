import Synchronization

/// Where locks live: this process's memory, Redis, or a store of your own.
///
/// A store is shared: several ``Locks`` can stand on one, each in a namespace of its own.
public protocol LockStore: Sendable {
    /// The clock by which this process measures how long a lease has stood.
    ///
    /// Whether a lease has ended is the store's to say, by a clock that all processes share.
    var clock: CacheClock { get }

    /// The part of the store that belongs to one namespace.
    ///
    /// Opening neither waits nor fails.
    func open(_ namespace: CacheNamespace) -> any LockNamespace
}

/// The locks of one namespace of a store.
///
/// The rules that every implementation keeps:
///
/// - A holder whose lease has ended by the store's clock is none, for every call, and cannot be one again under the same
///   grant.
/// - Each call is atomic and one round trip. One that cannot be carried out throws ``CacheError`` with
///   ``CacheError/Code/unavailable``, may have been carried out all the same, and ends by a deadline of the store's own.
/// - Nothing outlives its use: what nobody holds leaves the store by itself.
public protocol LockNamespace: Sendable {
    /// Takes a lock or a permit if there is one.
    ///
    /// Who holds one already under this owner's name is told so, with the token of then: a call whose answer was lost may be
    /// repeated. Its lease is then counted anew. An owner that has given back, or given up, gets nothing any more.
    ///
    /// What takes long to arrive must not take a lock for somebody who has gone long ago: a store that is asked over a
    /// network refuses a question that is older than a second or so, by its own clock.
    func acquire(_ request: LockRequest) async throws -> LockAnswer

    /// Lets a lease stand for `lease` from now.
    ///
    /// - Returns: Whether the owner was a holder.
    func renew(_ resource: LockResource, owner: LockOwner, lease: Duration) async throws -> Bool

    /// Gives back what the owner holds, and tells those who listen.
    ///
    /// A call whose answer was lost may be repeated: the store remembers for a while who has given back.
    ///
    /// - Returns: What the owner had until then.
    func release(_ resource: LockResource, owner: LockOwner) async throws -> ReleaseAnswer

    /// Gives back what the owner may hold, tells those who listen, and refuses it what it may have asked for on its way.
    ///
    /// For somebody who does not know what became of a question, and has no use for the answer any more.
    func abandon(_ resource: LockResource, owner: LockOwner) async throws

    /// Takes away what anybody holds, and tells those who listen.
    ///
    /// - Returns: How many held it.
    func releaseAll(_ resource: LockResource) async throws -> Int

    /// Who holds a lock or permits now; changes nothing.
    func state(of resource: LockResource) async throws -> LockState

    /// Begins to listen for what is given back.
    ///
    /// Whoever wants to wait for it asks again after this has returned: what was given back before may not be told.
    ///
    /// - Returns: What to wait on; `nil` where the store cannot tell now, and has to be asked from time to time.
    /// - Throws: `CancellationError`.
    func listen(for resource: LockResource) async throws -> (any LeaseSignal)?

    /// The bytes of a fenced value.
    ///
    /// - Returns: The bytes and the token that they were written with; `nil` where nothing was written, or it has expired.
    func readFenced(_ name: String) async throws -> FencedBytes?

    /// Writes or removes a fenced value, unless a larger token has been seen.
    ///
    /// - Parameters:
    ///   - name: The value's name.
    ///   - write: The bytes, `nil` to remove them, and the token.
    ///   - lifetime: How long value and token are kept.
    /// - Returns: `nil` if it was written; else the larger token.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``.
    func writeFenced(_ name: String, _ write: FencedBytes, lifetime: Duration) async throws -> FencingToken?
}

/// What can be held: a lock, or permits.
public struct LockResource: Sendable, Hashable {
    /// Whether it is a lock or permits: one name can be both, and they have nothing to do with each other.
    public enum Kind: String, Sendable, Hashable {
        /// Something that one at a time can hold.
        case lock
        /// Something that several can hold.
        case permits
    }

    /// Whether it is a lock or permits.
    public let kind: Kind

    /// Its name within the namespace.
    public let name: String

    /// Names a lock or permits.
    ///
    /// - Parameters:
    ///   - kind: Which of both.
    ///   - name: Its name within the namespace.
    public init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// Whether both are the same, byte by byte, as keys in Redis are.
    public static func == (left: Self, right: Self) -> Bool {
        left.kind == right.kind && left.name.hasSameBytes(as: right.name)
    }

    /// Hashes kind and bytes.
    ///
    /// - Parameter hasher: What to hash them with.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.kind)
        self.name.hashBytes(into: &hasher)
    }
}

/// Who holds a lock: 128 bits, drawn for each section anew.
public struct LockOwner: Sendable, Hashable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// How many this process has drawn, from a random number on.
    private static let drawn = Atomic(UInt64.random(in: .min ... .max))

    /// Draws a name that nobody else has.
    ///
    /// Half of it is random; asking the system for that is what it costs. The other half no other name of this process has.
    ///
    /// - Returns: The name.
    public static func random() -> LockOwner {
        LockOwner(high: .random(in: .min ... .max), low: Self.drawn.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    /// 32 hexadecimal digits.
    public var description: String { Self.digits(self.high) + Self.digits(self.low) }

    private static func digits(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What somebody who wants a lock or a permit asks for.
public struct LockRequest: Sendable {
    /// What is to be held.
    public var resource: LockResource
    /// Who wants it.
    public var owner: LockOwner
    /// How many may hold it at the same time, this one included; 1 for a lock.
    public var permits: Int
    /// How long it is held unless that is renewed.
    public var lease: Duration

    /// Describes a request.
    ///
    /// - Parameters:
    ///   - resource: What is to be held.
    ///   - owner: Who wants it.
    ///   - permits: How many may hold it at the same time.
    ///   - lease: How long it is held unless that is renewed; a millisecond or more.
    public init(_ resource: LockResource, owner: LockOwner, permits: Int = 1, lease: Duration) {
        self.resource = resource
        self.owner = owner
        self.permits = permits
        self.lease = lease
    }
}

/// What a store answers to somebody who wants a lock or a permit.
public enum LockAnswer: Sendable, Hashable {
    /// It is held now, under this token.
    case granted(FencingToken)
    /// Others hold it; the first of their leases ends after this time unless it is renewed.
    case held(Duration)
}

/// What a store answers to somebody who gives back a lock or a permit.
public enum ReleaseAnswer: Sendable, Hashable {
    /// The owner was a holder, and is none any more; or it has given back before.
    case released
    /// The owner was none, and has not given back either: its lease had ended, it was taken away, or the store forgot it.
    case notHeld
    /// The owner is none, and the store does not remember any more whether it has given back.
    case forgotten
}

/// Who holds a lock or permits.
public struct LockState: Sendable, Hashable {
    /// Somebody who holds it.
    public struct Holder: Sendable, Hashable {
        /// The token it was granted.
        public let token: FencingToken
        /// How much is left of its lease, unless that is renewed.
        public let remaining: Duration

        /// Describes a holder.
        ///
        /// - Parameters:
        ///   - token: The token it was granted.
        ///   - remaining: How much is left of its lease.
        public init(token: FencingToken, remaining: Duration) {
            self.token = token
            self.remaining = remaining
        }
    }

    /// All who hold it, in the order in which it was granted to them.
    public let holders: [Holder]

    /// Whether anybody holds it.
    public var isHeld: Bool { !self.holders.isEmpty }

    /// How many hold it.
    public var permitsTaken: Int { self.holders.count }

    /// The newest token among those of the holders.
    public var newestToken: FencingToken? { self.holders.last?.token }

    /// After which time the first of the leases ends, unless it is renewed.
    public var remaining: Duration? { self.holders.map(\.remaining).min() }

    /// Describes who holds something.
    ///
    /// - Parameter holders: All who hold it, in any order.
    public init(holders: [Holder]) {
        self.holders = holders.sorted { $0.token < $1.token }
    }
}

/// A fenced value as a store keeps it.
public struct FencedBytes: Sendable, Hashable {
    /// The value; `nil` where it was removed.
    public var bytes: [UInt8]?
    /// The token that it was written with.
    public var token: FencingToken

    /// Describes a value.
    ///
    /// - Parameters:
    ///   - bytes: The value; `nil` where it was removed.
    ///   - token: The token that it was written with.
    public init(bytes: [UInt8]?, token: FencingToken) {
        self.bytes = bytes
        self.token = token
    }
}
