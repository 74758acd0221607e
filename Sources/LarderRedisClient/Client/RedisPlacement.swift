/// What a sender knows of where keys lie.
///
/// Senders that do not conform keep all keys on one server.
package protocol RedisPlacement: RedisCommandSender {
    /// Whether keys can lie on several servers, so that a script only reaches those in the slot of its own keys.
    ///
    /// Such a sender
    /// - splits an `MGET` by servers and puts the answers together in order,
    /// - sends a script where its keys lie, which are all of one slot,
    /// - keeps the order of a pipeline's commands for each key, and promises none between keys,
    /// - walks all servers behind the one cursor of a `SCAN`, which is any text; `0` begins and ends.
    var spreadsKeys: Bool { get }
}

extension RedisClient: RedisPlacement {
    /// Whether keys lie on several servers: in a cluster, and with shards.
    package var spreadsKeys: Bool {
        switch self.servers {
        case .cluster, .sharded: true
        case .standalone, .replicated: false
        }
    }
}

extension RedisClientView: RedisPlacement {
    /// Whether keys lie on several servers.
    package var spreadsKeys: Bool { self.client.spreadsKeys }
}
