import NIOCore

/// A command that the server remembers as slow.
public struct RedisSlowLogEntry: Sendable, Hashable, RESPDecodable {
    /// The entry's number.
    public var id: Int
    /// When the command was executed.
    public var time: RedisTime
    /// How long it took.
    public var duration: Duration
    /// The command's words as far as the server keeps them.
    ///
    /// They hold keys and values: not for logs.
    public var words: [String]
    /// The address of the client that sent it.
    public var client: String
    /// The name of the client's connection; empty if it has none.
    public var clientName: String

    /// Reads an entry of `SLOWLOG GET`.
    public init(resp value: RESPValue) throws(RedisError) {
        let parts = try value.elements()
        guard parts.count >= 6 else { throw .unexpectedReply(value, expected: "an entry of the slow log") }
        self.id = try Int(resp: parts[0])
        self.time = RedisTime(seconds: try Int64(resp: parts[1]))
        self.duration = .microseconds(try Int64(resp: parts[2]))
        // Words may be any bytes; people read them.
        self.words = []
        for word in try parts[3].elements() { self.words.append(String(buffer: try .init(resp: word))) }
        self.client = try String(resp: parts[4])
        self.clientName = try String(resp: parts[5])
    }
}

/// Something that made the server slow.
public struct RedisLatencyEvent: Sendable, Hashable, RESPDecodable {
    /// The kind of event, such as `command` or `fork`.
    public var name: String
    /// When it last happened.
    public var time: RedisTime
    /// How long it took then, exact to the millisecond.
    public var latest: Duration
    /// How long it took at worst.
    public var maximum: Duration

    /// Reads an event of `LATENCY LATEST`.
    public init(resp value: RESPValue) throws(RedisError) {
        let parts = try value.elements()
        guard parts.count >= 4 else { throw .unexpectedReply(value, expected: "a latency event") }
        self.name = try String(resp: parts[0])
        self.time = RedisTime(seconds: try Int64(resp: parts[1]))
        self.latest = .milliseconds(try Int64(resp: parts[2]))
        self.maximum = .milliseconds(try Int64(resp: parts[3]))
    }
}

/// A connection as the server sees it (`CLIENT LIST`).
public struct RedisClientInfo: Sendable, Hashable {
    /// All that the server tells, by the names that it gives.
    public let fields: [String: String]

    /// Reads a line of `CLIENT LIST`.
    ///
    /// - Parameter line: Words of `name=value`.
    public init(line: String) {
        var fields: [String: String] = [:]
        for word in line.split(whereSeparator: \.isWhitespace) {
            guard let equals = word.firstIndex(of: "=") else { continue }
            fields[String(word[..<equals])] = String(word[word.index(after: equals)...])
        }
        self.fields = fields
    }

    /// The connection's number.
    public var id: Int? { self.fields["id"].flatMap { Int($0) } }

    /// The client's address.
    public var address: String? { self.fields["addr"] }

    /// The connection's name; `nil` if it has none.
    public var name: String? { self.fields["name"].flatMap { $0.isEmpty ? nil : $0 } }

    /// The user that the connection is logged in as.
    public var user: String? { self.fields["user"] }

    /// The number of the connection's database.
    public var database: Int? { self.fields["db"].flatMap { Int($0) } }

    /// The version of the protocol that the connection speaks; since Redis 7.0.
    public var protocolVersion: Int? { self.fields["resp"].flatMap { Int($0) } }

    /// The last command.
    public var command: String? { self.fields["cmd"] }

    /// How long the connection has been open.
    public var age: Duration? { self.fields["age"].flatMap { Int($0) }.map { .seconds($0) } }

    /// How long the connection has been idle.
    public var idle: Duration? { self.fields["idle"].flatMap { Int($0) }.map { .seconds($0) } }
}

/// A server's part in a replication (`ROLE`).
public enum RedisRole: Sendable, Hashable, RESPDecodable {
    /// A server that takes writes.
    ///
    /// - Parameters:
    ///   - offset: How far its replication has come.
    ///   - replicas: Its replicas.
    case primary(offset: Int, replicas: [Replica])

    /// A copy of another server.
    ///
    /// - Parameters:
    ///   - host: The primary's host.
    ///   - port: The primary's port.
    ///   - state: What it does, such as `connected`.
    ///   - offset: How far it has come; negative while it is not connected.
    case replica(host: String, port: Int, state: String, offset: Int)

    /// A server that watches others.
    ///
    /// - Parameter names: The names of what it watches.
    case sentinel(names: [String])

    /// A copy as its primary sees it.
    public struct Replica: Sendable, Hashable {
        /// The replica's host.
        public var host: String
        /// The replica's port.
        public var port: Int
        /// How far it has come.
        public var offset: Int
    }

    /// Reads the reply to `ROLE`.
    public init(resp value: RESPValue) throws(RedisError) {
        let parts = try value.elements()
        switch (try parts.first.map { (name) throws(RedisError) in try String(resp: name) }, parts.count) {
        case ("master", 3...):
            var replicas: [Replica] = []
            for replica in try parts[2].elements() {
                let fields = try [String](resp: replica)
                guard fields.count == 3, let port = Int(fields[1]), let offset = Int(fields[2]) else {
                    throw .unexpectedReply(replica, expected: "a replica")
                }
                replicas.append(.init(host: fields[0], port: port, offset: offset))
            }
            self = .primary(offset: try Int(resp: parts[1]), replicas: replicas)
        case ("slave", 5...):
            self = .replica(
                host: try String(resp: parts[1]),
                port: try Int(resp: parts[2]),
                state: try String(resp: parts[3]),
                offset: try Int(resp: parts[4])
            )
        case ("sentinel", 2...):
            self = .sentinel(names: try [String](resp: parts[1]))
        default:
            throw .unexpectedReply(value, expected: "a role")
        }
    }
}
