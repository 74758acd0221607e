/// What a server of a cluster knows of itself and of the others (`CLUSTER NODES`).
///
/// Only here do servers say which slots are on their way, and each of them only of its own: `[93-<-id]` is a slot that it is to
/// get from that server, `[93->-id]` one that it gives to it.
struct ClusterNodesView: Sendable, Equatable {
    /// A server that is no replica.
    struct Primary: Sendable, Equatable {
        /// The digits by which the cluster knows it.
        let id: String
        /// Its address; empty if it does not know its own.
        let host: String
        /// The name that it was given, if it was.
        let name: String?
        let port: Int
        /// Grows whenever it takes over slots: of two that claim a slot, the one with the higher number has it.
        let epoch: UInt64
        let slots: [ClosedRange<Int>]
        /// The slots that it is to get, with those that have them; known of the one that was asked alone.
        let importing: [Int: String]
        /// The slots that it gives away, with those that are to get them; known of the one that was asked alone.
        let migrating: [Int: String]
    }

    /// The server that was asked; nil if it is a replica.
    let myself: Primary?
    /// All that are no replicas, the one that was asked among them.
    let primaries: [Primary]
    /// Of each replica, whose it is.
    private let originals: [String: String]

    /// Reads the reply to `CLUSTER NODES`.
    ///
    /// - Throws: `RedisError` with the code `.unexpectedReply` for a reply that is no such list; the server's error if the
    ///   reply is one.
    init(nodes reply: RESPValue) throws(RedisError) {
        if case .error(let error) = reply { throw RedisError(error) }
        let lines = try String(resp: reply).split(separator: "\n")
        // Servers are forgotten after a while, so there may be some more than a cluster can have.
        guard lines.count <= 4 * SlotMap.maximumNodeCount else { throw .malformedNodes("names too many servers") }
        var myself: Primary?
        var primaries: [Primary] = []
        var originals: [String: String] = [:]
        for line in lines {
            let words = line.split(separator: " ")
            guard words.count >= 8 else { throw .malformedNodes("has a line with too few words") }
            let flags = words[2].split(separator: ",")
            // One that is just being met has no id that would last.
            if flags.contains("handshake") { continue }
            guard flags.contains("master") else {
                originals[String(words[0])] = String(words[3])
                continue
            }
            let primary = try Primary(words)
            primaries.append(primary)
            if flags.contains("myself") { myself = primary }
        }
        self.myself = myself
        self.primaries = primaries
        self.originals = originals
    }

    /// The servers to which the one that was asked gives slots, by slots.
    ///
    /// One that has been replaced meanwhile stands for its successor, which has copies of what has been moved.
    var migrating: [Int: String] { (self.myself?.migrating ?? [:]).mapValues { self.originals[$0] ?? $0 } }

    /// Those that may have keys: they have slots, or are to get some.
    var wantedIDs: Set<String> {
        Set(self.primaries.filter { !$0.slots.isEmpty }.map(\.id)).union(self.migrating.values)
    }
}

extension ClusterNodesView.Primary {
    /// Reads the words of a line: id, address, flags, primary, ping, pong, epoch, link, slots.
    fileprivate init(_ words: [Substring]) throws(RedisError) {
        guard (1...255).contains(words[0].utf8.count), let epoch = UInt64(words[6]) else {
            throw .malformedNodes("has a line that describes no server")
        }
        self.id = String(words[0])
        self.epoch = epoch
        // address:port@port for servers, and behind commas a name and more.
        let details = words[1].split(separator: ",", omittingEmptySubsequences: false)
        let address = details[0].prefix { $0 != "@" }
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
            (0...65535).contains(port)
        else { throw .malformedNodes("has a server without a port") }
        self.host = String(address[..<colon])
        self.port = port
        let name = details.dropFirst().first.map { String($0) } ?? ""
        self.name = name.isPlausibleHost && !name.contains("=") ? name : nil
        guard self.host.isEmpty || self.host.isPlausibleHost else { throw .malformedNodes("has a host that is none") }
        var slots: [ClosedRange<Int>] = []
        var importing: [Int: String] = [:]
        var migrating: [Int: String] = [:]
        for word in words[8...] {
            guard word.hasPrefix("[") else {
                slots.append(try Self.slots(word))
                continue
            }
            let parts = word.dropFirst().dropLast().split(separator: "-", maxSplits: 2)
            guard word.hasSuffix("]"), parts.count == 3, let slot = Int(parts[0]), (0..<KeySlot.count).contains(slot)
            else { throw .malformedNodes("has a slot on its way that is none") }
            switch parts[1] {
            case "<": importing[slot] = String(parts[2])
            case ">": migrating[slot] = String(parts[2])
            default: throw .malformedNodes("has a slot that goes nowhere")
            }
        }
        self.slots = slots
        self.importing = importing
        self.migrating = migrating
    }

    private static func slots(_ word: Substring) throws(RedisError) -> ClosedRange<Int> {
        let bounds = word.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds[bounds.count - 1],
            first >= 0, first <= last, last < KeySlot.count
        else { throw .malformedNodes("has slots that are none") }
        return first...last
    }
}

extension RedisError {
    fileprivate static func malformedNodes(_ problem: String) -> RedisError {
        RedisError(.unexpectedReply, message: "the cluster's list of servers \(problem)", command: "CLUSTER")
    }
}
