/// Servers that take each other's place, and on which a history can run meanwhile.
public protocol HistoryDeployment: Sendable {
    /// The URL for clients.
    var url: String { get }

    /// The servers that have keys, running or not.
    var servers: [RedisServer] { get }

    /// What can be done to it.
    var events: [HistoryEvent] { get }

    /// How many primaries it has.
    var shardCount: Int { get }

    /// The primary of a shard.
    ///
    /// - Parameter shard: The number of the shard.
    /// - Returns: The primary.
    /// - Throws: `TestServerError` where there is none.
    func primary(of shard: Int) async throws -> RedisServer

    /// A key that lies in a shard.
    ///
    /// - Parameters:
    ///   - shard: The number of the shard.
    ///   - name: What the key is to contain.
    /// - Returns: The key.
    /// - Throws: `TestServerError` where no server answers.
    func key(in shard: Int, named name: String) async throws -> String

    /// Whether a primary that gives way in this manner may lose what it has acknowledged.
    ///
    /// - Parameter event: The manner.
    /// - Returns: Whether it may.
    func losesWrites(_ event: HistoryEvent) -> Bool

    /// Gives a shard another primary, and waits for it.
    ///
    /// - Parameters:
    ///   - old: Its primary.
    ///   - shard: The number of the shard.
    ///   - event: In which manner: any but `move`.
    ///   - onSilence: Called when the old one can answer nobody, where it is killed or paused.
    /// - Returns: The new primary, and when it was one.
    /// - Throws: `TestServerError` where nobody takes over.
    func replace(
        _ old: RedisServer,
        of shard: Int,
        by event: HistoryEvent,
        onSilence: @Sendable () -> Void
    ) async throws -> RedisPromotion

    /// Brings a server back that was killed or paused, and waits until all are of one mind.
    ///
    /// - Parameters:
    ///   - server: The server.
    ///   - event: What was done to it.
    /// - Throws: `TestServerError` where they are not in time.
    func bringBack(_ server: RedisServer, after event: HistoryEvent) async throws

    /// Moves the slot of a key, and those around it, to another shard and back.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many slots.
    /// - Throws: `TestServerError` where they do not move.
    func moveSlots(around key: String, count: Int) async throws
}

extension RedisSentinelDeployment: HistoryDeployment {
    /// An ordered failover, a primary that is killed, and one that is paused.
    public var events: [HistoryEvent] { [.failover, .kill, .pause] }

    /// One.
    public var shardCount: Int { 1 }

    /// The primary that the Sentinels name.
    ///
    /// - Parameter shard: 0.
    /// - Returns: The primary.
    /// - Throws: `TestServerError` when no Sentinel answers.
    public func primary(of shard: Int) async throws -> RedisServer { try await self.primary() }

    /// The name: all keys lie on the primary.
    ///
    /// - Parameters:
    ///   - shard: 0.
    ///   - name: The name.
    /// - Returns: The name.
    public func key(in shard: Int, named name: String) -> String { name }

    /// Always: Sentinels do not wait for the replica.
    ///
    /// - Parameter event: What is done.
    /// - Returns: `true`.
    public func losesWrites(_ event: HistoryEvent) -> Bool { true }

    /// Has the primary replaced.
    ///
    /// - Parameters:
    ///   - old: The primary.
    ///   - shard: 0.
    ///   - event: In which manner.
    ///   - onSilence: Called when a primary is killed or paused.
    /// - Returns: The new primary, and when it was one.
    /// - Throws: `TestServerError` when the Sentinels do not do it in time.
    public func replace(
        _ old: RedisServer,
        of shard: Int,
        by event: HistoryEvent,
        onSilence: @Sendable () -> Void
    ) async throws -> RedisPromotion {
        switch event {
        case .kill:
            await old.kill()
            onSilence()
        case .pause:
            old.pause()
            onSilence()
        default:
            return try await self.failover()
        }
        return try await self.awaitFailover(from: old)
    }

    /// Restarts or wakes a server, and waits until the Sentinels have put all into their places.
    ///
    /// - Parameters:
    ///   - server: The server.
    ///   - event: What was done to it.
    /// - Throws: `TestServerError` when they do not in time.
    public func bringBack(_ server: RedisServer, after event: HistoryEvent) async throws {
        if event == .pause { server.resume() }
        if event == .kill { try await self.restart(server) }
        try await self.awaitReady()
    }

    /// There are no slots.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - count: How many slots.
    /// - Throws: `TestServerError`, always.
    public func moveSlots(around key: String, count: Int) async throws {
        throw TestServerError(.refused, "There are no slots to move without a cluster.")
    }
}

extension RedisClusterDeployment: HistoryDeployment {
    /// A coordinated failover, a primary that is killed, a takeover, and slots that move.
    public var events: [HistoryEvent] { [.failover, .kill, .takeover, .move] }

    /// A key that lies in a shard, as a name with a number.
    ///
    /// - Parameters:
    ///   - shard: The number of the shard.
    ///   - name: What the key begins with.
    /// - Returns: The key.
    /// - Throws: `TestServerError` when no node answers, or the shard has no slots.
    public func key(in shard: Int, named name: String) async throws -> String {
        for number in 0..<1_000 {
            let key = "\(name):\(number)"
            if try await self.shard(owning: self.slot(of: key)) == shard { return key }
        }
        throw TestServerError(.notReady, "No key lies in the shard \(shard).")
    }

    /// All but a failover for which the primary waits until its successor has everything.
    ///
    /// - Parameter event: What is done.
    /// - Returns: Whether writes may be lost.
    public func losesWrites(_ event: HistoryEvent) -> Bool { event != .failover && event != .move }

    /// Has a primary replaced.
    ///
    /// - Parameters:
    ///   - old: The primary.
    ///   - shard: The number of its shard.
    ///   - event: In which manner.
    ///   - onSilence: Called when a primary is killed or paused.
    /// - Returns: The new primary, and when it was one.
    /// - Throws: `TestServerError` when nobody takes over in time.
    public func replace(
        _ old: RedisServer,
        of shard: Int,
        by event: HistoryEvent,
        onSilence: @Sendable () -> Void
    ) async throws -> RedisPromotion {
        guard event == .kill else {
            return try await self.failover(shard, event == .takeover ? .takeover : .coordinated)
        }
        await old.kill()
        onSilence()
        return try await self.awaitNewPrimary(of: shard, not: old)
    }

    /// Restarts a node, and waits until all nodes are of one mind.
    ///
    /// - Parameters:
    ///   - server: The node.
    ///   - event: What was done to it.
    /// - Throws: `TestServerError` when they are not in time.
    public func bringBack(_ server: RedisServer, after event: HistoryEvent) async throws {
        if event == .kill { try await self.restart(server) }
        try await self.awaitReady()
    }

    /// Moves slots to the next shard and back.
    ///
    /// - Parameters:
    ///   - key: A key in the middle of them.
    ///   - count: How many slots; those that other shards own come along.
    /// - Throws: `TestServerError` when they do not move.
    public func moveSlots(around key: String, count: Int) async throws {
        let slot = try await self.slot(of: key)
        let owner = try await self.shard(owning: slot)
        let node = try await self.primaryNode(of: owner).node
        guard let range = node.slots.first(where: { $0.contains(slot) }) else {
            throw TestServerError(.notReady, "Nobody owns the slot \(slot).")
        }
        let first = max(range.lowerBound, slot - count / 2)
        let slots = first...min(range.upperBound, first + count - 1)
        try await self.moveSlots(slots, to: (owner + 1) % self.shardCount)
        try await self.moveSlots(slots, to: owner)
    }
}
