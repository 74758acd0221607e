/// What a node of a cluster takes for the state of affairs: the reply to CLUSTER NODES.
struct RedisClusterView: Sendable {
    /// A line of it, about one node.
    struct Node: Sendable {
        /// The node's id.
        let id: String
        /// The port for clients.
        let port: Int
        /// The port of the cluster bus.
        let busPort: Int
        /// The words that describe the node, such as `myself`, `master`, `fail?`, `handshake`.
        let flags: Set<String>
        /// The id of whom the node replicates.
        let primaryID: String?
        /// The configuration epoch: of two that claim the same slots, the higher one has them.
        let epoch: Int
        /// Whether there is a link to it.
        let isConnected: Bool
        /// The slots that the node owns.
        let slots: [ClosedRange<Int>]

        /// Whether the node is a primary, also one without slots.
        var isPrimary: Bool { self.flags.contains("master") }

        /// Whether nothing is wrong with the node or still under way.
        var isWell: Bool {
            self.isConnected && self.flags.isDisjoint(with: ["fail", "fail?", "handshake", "noaddr", "nofailover"])
        }

        /// Whether the node owns a slot.
        func owns(_ slot: Int) -> Bool { self.slots.contains { $0.contains(slot) } }
    }

    /// All nodes that it knows, itself among them.
    let nodes: [Node]

    /// The node that was asked.
    let myself: Node

    /// Reads the reply.
    ///
    /// - Throws: `TestServerError` when it is not one.
    init(_ reply: RawRedisReply) throws {
        let nodes = (reply.text ?? "").split(separator: "\n").compactMap { Node(line: $0) }
        guard let myself = nodes.first(where: { $0.flags.contains("myself") }) else {
            throw TestServerError(.noAnswer, "The server did not describe a cluster.")
        }
        self.nodes = nodes
        self.myself = myself
    }

    /// Who has which slots and who replicates whom, of the nodes with these ports; the same in all nodes when all is settled.
    func arrangement(of ports: Set<Int>) -> [String: [String]] {
        var arrangement: [String: [String]] = [:]
        for node in self.nodes where ports.contains(node.port) {
            arrangement[node.id] = [node.primaryID ?? "-"] + node.slots.map { "\($0)" }
        }
        return arrangement
    }
}

extension RedisClusterView.Node {
    /// Reads a line: id, address, flags, primary, ping, pong, epoch, link, slots.
    fileprivate init?(line: Substring) {
        let words = line.split(separator: " ")
        guard words.count >= 8, let epoch = Int(words[6]) else { return nil }
        // ip:port@busPort, and behind a comma a name.
        let address = words[1].split(separator: ",")[0].split(separator: "@")
        guard address.count == 2, let busPort = Int(address[1]), let colon = address[0].lastIndex(of: ":"),
            let port = Int(address[0][address[0].index(after: colon)...])
        else { return nil }
        self.id = String(words[0])
        self.port = port
        self.busPort = busPort
        self.flags = Set(words[2].split(separator: ",").map(String.init))
        self.primaryID = words[3] == "-" ? nil : String(words[3])
        self.epoch = epoch
        self.isConnected = words[7] == "connected"
        // In brackets are the slots that move.
        self.slots = words[8...].filter { !$0.hasPrefix("[") }.compactMap { word in
            let bounds = word.split(separator: "-").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last else { return nil }
            return first...last
        }
    }
}

extension RedisServer {
    /// How the server sees the cluster that it is a node of.
    ///
    /// - Throws: `TestServerError` when it does not answer.
    func clusterView(atMost limit: Duration = .seconds(1)) async throws -> RedisClusterView {
        try RedisClusterView(try await self.order("CLUSTER", "NODES", atMost: limit))
    }
}
