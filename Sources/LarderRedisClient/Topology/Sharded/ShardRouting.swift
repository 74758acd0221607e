/// What a command becomes where keys are spread over independent servers.
enum ShardRouting: Sendable {
    /// It goes to this shard, which has all its keys; or it has none and concerns no shard more than another.
    case shard(Int)
    /// It concerns the data, or the settings, of all shards.
    case all(ReplyMerge)
    /// Its keys lie on several shards.
    case split(CommandSplit)
    /// `SCAN`: it goes from one shard to the next, with a cursor that says where it is.
    case scan
}

extension RedisCommand {
    /// What the command becomes, as Redis' own command tips have it for the primaries of a cluster.
    ///
    /// In a cluster the server refuses keys of several slots. Independent servers would execute such a command on whichever
    /// of its keys they have, so it is refused here.
    ///
    /// - Parameter ring: Which shard has which key.
    /// - Returns: Where the command goes; the first shard where any would do.
    /// - Throws: `RedisError` with the code `.invalidCommand` if its keys lie on several shards and it cannot be taken apart.
    func shardRouting(on ring: HashRing) throws(RedisError) -> ShardRouting {
        switch self.grouped(by: { ring.shard(of: $0) }) {
        case .one(let shard): return .shard(shard)
        case .several(let split): return .split(split)
        case .apart: throw .keysOnSeveralShards(self.name)
        case .noKeys: break
        }
        switch self.clusterRouting {
        case .allPrimaries(let merge), .allNodes(let merge): return .all(merge)
        case .scan: return .scan
        // Without keys there are no slots.
        case .anyNode, .slot, .split: return .shard(self.publishingShard(on: ring) ?? 0)
        }
    }

    /// The shard at which the channel is listened to that the command publishes on; nil if it is no `PUBLISH`.
    func publishingShard(on ring: HashRing) -> Int? {
        guard self.withElement(0, { $0.isWord("PUBLISH") }) == true else { return nil }
        return self.withElement(1) { ring.shard(of: $0) }
    }
}

extension RedisError {
    static func keysOnSeveralShards(_ command: String) -> RedisError {
        RedisError(
            .invalidCommand,
            message: "\(command) needs its keys on one server, and they lie on several; give them a common {hash tag}",
            command: command
        )
    }

    static func keyOnAnotherShard(_ command: String, at server: String) -> RedisError {
        RedisError(
            .invalidCommand,
            message:
                "\(command) is for a key of another server; borrow the connection for that key, withConnection(for:)",
            server: server,
            command: command
        )
    }
}
