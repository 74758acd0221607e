/// The fills under way for keys of one shard.
///
/// Whoever writes a key cuts its fill off in the same step: nobody joins it any more, and what it brings is not stored.
/// So a value that was read before a change never comes back after it.
@usableFromInline
struct FillTable<Scheme: KeyScheme, Value: Sendable>: Sendable {
    private var flights: [ExactKey<Scheme>: Flight<Value>] = [:] {
        didSet { self.isEmpty = self.flights.isEmpty }
    }

    /// Kept apart, for every write asks.
    @usableFromInline private(set) var isEmpty = true

    @usableFromInline
    init() {}

    var count: Int { self.flights.count }

    func seatCount(_ key: ExactKey<Scheme>) -> Int {
        self.flights[key]?.seatCount ?? 0
    }

    /// A place in a flight, and whether the caller is the one who has to begin it.
    struct Place {
        var flight: Flight<Value>
        var seat: Int
        var isLeader: Bool
    }

    mutating func joinOrMake(_ key: ExactKey<Scheme>) -> Place {
        if let flight = self.flights[key], let seat = flight.join() {
            return Place(flight: flight, seat: seat, isLeader: false)
        }
        let flight = Flight<Value>()
        guard let seat = flight.join() else { preconditionFailure("a new flight can be joined") }
        self.flights[key] = flight
        return Place(flight: flight, seat: seat, isLeader: true)
    }

    /// Forgets a flight.
    ///
    /// - Returns: Whether it had not been cut off.
    mutating func remove(_ key: ExactKey<Scheme>, _ flight: Flight<Value>) -> Bool {
        guard self.flights[key] === flight else { return false }
        self.flights[key] = nil
        return true
    }

    @usableFromInline
    mutating func cutOff(_ key: Scheme.Key, hash: UInt64) {
        self.flights[ExactKey(key, hash: hash)] = nil
    }

    mutating func cutOffAll() {
        self.flights = [:]
    }
}

/// A key that equals another only where both have one entry.
struct ExactKey<Scheme: KeyScheme>: Hashable, Sendable {
    let key: Scheme.Key
    private let keyHash: UInt64

    init(_ key: Scheme.Key, hash: UInt64) {
        self.key = key
        self.keyHash = hash
    }

    static func == (left: Self, right: Self) -> Bool {
        left.keyHash == right.keyHash && Scheme.areSame(left.key, right.key)
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(self.keyHash)
    }
}
