import NIOCore

/// What is asked to find out who the servers of a set are.
enum ServerQuestion: Hashable, Sendable {
    /// A server's part in the replication.
    case role(RedisConfiguration.Address)
    /// What a sentinel knows of the set.
    case sentinel(RedisConfiguration.Address)

    /// Who is asked.
    var address: RedisConfiguration.Address {
        switch self {
        case .role(let address), .sentinel(let address): address
        }
    }

    /// What to send.
    ///
    /// - Parameter primaryName: The name under which sentinels know the set.
    /// - Returns: The commands.
    func commands(_ primaryName: String) -> [RedisCommand] {
        switch self {
        case .role: [RedisCommand("ROLE")]
        case .sentinel:
            ["GET-MASTER-ADDR-BY-NAME", "MASTER", "REPLICAS", "SENTINELS"].map {
                RedisCommand("SENTINEL", $0, primaryName)
            }
        }
    }
}

/// What came back.
enum ServerAnswer: Hashable, Sendable {
    /// A server's part; nil where its user may not ask for it.
    case role(RedisRole?, ServerIdentity?)
    case sentinel(SentinelAnswer)

    /// Reads the replies to the commands of a question.
    ///
    /// - Throws: `RedisError`: the server's, or `.unexpectedReply`.
    init(to question: ServerQuestion, _ replies: [RESPValue], _ identity: ServerIdentity?) throws(RedisError) {
        switch question {
        case .sentinel: self = .sentinel(try SentinelAnswer(replies))
        case .role:
            guard let reply = replies.first else { throw RedisError(.unexpectedReply, message: "ROLE got no reply") }
            if case .error(let error) = reply {
                // INFO, which every connection asks for, may say as much.
                guard error.code == "NOPERM" || error.code == "ERR" else { throw RedisError(error) }
                self = .role(identity.map(Self.role), identity)
            } else {
                self = .role(try RedisRole(resp: reply), identity)
            }
        }
    }

    private static func role(_ identity: ServerIdentity) -> RedisRole {
        identity.isPrimary
            ? .primary(offset: 0, replicas: []) : .replica(host: "", port: 0, state: "", offset: 0)
    }
}

/// What a sentinel knows of a set.
struct SentinelAnswer: Hashable, Sendable {
    /// More would be no set, but an attempt to exhaust us.
    static var mostServers: Int { 64 }

    /// Where the primary is; nil where the sentinel does not know the set.
    var primary: RedisConfiguration.Address?
    /// The number of the election that made it primary: of two sentinels the one with the larger number knows more.
    var epoch = 0
    /// The replicas that are up.
    var replicas: [RedisConfiguration.Address] = []
    /// The other sentinels that watch the set.
    var sentinels: [RedisConfiguration.Address] = []

    init(
        primary: RedisConfiguration.Address?,
        epoch: Int = 0,
        replicas: [RedisConfiguration.Address] = [],
        sentinels: [RedisConfiguration.Address] = []
    ) {
        self.primary = primary
        self.epoch = epoch
        self.replicas = replicas
        self.sentinels = sentinels
    }

    /// Reads the replies to `GET-MASTER-ADDR-BY-NAME`, `MASTER`, `REPLICAS` and `SENTINELS`, in this order.
    ///
    /// Only the first has to be there: a set without a name has no other, and users may be forbidden to ask for more.
    fileprivate init(_ replies: [RESPValue]) throws(RedisError) {
        guard replies.count == 4 else {
            throw RedisError(.unexpectedReply, message: "a sentinel left questions unanswered")
        }
        if case .error(let error) = replies[0] { throw RedisError(error).with(command: "SENTINEL") }
        guard let pair = try [String]?(resp: replies[0]) else { return }
        guard pair.count == 2, let primary = Self.address(pair[0], pair[1]) else {
            throw RedisError(.unexpectedReply, message: "a sentinel named an address that is none", command: "SENTINEL")
        }
        self.primary = primary
        self.epoch = Self.fields(replies[1])["config-epoch"].flatMap { Int($0) } ?? 0
        self.replicas = Self.addresses(replies[2]) { fields in
            let flags = (fields["flags"] ?? "").split(separator: ",")
            return !flags.contains("s_down") && !flags.contains("o_down") && !flags.contains("disconnected")
                && fields["master-link-status"] != "err"
        }
        self.sentinels = Self.addresses(replies[3]) { _ in true }
    }

    private static func addresses(
        _ reply: RESPValue,
        where isWanted: ([String: String]) -> Bool
    ) -> [RedisConfiguration.Address] {
        guard case .array(let elements) = reply else { return [] }
        return elements.prefix(Self.mostServers).compactMap { element in
            let fields = Self.fields(element)
            guard isWanted(fields), let host = fields["ip"], let port = fields["port"] else { return nil }
            return Self.address(host, port)
        }
    }

    private static func fields(_ reply: RESPValue) -> [String: String] {
        do {
            return try [String: String](resp: reply)
        } catch {
            // An error, or what no sentinel sends: then nothing is known.
            return [:]
        }
    }

    private static func address(_ host: String, _ port: String) -> RedisConfiguration.Address? {
        guard let port = Int(port) else { return nil }
        return .server(host, port)
    }
}

extension RedisConfiguration.Address {
    /// An address that a server has told us; nil if it is none.
    static func server(_ host: String, _ port: Int) -> RedisConfiguration.Address? {
        guard !host.isEmpty, host.utf8.count <= 255, host != "?", (1...65_535).contains(port) else { return nil }
        return .hostname(host, port: port)
    }
}
