/// What a command becomes in a cluster.
enum ClusterRouting: Sendable {
    /// It goes to the primary of the slot of its first key (or to a replica of it, if it only reads).
    ///
    /// Also commands whose keys lie in several slots and that cannot be taken apart: the server answers `CROSSSLOT`.
    case slot(Int)
    /// It has no keys: any primary will do. Not a replica, for a script without keys may still want to write.
    case anyNode
    /// It concerns the data of all primaries.
    case allPrimaries(ReplyMerge)
    /// It concerns each server for itself, replicas included: settings, scripts, users, subscribers.
    case allNodes(ReplyMerge)
    /// Its keys lie in several slots.
    case split(CommandSplit)
    /// `SCAN`: it goes from one primary to the next, with a cursor that says where it is.
    case scan
}

extension RedisCommand {
    /// What the command becomes in a cluster, as Redis' own command tips (`request_policy`, `response_policy`) have it.
    ///
    /// Where the tips say "special" or ask for all servers although one answers as well (`INFO`, `PING`, `LATENCY
    /// DOCTOR`), one server is asked: whoever wants to know how a server does asks that server.
    var clusterRouting: ClusterRouting {
        let shape = self.body.withUnsafeBytes { bytes in
            var elements = CommandElements(bytes)
            return elements.next().map { CommandKeyTable.shape(of: $0) } ?? .keyless
        }
        switch shape {
        case .divisible, .divisiblePairs:
            return switch self.grouped(by: { KeySlot.slot(of: $0) }) {
            case .noKeys: .anyNode
            case .one(let slot), .apart(let slot): .slot(slot)
            case .several(let split): .split(split)
            }
        case .keyless: return .anyNode
        case .scan: return .scan
        case .wide: return ServerWideCommands.routing(of: self)
        case .memory:
            if let slot = self.firstKeySlot { return .slot(slot) }
            return ServerWideCommands.routing(of: self)
        default:
            return self.firstKeySlot.map { .slot($0) } ?? .anyNode
        }
    }
}

/// The commands without keys that one server cannot answer for all.
private enum ServerWideCommands {
    private static let commands: [String: ClusterRouting] = [
        "DBSIZE": .allPrimaries(.sum),
        "FLUSHALL": .allPrimaries(.allSucceeded),
        "FLUSHDB": .allPrimaries(.allSucceeded),
        "KEYS": .allPrimaries(.concatenation),
        // The tips let the client choose among the replies. A null of one server says nothing of the others.
        "RANDOMKEY": .allPrimaries(.anyValue),
    ]

    private static let subcommands: [String: ClusterRouting] = [
        // Users and settings are each server's own.
        "ACL DELUSER": .allNodes(.allSucceeded),
        "ACL LOAD": .allNodes(.allSucceeded),
        "ACL SAVE": .allNodes(.allSucceeded),
        "ACL SETUSER": .allNodes(.allSucceeded),
        "CONFIG RESETSTAT": .allNodes(.allSucceeded),
        "CONFIG REWRITE": .allNodes(.allSucceeded),
        "CONFIG SET": .allNodes(.allSucceeded),
        // Primaries replicate functions.
        "FUNCTION DELETE": .allPrimaries(.allSucceeded),
        "FUNCTION FLUSH": .allPrimaries(.allSucceeded),
        "FUNCTION KILL": .allPrimaries(.oneSucceeded),
        "FUNCTION LOAD": .allPrimaries(.allSucceeded),
        "FUNCTION RESTORE": .allPrimaries(.allSucceeded),
        // Answers with the number of events that were forgotten, although the tip is "all succeeded".
        "LATENCY RESET": .allNodes(.sum),
        "MEMORY PURGE": .allPrimaries(.allSucceeded),
        // What is published reaches the subscribers of all servers, but each server knows its own only.
        "PUBSUB CHANNELS": .allNodes(.union),
        "PUBSUB NUMPAT": .allNodes(.sum),
        "PUBSUB NUMSUB": .allNodes(.sumByName),
        "PUBSUB SHARDCHANNELS": .allNodes(.union),
        "PUBSUB SHARDNUMSUB": .allNodes(.sumByName),
        // Scripts are not replicated.
        "SCRIPT EXISTS": .allPrimaries(.logicalAnd),
        "SCRIPT FLUSH": .allNodes(.allSucceeded),
        "SCRIPT KILL": .allPrimaries(.oneSucceeded),
        "SCRIPT LOAD": .allNodes(.allSucceeded),
        "SLOWLOG GET": .allNodes(.concatenation),
        "SLOWLOG LEN": .allNodes(.sum),
        "SLOWLOG RESET": .allNodes(.allSucceeded),
    ]

    static func routing(of command: RedisCommand) -> ClusterRouting {
        let name = command.name
        if let routing = Self.commands[name] { return routing }
        let subcommand = command.withElement(1) { bytes in
            bytes.count <= 24 ? String(decoding: bytes, as: UTF8.self).uppercased() : ""
        }
        return subcommand.flatMap { Self.subcommands["\(name) \($0)"] } ?? .anyNode
    }
}

// MARK: Pipelines

/// A transaction inside a pipeline.
struct TransactionSpan: Sendable, Equatable {
    /// The indexes of its commands, from `MULTI` to `EXEC` or `DISCARD`.
    let commands: Range<Int>
    /// The group (the slot, the server) of all its keys; nil if it has none.
    let group: Int?
}

extension [RedisCommand] {
    /// The transactions of a pipeline, each of which one server has to execute whole.
    ///
    /// Its commands are executed there as they are: none is taken apart, and one that concerns all servers outside of a
    /// transaction (`FLUSHALL`) concerns this server alone.
    ///
    /// - Parameter group: The group of a key: the slot, where nothing else is said.
    /// - Returns: The transactions in order; none for most pipelines, which costs one look at each command's name.
    /// - Throws: `RedisError` with the code `.invalidCommand` if the keys of one lie in several groups.
    func transactionSpans(
        by group: (UnsafeRawBufferPointer) -> Int = { KeySlot.slot(of: $0) }
    ) throws(RedisError) -> [TransactionSpan] {
        var spans: [TransactionSpan] = []
        var start: Int?
        var found: Int?
        for (index, command) in self.enumerated() {
            if command.isolation == .changesConnection {
                switch command.name {
                case "MULTI" where start == nil:
                    start = index
                    found = nil
                    continue
                case "EXEC", "DISCARD":
                    if let first = start { spans.append(TransactionSpan(commands: first..<index + 1, group: found)) }
                    start = nil
                    continue
                default: break
                }
            }
            guard start != nil else { continue }
            switch command.grouped(by: group) {
            case .noKeys: break
            case .one(let group) where found == nil || found == group: found = group
            case .one, .several, .apart: throw .scatteredTransaction
            }
        }
        // One without an end is for the caller to refuse; here it must not get lost.
        if let first = start { spans.append(TransactionSpan(commands: first..<self.count, group: found)) }
        return spans
    }
}

extension RedisError {
    static var scatteredTransaction: RedisError {
        RedisError(
            .invalidCommand,
            message: "the keys of a transaction must lie in one slot or on one shard; give them a common {hash tag}",
            command: "MULTI"
        )
    }
}
