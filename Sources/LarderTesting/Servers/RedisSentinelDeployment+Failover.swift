extension RedisSentinelDeployment {
    /// The server that the Sentinels name as the primary.
    ///
    /// Where they differ, as in the moments after a failover, the one with the latest configuration counts.
    ///
    /// - Throws: `TestServerError` when no Sentinel answers within five seconds.
    public func primary() async throws -> RedisServer {
        try await AwaitedState.reach("A Sentinel that knows the primary", within: .seconds(5)) {
            await self.latestView()?.primary
        }
    }

    /// Orders a failover of the primary, which lives on and is made a replica, and waits for its successor.
    ///
    /// Afterwards both call themselves primaries for some seconds, and what is written to the old one is lost: that is how
    /// long Sentinels let it. `awaitReady()` has it reconfigured at once.
    ///
    /// - Parameter limit: How long it may take.
    /// - Returns: The new primary, and when it was one.
    /// - Throws: `TestServerError` when the Sentinels do not do it in time, such as for want of a replica.
    @discardableResult
    public func failover(atMost limit: Duration = .seconds(30)) async throws -> RedisPromotion {
        let old = try await self.primary()
        let known = await self.selfDeclaredPrimaries()
        try await AwaitedState.hold("A Sentinel that starts a failover", within: limit) {
            guard let sentinel = await self.latestView()?.sentinel else { return false }
            // Refused while another failover is under way, or no replica is fit: both pass.
            try await sentinel.order("SENTINEL", "FAILOVER", self.options.name)
            return true
        }
        return try await self.promotion(from: old, known: known, atMost: limit)
    }

    /// Kills the primary (SIGKILL), as a crash would.
    ///
    /// - Returns: The killed server.
    /// - Throws: `TestServerError` when no Sentinel says who the primary is.
    @discardableResult
    public func killPrimary() async throws -> RedisServer {
        let primary = try await self.primary()
        await primary.kill()
        return primary
    }

    /// Freezes the primary (SIGSTOP), as a hanging machine would; `resume()` on it lets it go on.
    ///
    /// When it goes on after a failover it takes itself for the primary for some seconds, until a Sentinel tells it otherwise;
    /// `awaitReady()` has it told at once.
    ///
    /// - Returns: The paused server.
    /// - Throws: `TestServerError` when no Sentinel says who the primary is.
    @discardableResult
    public func pausePrimary() async throws -> RedisServer {
        let primary = try await self.primary()
        primary.pause()
        return primary
    }

    /// Waits until a primary has a successor, and a Sentinel names it.
    ///
    /// The moment is that at which the successor began to call itself a primary, up to a second before. Of a server that calls
    /// itself a primary already when this is called, it is the moment at which a Sentinel names it.
    ///
    /// - Parameters:
    ///   - old: The primary that was killed or paused.
    ///   - limit: How long it may take.
    /// - Returns: The new primary, and when it was one.
    /// - Throws: `TestServerError` when it takes longer, such as without a majority of Sentinels.
    public func awaitFailover(
        from old: RedisServer,
        atMost limit: Duration = .seconds(30)
    ) async throws -> RedisPromotion {
        try await self.promotion(from: old, known: await self.selfDeclaredPrimaries(), atMost: limit)
    }

    /// Waits until all that run are of one mind: every replica linked to the primary, and every Sentinel in contact with all
    /// of them and with the other Sentinels.
    ///
    /// - Parameter limit: How long it may take.
    /// - Throws: `TestServerError` when it takes longer, such as with a server that is paused.
    public func awaitReady(atMost limit: Duration = .seconds(30)) async throws {
        let start = ContinuousClock.now
        try await AwaitedState.hold("The end of all failovers", within: limit) { try await self.expectNoFailover() }
        try await self.setPace(isSettling: true)
        let left = limit - (ContinuousClock.now - start)
        do {
            try await AwaitedState.hold("A deployment of one mind", within: left) { try await self.expectOneMind() }
        } catch {
            try await self.setPace(isSettling: false)
            throw error
        }
        try await self.setPace(isSettling: false)
    }

    /// Starts a server or a Sentinel again, and waits until it is back in its part.
    ///
    /// A server that has a successor comes back as its replica. One that has none comes back as the primary, empty unless it
    /// persists, and its replicas with it. `RedisServer.restart()` instead brings a killed primary back as a second
    /// primary, as in real life, until the Sentinels notice.
    ///
    /// - Parameters:
    ///   - server: One of `servers` or of `sentinels`.
    ///   - limit: How long it may take until a replica is linked.
    /// - Throws: `TestServerError` when the server does not come back, or is not linked in time.
    public func restart(_ server: RedisServer, atMost limit: Duration = .seconds(30)) async throws {
        if self.sentinels.contains(where: { $0 === server }) {
            try await server.restart()
            return try await self.setPace(of: server, isSettling: false)
        }
        let primary = try await self.primary()
        if primary === server { return try await server.restart() }
        try await server.restart(following: primary)
        try await server.awaitLink(to: primary, atMost: limit)
    }

    /// Kills so many Sentinels that the others are no majority and can start no failover.
    ///
    /// - Returns: The killed Sentinels, for `restart(_:)`.
    @discardableResult
    public func killMajorityOfSentinels() async -> [RedisServer] {
        let killed = self.sentinels.running.prefix(self.sentinels.count / 2 + 1)
        for sentinel in killed { await sentinel.kill() }
        return Array(killed)
    }

    // MARK: Asking

    /// What a Sentinel takes for the state of affairs.
    private struct View: Sendable {
        let sentinel: RedisServer
        let primary: RedisServer
        let epoch: Int
    }

    /// The view with the latest configuration.
    private func latestView() async -> View? {
        let name = self.options.name
        let servers = self.servers
        let views = await self.sentinels.running.answers { sentinel in
            let commands = [["SENTINEL", "MASTER", name], ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]]
            let replies = try await sentinel.order(commands, atMost: .milliseconds(500))
            // The second knows of a successor as soon as that one is promoted.
            let port = replies[1].elements.last?.text.flatMap { Int($0) }
            guard let primary = servers.first(where: { $0.port == port }) else {
                throw AwaitedState.notYet("The Sentinel names a server that is none of these.")
            }
            let epoch = replies[0].fields["config-epoch"].flatMap { Int($0) } ?? 0
            return View(sentinel: sentinel, primary: primary, epoch: epoch)
        }
        return views.compactMap { $0 }.max { $0.epoch < $1.epoch }
    }

    /// The ports of the servers that call themselves primaries.
    private func selfDeclaredPrimaries() async -> Set<Int> {
        let ports = await self.servers.running.answers { server in
            try await server.replicationStatus(atMost: .milliseconds(200)).isPrimary ? server.port : nil
        }
        return Set(ports.compactMap { $0 ?? nil })
    }

    private func promotion(
        from old: RedisServer,
        known: Set<Int>,
        atMost limit: Duration
    ) async throws -> RedisPromotion {
        var seen: RedisPromotion?
        return try await AwaitedState.reach("A successor of the primary at port \(old.port)", within: limit) {
            let candidates = self.servers.running.filter { $0 !== old && !known.contains($0.port) }
            let isPrimary = await candidates.answers {
                try await $0.replicationStatus(atMost: .milliseconds(200)).isPrimary
            }
            for (server, isPrimary) in zip(candidates, isPrimary) {
                if isPrimary == true, seen == nil { seen = RedisPromotion(primary: server, moment: .now) }
                // A failover that was given up.
                if isPrimary == false, seen?.primary === server { seen = nil }
            }
            guard let view = await self.latestView(), view.primary !== old else { return nil }
            if let seen, seen.primary === view.primary { return seen }
            return RedisPromotion(primary: view.primary, moment: .now)
        }
    }

    private func setPace(isSettling: Bool) async throws {
        for sentinel in self.sentinels.running { try await self.setPace(of: sentinel, isSettling: isSettling) }
    }

    /// Throws while Sentinels differ about the primary, or take it for dead or about to be replaced.
    private func expectNoFailover() async throws -> Bool {
        guard let primary = await self.latestView()?.primary else { throw AwaitedState.notYet("No Sentinel answers.") }
        for sentinel in self.sentinels.running {
            let view = try await sentinel.order("SENTINEL", "MASTER", self.options.name, atMost: .seconds(1)).fields
            guard view["port"] == "\(primary.port)", view["flags"] == "master" else {
                throw AwaitedState.notYet("The Sentinel at port \(sentinel.port) has another primary, or none.")
            }
        }
        return try await primary.replicationStatus().isPrimary
    }

    /// Throws while a server has not its part, or a Sentinel does not know it.
    private func expectOneMind() async throws -> Bool {
        guard try await self.expectNoFailover(), let primary = await self.latestView()?.primary else { return false }
        for server in self.servers.running where server !== primary {
            let status = try await server.replicationStatus()
            guard !status.isPrimary, status.primaryPort == primary.port, status.isLinkUp else {
                throw AwaitedState.notYet("The server at port \(server.port) does not follow the primary.")
            }
        }
        for sentinel in self.sentinels.running { try await self.expectContact(of: sentinel, primary: primary) }
        return true
    }

    /// Throws while a Sentinel is not in contact with all that run.
    private func expectContact(of sentinel: RedisServer, primary: RedisServer) async throws {
        let name = self.options.name
        let commands = ["REPLICAS", "SENTINELS"].map { ["SENTINEL", $0, name] }
        let replies = try await sentinel.order(commands, atMost: .seconds(1))
        let replicas = replies[0].elements.map(\.fields)
            .filter { $0["flags"] == "slave" && $0["master-link-status"] == "ok" }.compactMap { $0["port"] }
        let others = replies[1].elements.map(\.fields).filter { $0["flags"] == "sentinel" }.compactMap { $0["port"] }
        let expectedReplicas = self.servers.running.filter { $0 !== primary }.map { "\($0.port)" }
        let expectedOthers = self.sentinels.running.filter { $0 !== sentinel }.map { "\($0.port)" }
        guard Set(replicas).isSuperset(of: expectedReplicas), Set(others).isSuperset(of: expectedOthers) else {
            throw AwaitedState.notYet("The Sentinel at port \(sentinel.port) does not know everyone yet.")
        }
    }
}
