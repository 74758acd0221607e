extension RedisClusterDeployment {
    /// How a replica is made the primary of its shard.
    public struct FailoverKind: Hashable, Sendable {
        let words: [String]

        /// The primary, which must live, stops serving until the replica has everything: nothing is lost.
        public static let coordinated = FailoverKind(words: [])
        /// The primary is not asked, the majority of the primaries is (`FORCE`).
        public static let force = FailoverKind(words: ["FORCE"])
        /// Nobody is asked (`TAKEOVER`).
        public static let takeover = FailoverKind(words: ["TAKEOVER"])
    }

    /// The primaries of all shards, in order.
    ///
    /// - Returns: The primaries, each as its own shard sees it.
    /// - Throws: `TestServerError` when a shard has none that answers.
    public func primaries() async throws -> [RedisServer] {
        var primaries: [RedisServer] = []
        for shard in 0..<self.shardCount { primaries.append(try await self.primary(of: shard)) }
        return primaries
    }

    /// The primary of a shard: of those that answer and call themselves so, the one elected last.
    ///
    /// - Parameter shard: The number of the shard.
    /// - Returns: The primary.
    /// - Throws: `TestServerError` when the shard has none that answers.
    public func primary(of shard: Int) async throws -> RedisServer {
        try await self.primaryNode(of: shard).server
    }

    /// The replicas of a shard: its nodes but the primary, whether they run or not.
    ///
    /// - Parameter shard: The number of the shard.
    /// - Returns: The replicas.
    /// - Throws: `TestServerError` when the shard has no primary that answers.
    public func replicas(of shard: Int) async throws -> [RedisServer] {
        let primary = try await self.primary(of: shard)
        return self.servers(of: shard).filter { $0 !== primary }
    }

    /// The slot of a key.
    ///
    /// - Parameter key: The key.
    /// - Returns: The slot, from 0 to 16,383.
    /// - Throws: `TestServerError` when no node answers.
    public func slot(of key: String) async throws -> Int {
        for server in self.servers.running {
            if case .integer(let slot)? = try? await server.order("CLUSTER", "KEYSLOT", key, atMost: .milliseconds(500))
            {
                return slot
            }
        }
        throw TestServerError(.noAnswer, "No node of the cluster answers.")
    }

    /// The number of the shard that owns a slot.
    ///
    /// - Parameter slot: The slot, from 0 to 16,383.
    /// - Returns: The shard whose primary takes the slot for its own.
    /// - Throws: `TestServerError` when no primary that answers does.
    public func shard(owning slot: Int) async throws -> Int {
        var best: (shard: Int, epoch: Int)?
        for shard in 0..<self.shardCount {
            guard let node = try? await self.primaryNode(of: shard).node, node.owns(slot) else { continue }
            if best.map({ $0.epoch < node.epoch }) ?? true { best = (shard, node.epoch) }
        }
        guard let best else { throw TestServerError(.notReady, "No primary that answers owns the slot \(slot).") }
        return best.shard
    }

    /// The primary that owns a slot.
    ///
    /// - Parameter slot: The slot, from 0 to 16,383.
    /// - Returns: The primary.
    /// - Throws: `TestServerError` when no primary that answers takes the slot for its own.
    public func node(owning slot: Int) async throws -> RedisServer {
        try await self.primary(of: self.shard(owning: slot))
    }

    /// Makes a replica the primary of its shard, and waits until it is.
    ///
    /// - Parameters:
    ///   - shard: The number of the shard, of which a replica must run.
    ///   - kind: Who is asked.
    ///   - limit: How long it may take.
    /// - Returns: The new primary, and when it was one.
    /// - Throws: `TestServerError` when it does not happen in time.
    @discardableResult
    public func failover(
        _ shard: Int,
        _ kind: FailoverKind = .coordinated,
        atMost limit: Duration = .seconds(30)
    ) async throws -> RedisPromotion {
        let (old, replica) = try await AwaitedState.reach("A replica of the shard \(shard)", within: limit) {
            try await self.runningReplica(of: shard)
        }
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            // Refused while the replica has no link yet; forgotten without a word when it takes longer than five seconds.
            try await AwaitedState.hold("A replica that fails over", within: ContinuousClock.now.duration(to: deadline))
            {
                try await replica.order([["CLUSTER", "FAILOVER"] + kind.words])
                return true
            }
            let left = ContinuousClock.now.duration(to: deadline)
            do {
                return try await self.awaitNewPrimary(of: shard, not: old, atMost: min(.seconds(5), left))
            } catch let error as TestServerError where error.code == .notReady && ContinuousClock.now < deadline {
                continue
            }
        }
    }

    /// Kills the primary of a shard (SIGKILL), as a crash would.
    ///
    /// - Parameter shard: The number of the shard.
    /// - Returns: The killed node.
    /// - Throws: `TestServerError` when the shard has no primary that answers.
    @discardableResult
    public func killPrimary(of shard: Int) async throws -> RedisServer {
        let primary = try await self.primary(of: shard)
        await primary.kill()
        return primary
    }

    /// Freezes the primary of a shard (SIGSTOP), as a hanging machine would; `resume()` on it lets it go on.
    ///
    /// - Parameter shard: The number of the shard.
    /// - Returns: The paused node.
    /// - Throws: `TestServerError` when the shard has no primary that answers.
    @discardableResult
    public func pausePrimary(of shard: Int) async throws -> RedisServer {
        let primary = try await self.primary(of: shard)
        primary.pause()
        return primary
    }

    /// Waits until a shard has another primary.
    ///
    /// - Parameters:
    ///   - shard: The number of the shard.
    ///   - old: The primary that was killed or paused.
    ///   - limit: How long it may take.
    /// - Returns: The new primary, and when it was one.
    /// - Throws: `TestServerError` when it takes longer, such as with fewer than three primaries.
    public func awaitNewPrimary(
        of shard: Int,
        not old: RedisServer,
        atMost limit: Duration = .seconds(30)
    ) async throws -> RedisPromotion {
        try await AwaitedState.reach("A new primary of the shard \(shard)", within: limit) {
            let candidates = self.servers(of: shard).running.filter { $0 !== old }
            let nodes = await candidates.answers { try await $0.clusterView(atMost: .milliseconds(200)).myself }
            for (server, node) in zip(candidates, nodes) where node?.isPrimary == true {
                return RedisPromotion(primary: server, moment: .now)
            }
            return nil
        }
    }

    /// Starts a node again, and waits until it has its part in the cluster.
    ///
    /// A primary that has a successor comes back as its replica. One that has none comes back as the primary, empty unless
    /// it persists, and its replicas with it.
    ///
    /// - Parameters:
    ///   - server: One of the nodes.
    ///   - limit: How long it may take until a replica is linked, or a primary serves its slots.
    /// - Throws: `TestServerError` when the node does not come back, or has no part in time.
    public func restart(_ server: RedisServer, atMost limit: Duration = .seconds(30)) async throws {
        guard let shard = (0..<self.shardCount).first(where: { self.servers(of: $0).contains { $0 === server } }) else {
            throw TestServerError(.notRunning, "The server is no node of this cluster.")
        }
        try await server.restart()
        try await AwaitedState.hold("The restarted node's part in the cluster", within: limit) {
            let primary = try await self.primaryNode(of: shard)
            if primary.server === server {
                let info = try await server.order("CLUSTER", "INFO").lines
                return info["cluster_state"] == "ok"
            }
            let node = try await server.clusterView().myself
            // It finds out by itself that another one has its slots. Without any, after some have moved besides, it stays as
            // it is.
            if node.isPrimary && node.slots.isEmpty {
                try await server.order("CLUSTER", "REPLICATE", primary.node.id)
            }
            let status = try await server.replicationStatus()
            return !status.isPrimary && status.primaryPort == primary.server.port && status.isLinkUp
        }
    }

    /// The primary of a shard, as it sees itself.
    func primaryNode(of shard: Int) async throws -> (server: RedisServer, node: RedisClusterView.Node) {
        let servers = self.servers(of: shard).running
        let nodes = await servers.answers { try await $0.clusterView(atMost: .milliseconds(500)).myself }
        let primaries = zip(servers, nodes).compactMap { server, node in
            node.flatMap { $0.isPrimary ? (server: server, node: $0) : nil }
        }
        guard let last = primaries.max(by: { $0.node.epoch < $1.node.epoch }) else {
            throw TestServerError(.notReady, "The shard \(shard) has no primary that answers.")
        }
        return last
    }

    /// A replica of a shard that runs, and whom it would replace.
    private func runningReplica(of shard: Int) async throws -> (old: RedisServer, replica: RedisServer)? {
        let servers = self.servers(of: shard)
        let running = servers.running
        let views = await running.answers { try await $0.clusterView(atMost: .milliseconds(500)) }
        for (server, view) in zip(running, views) {
            guard let view, !view.myself.isPrimary else { continue }
            let port = view.nodes.first { $0.id == view.myself.primaryID }?.port
            if let old = servers.first(where: { $0.port == port }) { return (old, server) }
        }
        return nil
    }
}
