/// Which server of a set answers the next command that only reads.
///
/// A plain value. `Node` is a server's connections in earnest and a name in tests. The primary is among the servers; where
/// none is chosen, the primary is meant.
struct ReadRouting<Node> {
    typealias Address = RedisConfiguration.Address

    private struct Server {
        let id: Int
        /// Nil for the primary.
        let address: Address?
        let node: Node
        /// Not before this time: it could not answer.
        var restsUntil = MonotonicTime(nanoseconds: .min)
        /// The mean of the last round trips, in nanoseconds; nil before the first.
        var roundTrip: Double?
        /// When it was measured, or began to be.
        var measuredAt = MonotonicTime(nanoseconds: .min / 2)
    }

    /// Who answers.
    struct Choice {
        let id: Int
        let node: Node
        let isPrimary: Bool
    }

    /// What a server that could not answer is spared for.
    private static var rest: Int64 { 1_000_000_000 }
    /// A round trip that is older says nothing.
    private static var memory: Int64 { 1_000_000_000 }
    /// The weight of the last round trip in the mean.
    private static var weight: Double { 0.2 }
    /// What another server's round trip has to be of that of the one in use, to be worth the change.
    private static var advantage: Double { 0.8 }

    private var servers: [Server]
    private var nextID = 1
    private var turn = 0
    /// The nearest server so far.
    private var nearest = 0

    init(primary: Node) {
        self.servers = [Server(id: 0, address: nil, node: primary)]
    }

    /// The replicas that are known.
    var replicas: [(address: Address, node: Node, roundTrip: Double?)] {
        self.servers.compactMap { server in
            server.address.map { ($0, server.node, server.roundTrip) }
        }
    }

    /// The primary's mean round trip, in nanoseconds.
    var primaryRoundTrip: Double? { self.servers.first?.roundTrip }

    /// Takes over which replicas there are.
    ///
    /// - Returns: Those that there are no more.
    mutating func update(replicas: [Address], make: (Address) -> Node) -> [Node] {
        let gone = self.servers.filter { server in server.address.map { !replicas.contains($0) } ?? false }
        self.servers.removeAll { server in gone.contains { $0.id == server.id } }
        for address in replicas where !self.servers.contains(where: { $0.address == address }) {
            self.servers.append(Server(id: self.nextID, address: address, node: make(address)))
            self.nextID += 1
        }
        return gone.map(\.node)
    }

    /// Another server has become the primary: what was measured of the former one is void.
    mutating func primaryChanged() {
        self.servers[0].roundTrip = nil
        self.servers[0].measuredAt = MonotonicTime(nanoseconds: .min / 2)
    }

    /// Chooses who answers next.
    ///
    /// - Parameters:
    ///   - preference: What the caller wants.
    ///   - tried: Those that could not answer this command.
    ///   - now: The time.
    /// - Returns: A server; nil for the primary, as the last resort.
    mutating func choose(
        _ preference: RedisConfiguration.ReadPreference,
        tried: [Int],
        at now: MonotonicTime
    ) -> Choice? {
        switch preference.kind {
        case .primary: nil
        case .replica: self.nextReplica(tried, now)
        case .nearest: self.nearestServer(tried, now)
        }
    }

    private mutating func nextReplica(_ tried: [Int], _ now: MonotonicTime) -> Choice? {
        for _ in self.servers {
            self.turn = (self.turn &+ 1) % self.servers.count
            let server = self.servers[self.turn]
            if server.address != nil, server.restsUntil <= now, !tried.contains(server.id) {
                return self.choice(server)
            }
        }
        return nil
    }

    private mutating func nearestServer(_ tried: [Int], _ now: MonotonicTime) -> Choice? {
        var best: Server?
        var current: Server?
        for index in self.servers.indices {
            let server = self.servers[index]
            guard server.restsUntil <= now, !tried.contains(server.id) else { continue }
            if server.measuredAt.advanced(by: Self.memory) < now {
                // One command at a time finds out how far it is; the others go where it is known.
                self.servers[index].measuredAt = now
                return self.choice(server)
            }
            guard let roundTrip = server.roundTrip else { continue }
            if server.id == self.nearest { current = server }
            if roundTrip < best?.roundTrip ?? .infinity { best = server }
        }
        guard let best, let distance = best.roundTrip else { return nil }
        if let current, let used = current.roundTrip, distance > used * Self.advantage { return self.choice(current) }
        self.nearest = best.id
        return self.choice(best)
    }

    private func choice(_ server: Server) -> Choice {
        Choice(id: server.id, node: server.node, isPrimary: server.address == nil)
    }

    /// A server has answered.
    ///
    /// - Parameters:
    ///   - id: Which.
    ///   - duration: How long it took, in nanoseconds.
    ///   - now: The time.
    mutating func answered(_ id: Int, after duration: Int64, at now: MonotonicTime) {
        guard let index = self.servers.firstIndex(where: { $0.id == id }) else { return }
        let former = self.servers[index].roundTrip
        self.servers[index].roundTrip = former.map { $0 + Self.weight * (Double(duration) - $0) } ?? Double(duration)
        self.servers[index].measuredAt = now
    }

    /// A server could not answer.
    mutating func failed(_ id: Int, at now: MonotonicTime) {
        guard let index = self.servers.firstIndex(where: { $0.id == id }) else { return }
        self.servers[index].restsUntil = now.advanced(by: Self.rest)
        self.servers[index].roundTrip = nil
    }
}
