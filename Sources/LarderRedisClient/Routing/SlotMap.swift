import NIOCore

/// Where a server of a cluster listens.
struct NodeAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or an IP address; an IPv6 address without brackets.
    var host: String
    var port: Int

    /// A text for people.
    var description: String { self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)" }
}

/// A server of a cluster.
struct ClusterNode: Sendable, Hashable {
    var address: NodeAddress
    /// The forty digits by which the cluster knows the server, wherever it moves; nil from servers before Redis 4.
    var id: String?
}

/// Slots in a row that belong to one primary.
struct SlotRange: Sendable, Equatable {
    var slots: ClosedRange<Int>
    var primary: ClusterNode
    var replicas: [ClusterNode]
}

/// The slots of a cluster with their servers, as one of them sees it (`CLUSTER SLOTS`).
///
/// `CLUSTER SHARDS` of Redis 7.0 is not asked. What it tells more, the health of replicas and a port for TLS, is decided
/// by the server in `CLUSTER SLOTS` already: it leaves out replicas that failed or have not copied their data yet, and
/// names the port of the kind of connection that it was asked on. And every version knows `CLUSTER SLOTS`.
struct SlotMap: Sendable, Equatable {
    /// In the order of their slots, none overlapping.
    ///
    /// There may be gaps: slots that nobody owns, or whose owner's address nobody knows.
    let ranges: [SlotRange]

    /// A cluster has at most a thousand servers (its own specification says so); a reply with more is none.
    static let maximumNodeCount = 1000

    /// Reads the reply to `CLUSTER SLOTS`.
    ///
    /// A host that is null or empty stands for the one that was asked. A host `?` (the cluster is told to name hosts, and
    /// this one has no name) is looked for in the address beside it, which is empty if the one that was asked does not know
    /// its own. Without one, a replica is left out, and so are the slots of a primary.
    ///
    /// - Parameters:
    ///   - reply: What the server answered.
    ///   - askedHost: The host that was asked.
    /// - Throws: `RedisError` with the code `.unexpectedReply` for a reply that is no such map or contradicts itself; the
    ///   server's error if the reply is one.
    init(slots reply: RESPValue, askedHost: String) throws(RedisError) {
        if case .error(let error) = reply { throw RedisError(error) }
        guard case .array(let entries) = reply else {
            throw .unexpectedReply(reply, expected: "an array of slot ranges")
        }
        guard entries.count <= KeySlot.count else { throw .malformedSlots("has more ranges than there are slots") }
        var ranges: [SlotRange] = []
        var taken: [ClosedRange<Int>] = []
        var addresses: Set<NodeAddress> = []
        for entry in entries {
            guard case .array(let parts) = entry, parts.count >= 3 else {
                throw .unexpectedReply(entry, expected: "a slot range with a server")
            }
            guard parts.count <= 2 + Self.maximumNodeCount else { throw .malformedSlots("names too many servers") }
            let slots = try Self.slots(from: parts[0], to: parts[1])
            taken.append(slots)
            let primary = try Self.node(parts[2], askedHost: askedHost)
            var replicas: [ClusterNode] = []
            for part in parts.dropFirst(3) {
                if let replica = try Self.node(part, askedHost: askedHost) { replicas.append(replica) }
            }
            for node in replicas { addresses.insert(node.address) }
            if let primary {
                addresses.insert(primary.address)
                ranges.append(SlotRange(slots: slots, primary: primary, replicas: replicas))
            }
            guard addresses.count <= Self.maximumNodeCount else { throw .malformedSlots("names too many servers") }
        }
        taken.sort { $0.lowerBound < $1.lowerBound }
        for (range, next) in zip(taken, taken.dropFirst()) where next.lowerBound <= range.upperBound {
            throw .malformedSlots("gives a slot to two servers")
        }
        self.ranges = ranges.sorted { $0.slots.lowerBound < $1.slots.lowerBound }
    }

