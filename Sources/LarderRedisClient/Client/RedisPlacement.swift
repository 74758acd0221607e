/// The keys that one script may touch beside a given one.
package enum RedisScriptReach: Sendable, Hashable {
    /// All.
    case everything
    /// Those of the same number: they lie on one server of several.
    case server(Int)
    /// None that could be told. In a cluster, keys of one slot may lie apart while the slot changes hands.
    case key
}

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

    /// The server that has a key, as errors name it; nil where keys are not spread, or where nobody knows yet.
    func server(ofKey key: String) -> String?

    /// Whether a server is one that ``server(ofKey:)`` names, or has named: errors come from the server that was asked, which
    /// may have lost its keys to another since.
    func mayHaveHadKeys(_ server: String) -> Bool

    /// The keys that a script may touch beside this one, whenever it is sent.
    func scriptReach(ofKey key: String) -> RedisScriptReach
}

extension RedisPlacement {
    /// Nobody knows.
    package func server(ofKey key: String) -> String? { nil }

    /// Nobody knows.
    package func mayHaveHadKeys(_ server: String) -> Bool { false }

    /// All where keys are not spread, else none.
    package func scriptReach(ofKey key: String) -> RedisScriptReach { self.spreadsKeys ? .key : .everything }
}

extension RedisClient: RedisPlacement {
    /// Whether keys lie on several servers: in a cluster, and with shards.
    package var spreadsKeys: Bool {
        switch self.servers {
        case .cluster, .sharded: true
        case .standalone, .replicated: false
        }
    }

    /// The server that has a key.
    package func server(ofKey key: String) -> String? {
        switch self.servers {
        case .cluster(let servers):
            servers.table.load(KeySlot.slot(of: key)).map { servers.members[$0].primary.locator.name }
        case .sharded(let servers): servers.lender(for: key).locator.name
        case .standalone, .replicated: nil
        }
    }

    /// Whether a server is, or was, one of those that keys lie on.
    package func mayHaveHadKeys(_ server: String) -> Bool {
        switch self.servers {
        case .cluster(let servers): servers.members.all.contains { $0.primary.locator.name == server }
        case .sharded(let servers): servers.nodes.contains { $0.locator.name == server }
        case .standalone, .replicated: false
        }
    }

    /// The keys on the same server, where it never changes.
    package func scriptReach(ofKey key: String) -> RedisScriptReach {
        switch self.servers {
        case .standalone, .replicated: .everything
        case .sharded(let servers): .server(servers.ring.shard(of: key))
        case .cluster: .key
        }
    }
}

extension RedisClientView: RedisPlacement {
    /// Whether keys lie on several servers.
    package var spreadsKeys: Bool { self.client.spreadsKeys }

    /// The server that has a key.
    package func server(ofKey key: String) -> String? { self.client.server(ofKey: key) }

    /// Whether a server is, or was, one of those that keys lie on.
    package func mayHaveHadKeys(_ server: String) -> Bool { self.client.mayHaveHadKeys(server) }

    /// The keys that a script may touch beside one.
    package func scriptReach(ofKey key: String) -> RedisScriptReach { self.client.scriptReach(ofKey: key) }
}
