import Logging
import NIOCore

/// Independent servers over which keys are spread by consistent hashing.
///
/// Each key has one server, whatever state that is in: while it cannot be reached, its keys cannot, and no other server gets
/// them in the meantime. It would come back with what was true when it went.
final class ShardedServers: Sendable {
    let ring: HashRing
    /// The servers, by their numbers on the ring.
    let nodes: [RedisNode]
    /// Every server that was met.
    let history = ServerHistory()
    let retries = RetryPolicy(hasSeveralServers: false)

    /// Does not connect yet.
    ///
    /// - Parameters:
    ///   - connector: How connections are made.
    ///   - shards: The servers.
    ///   - eventLoopGroup: Where connections live.
    ///   - logger: For what happens in the background.
    /// - Throws: `RedisError` with the code `.invalidConfiguration` for shards that make no ring.
    init(
        _ connector: RedisConnector,
        shards: [RedisConfiguration.Shard],
        eventLoopGroup: any EventLoopGroup,
        logger: Logger
    ) throws(RedisError) {
        self.ring = try HashRing(shards.map(\.ringShard))
        let history = self.history
        self.nodes = shards.map { shard in
            let locator = FixedLocator(connector: connector.to(shard.address), history: history, isFirst: true)
            return RedisNode(locator, eventLoopGroup: eventLoopGroup, logger: logger)
        }
    }

    /// What errors call them that concern no one of them.
    var name: String { self.nodes.map(\.locator.name).joined(separator: ",") }

    /// What is known of them.
    var description: RedisTopologyDescription {
        RedisTopologyDescription(
            kind: .sharded,
            nodes: self.nodes.map { .init(address: $0.locator.name, role: .primary, isConnected: $0.isConnected) }
        )
    }

    /// The server of a key, or of a channel.
    func node(of key: UnsafeRawBufferPointer) -> RedisNode { self.nodes[self.ring.shard(of: key)] }

    /// The node whose connections are lent: the key's, or the first.
    func lender(for key: String?) -> RedisNode { self.nodes[key.map { self.ring.shard(of: $0) } ?? 0] }

    func close() {
        for node in self.nodes { node.close() }
    }

    func shutdown() async {
        for node in self.nodes { await node.shutdown() }
    }

    // MARK: Calls

    /// Sends a command where it belongs.
    func send(_ command: RedisCommand, _ terms: CallTerms) async throws -> RESPValue {
        let deadline = MonotonicTime.deadline(after: terms.timeout)
        switch try command.shardRouting(on: self.ring) {
        case .shard(let shard):
            return try await self.nodes[shard].send(command, deadline, terms.bound, self.retries)
        case .scan:
            return try await self.scan(command, terms.bound, deadline)
        case .all, .split:
            return try await self.pipeline([command], terms)[0].get()
        }
    }

    /// Sends commands where they belong.
    ///
    /// - Returns: For each command its reply or its error.
    /// - Throws: `RedisError` with the code `.invalidCommand`, before anything is sent, if the keys of a command or a
    ///   transaction lie on several shards; `RedisError` if no command was answered; `CancellationError`.
    func pipeline(_ commands: [RedisCommand], _ terms: CallTerms) async throws -> [Result<RESPValue, RedisError>] {
        let deadline = MonotonicTime.deadline(after: terms.timeout)
        var plan = try ShardedPipeline(commands, on: self.ring)
        let batches = plan.batches
        if batches.count == 1 {
            plan.take(try await self.exchange(batches[0], terms.bound, deadline), of: 0)
        } else if !batches.isEmpty {
            try await withThrowingTaskGroup(of: (Int, [Result<RESPValue, RedisError>]).self) { group in
                for (number, batch) in batches.enumerated() {
                    group.addTask { (number, try await self.exchange(batch, terms.bound, deadline)) }
                }
                for try await (number, results) in group { plan.take(results, of: number) }
            }
        }
        for index in plan.scans {
            do {
                plan.note(.success(try await self.scan(commands[index], terms.bound, deadline)), of: index)
            } catch let error as RedisError {
                plan.note(.failure(error), of: index)
            }
        }
        return try plan.assemble()
    }

    /// Sends what goes to one shard; what keeps it from being answered is the failure of each of its commands.
    private func exchange(
        _ batch: ShardedPipeline.Batch,
        _ bound: UInt64,
        _ deadline: MonotonicTime
    ) async throws -> [Result<RESPValue, RedisError>] {
        do {
            return try await self.nodes[batch.shard].pipeline(batch.commands, deadline, bound, self.retries)
        } catch let error as RedisError {
            return batch.commands.map { .failure(error.of(command: $0.name)) }
        }
    }

    /// Asks for one page of a scan over the keys of all shards.
    ///
    /// - Returns: What a server answers to `SCAN`, with a cursor over all.
    /// - Throws: `RedisError` with the code `.invalidCommand` for a cursor that no such scan has answered with.
    private func scan(_ command: RedisCommand, _ bound: UInt64, _ deadline: MonotonicTime) async throws -> RESPValue {
        let shards = Array(self.nodes.indices)
        var position = try command.scanPosition(at: self.name) { shards.contains($0) }
        guard let shard = position.advance(among: shards) else { return ClusterScanPosition.end }
        let page = command.scanning(from: position.cursor)
        let reply = try await self.nodes[shard].send(page, deadline, bound, self.retries)
        return try position.answered(reply, among: shards)
    }
}

extension Servers {
    /// What refuses commands on a lent connection whose keys lie elsewhere.
    ///
    /// - Parameter node: Whose connection it is.
    /// - Returns: The check; nil where servers refuse such commands themselves, or have all keys.
    func check(at node: RedisNode) -> RedisConnection.CommandCheck? {
        guard case .sharded(let servers) = self else { return nil }
        let name = node.locator.name
        return { [ring = servers.ring, own = servers.nodes.firstIndex { $0 === node }] command throws(RedisError) in
            switch command.grouped(by: { ring.shard(of: $0) }) {
            case .noKeys:
                guard let shard = command.publishingShard(on: ring), shard != own else { return }
            case .one(let shard):
                if shard == own { return }
            case .several, .apart:
                throw .keysOnSeveralShards(command.name)
            }
            throw .keyOnAnotherShard(command.name, at: name)
        }
    }
}