    /// How many slots have an owner; 16,384 in a cluster that is whole.
    var ownedSlotCount: Int { self.ranges.reduce(0) { $0 + $1.slots.count } }

    /// The primaries, each once, in the order of their first slots.
    var primaries: [ClusterNode] {
        var seen: Set<NodeAddress> = []
        return self.ranges.map(\.primary).filter { seen.insert($0.address).inserted }
    }

    private static func slots(from start: RESPValue, to end: RESPValue) throws(RedisError) -> ClosedRange<Int> {
        guard case .integer(let start) = start, case .integer(let end) = end else {
            throw .malformedSlots("has a range that is not of numbers")
        }
        guard start >= 0, start <= end, end < KeySlot.count else {
            throw .malformedSlots("has a range outside of the slots")
        }
        return Int(start)...Int(end)
    }

    /// `[endpoint, port, id, metadata]`, of which old servers send the first two; nil if nobody knows the address.
    private static func node(_ value: RESPValue, askedHost: String) throws(RedisError) -> ClusterNode? {
        guard case .array(let parts) = value, parts.count >= 2 else {
            throw .unexpectedReply(value, expected: "a server's address")
        }
        guard case .integer(let port) = parts[1], (0...65535).contains(port) else {
            throw .malformedSlots("has a port that is none")
        }
        let id = parts.count > 2 ? try Self.text(parts[2], expected: "a server's id") : nil
        var host = try Self.text(parts[0], expected: "a server's host") ?? ""
        if host == "?" {
            guard parts.count > 3, let ip = try Self.metadata(parts[3])["ip"], ip != "?" else {
                return nil
            }
            host = ip
        }
        // Port 0 is what a server has that does not listen for such connections (with TLS, without).
        guard port > 0 else { return nil }
        if host.isEmpty {
            host = askedHost
        } else if !host.isPlausibleHost {
            throw .malformedSlots("has a host that is none")
        }
        return ClusterNode(address: NodeAddress(host: host, port: Int(port)), id: id)
    }

    /// Names and values that take turns; a map in RESP3.
    private static func metadata(_ value: RESPValue) throws(RedisError) -> [String: String] {
        let parts: [RESPValue]
        switch value {
        case .array(let elements): parts = elements
        case .map(let entries): parts = entries.flatMap { [$0.key, $0.value] }
        default: throw .unexpectedReply(value, expected: "more about a server")
        }
        guard parts.count % 2 == 0, parts.count <= 64 else { throw .malformedSlots("says strange things of a server") }
        var metadata: [String: String] = [:]
        for index in stride(from: 0, to: parts.count, by: 2) {
            guard let name = try Self.text(parts[index], expected: "a name") else { continue }
            metadata[name] = try Self.text(parts[index + 1], expected: "a text")
        }
        return metadata
    }

    private static func text(_ value: RESPValue, expected: String) throws(RedisError) -> String? {
        let text: String?
        switch value {
        case .null: return nil
        case .simpleString(let string): text = string
        case .bulkString(let bytes): text = String(validating: bytes.readableBytesView, as: UTF8.self)
        default: throw .unexpectedReply(value, expected: expected)
        }
        guard let text, text.utf8.count <= 255 else { throw .malformedSlots("has a text that is too long or no UTF-8") }
        return text
    }
}

extension String {
    /// Whether the text can be a host: a name or an IP address.
    ///
    /// What a server says ends up in a name look-up, in a certificate's check and in logs.
    var isPlausibleHost: Bool {
        (1...255).contains(self.utf8.count)
            && self.utf8.allSatisfy { byte in
                byte > 0x20 && byte != 0x7F && !"/\\\"'<>[]{}?#@".utf8.contains(byte)
            }
    }
}

extension RedisError {
    fileprivate static func malformedSlots(_ problem: String) -> RedisError {
        RedisError(.unexpectedReply, message: "the cluster's map of slots \(problem)", command: "CLUSTER")
    }
}
