extension RedisClusterDeployment {
    /// How many slots are on their way at a time.
    private static let batch = 512

    /// How many keys a MIGRATE takes along.
    private static let keysAtOnce = 100

    /// Moves slots with their keys to a shard while clients go on, as `redis-cli --cluster reshard` does.
    ///
    /// Slots that the shard has already are left alone. When a primary fails on the way, the move starts again with its
    /// successor: which slots were on their way, a successor does not know in Redis 7.0.
    ///
    /// - Parameters:
    ///   - slots: The slots, of which each may have another owner.
    ///   - shard: The number of the shard that is to own them.
    ///   - limit: How long it may take.
    /// - Throws: `TestServerError` when it takes longer.
    public func moveSlots(
        _ slots: ClosedRange<Int>,
        to shard: Int,
        atMost limit: Duration = .seconds(60)
    ) async throws {
        try Self.check(slots)
        try await AwaitedState.hold("The move of the slots \(slots)", within: limit) {
            for first in stride(from: slots.lowerBound, through: slots.upperBound, by: Self.batch) {
                try await self.moveBatch(first...min(first + Self.batch - 1, slots.upperBound), to: shard)
            }
            return true
        }
        try await self.awaitOwner(of: slots, shard: shard, atMost: limit)
    }

    /// Begins to move a slot and leaves it half way, for tests of what clients see then.
    ///
    /// ```swift
    /// let move = try await cluster.beginMove(of: cluster.slot(of: "{tag}a"), to: 1)
    /// try await cluster.moveKeys(["{tag}a"], of: move)
    /// // `GET {tag}a` gets ASK from `move.source`, `MGET {tag}a {tag}b` gets TRYAGAIN.
    /// try await cluster.endMove(move)
    /// ```
    ///
    /// - Parameters:
    ///   - slot: The slot, from 0 to 16,383.
    ///   - shard: The number of the shard that is to own it.
    /// - Returns: The move, which `endMove(_:atMost:)` ends.
    /// - Throws: `TestServerError` when the shard owns the slot already, or a primary does not obey.
    public func beginMove(of slot: Int, to shard: Int) async throws -> RedisSlotMove {
        try Self.check(slot...slot)
        let target = try await self.primaryNode(of: shard)
        let source = try await self.primaryNode(of: self.shard(owning: slot))
        try await Self.begin([slot], from: source, to: target)
        return RedisSlotMove(slot: slot, source: source.server, target: target.server, shard: shard)
    }

    /// Moves some of the keys of a slot that is on its way; those that do not exist are passed over.
    ///
    /// - Parameters:
    ///   - keys: Keys of that slot.
    ///   - move: The move.
    /// - Throws: `TestServerError` when a primary does not obey.
    public func moveKeys(_ keys: [String], of move: RedisSlotMove) async throws {
        try await self.migrate(keys.map { Array($0.utf8) }, from: move.source, to: move.target)
    }

    /// Moves the keys that are left of a slot that is on its way, gives the slot to its new owner, and waits until all nodes know.
    ///
    /// - Parameters:
    ///   - move: The move.
    ///   - limit: How long it may take.
    /// - Throws: `TestServerError` when a primary does not obey, or not all know in time.
    public func endMove(_ move: RedisSlotMove, atMost limit: Duration = .seconds(30)) async throws {
        try await self.end([move.slot], from: move.source, to: move.target)
        try await self.awaitOwner(of: move.slot...move.slot, shard: move.shard, atMost: limit)
    }

    // MARK: Steps

    private typealias Primary = (server: RedisServer, node: RedisClusterView.Node)

    private static func check(_ slots: ClosedRange<Int>) throws {
        guard slots.lowerBound >= 0, slots.upperBound < Self.slotCount else {
            throw TestServerError(.refused, "A cluster has slots from 0 to \(Self.slotCount - 1), not \(slots).")
        }
    }

    private func moveBatch(_ slots: ClosedRange<Int>, to shard: Int) async throws {
        let target = try await self.primaryNode(of: shard)
        for other in 0..<self.shardCount where other != shard {
            // A shard without a primary has slots that nobody can move yet, if they are among these; the end sees to that.
            guard let source = try? await self.primaryNode(of: other) else { continue }
            let owned = slots.filter { source.node.owns($0) && !target.node.owns($0) }
            if owned.isEmpty { continue }
            try await Self.begin(owned, from: source, to: target)
            try await self.end(owned, from: source.server, to: target.server)
        }
        let owner = try await target.server.clusterView().myself
        guard slots.allSatisfy(owner.owns) else {
            throw AwaitedState.notYet("Not all slots have an owner that answers.")
        }
    }

    private static func begin(_ slots: [Int], from source: Primary, to target: Primary) async throws {
        // The new owner first: who is sent there with ASK must not be sent back.
        try await Self.setSlots(slots, "IMPORTING", source.node.id, on: target.server)
        try await Self.setSlots(slots, "MIGRATING", target.node.id, on: source.server)
    }

    private func end(_ slots: [Int], from source: RedisServer, to target: RedisServer) async throws {
        let counts = try await source.order(
            slots.map { ["CLUSTER", "COUNTKEYSINSLOT", "\($0)"] },
            atMost: .seconds(5)
        )
        for (slot, count) in zip(slots, counts) where count != .integer(0) {
            while true {
                let reply = try await source.order("CLUSTER", "GETKEYSINSLOT", "\(slot)", "\(Self.keysAtOnce)")
                let keys = reply.elements.compactMap { if case .bulk(let key) = $0 { key } else { nil } }
                if keys.isEmpty { break }
                try await self.migrate(keys, from: source, to: target)
            }
        }
        // The new owner first again: a slot that nobody owned would be refused to all clients.
        let id = try await target.clusterView().myself.id
        try await Self.setSlots(slots, "NODE", id, on: target)
        try await Self.setSlots(slots, "NODE", id, on: source)
        for other in 0..<self.shardCount {
            // The rest only learns it sooner this way than from the new owner: who does not answer is not waited for.
            guard let server = try? await self.primary(of: other), server !== source, server !== target else {
                continue
            }
            try await Self.setSlots(slots, "NODE", id, on: server)
        }
    }

    private static func setSlots(_ slots: [Int], _ state: String, _ id: String, on server: RedisServer) async throws {
        try await server.order(slots.map { ["CLUSTER", "SETSLOT", "\($0)", state, id] }, atMost: .seconds(5))
    }

    private func migrate(_ keys: [[UInt8]], from source: RedisServer, to target: RedisServer) async throws {
        // REPLACE: what an earlier attempt has left at the target is not newer than what the source still serves.
        var words = ["MIGRATE", target.host, "\(target.port)", "", "0", "2000", "REPLACE"]
        if let password = target.options.password { words += ["AUTH", password] }
        words.append("KEYS")
        try await source.order([words.map { Array($0.utf8) } + keys], atMost: .seconds(5))
    }

    /// Waits until all nodes that run, replicas too, take a shard's primary for the owner of slots.
    private func awaitOwner(of slots: ClosedRange<Int>, shard: Int, atMost limit: Duration) async throws {
        try await AwaitedState.hold("A cluster that knows the new owner of \(slots)", within: limit) {
            let owner = try await self.primaryNode(of: shard).node.id
            for server in self.servers.running {
                let seen = try await server.clusterView().nodes.first { $0.id == owner }
                guard let seen, slots.allSatisfy(seen.owns) else {
                    throw AwaitedState.notYet("The node at port \(server.port) sees another owner.")
                }
            }
            return true
        }
    }
}
