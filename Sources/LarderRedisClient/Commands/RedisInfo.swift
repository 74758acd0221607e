/// What a server tells about itself (`INFO`).
public struct RedisInfo: Sendable, Hashable {
    /// The sections by their names, such as `memory`, in small letters; in each the values by the names of their fields.
    public let sections: [String: [String: String]]

    private let fields: [String: String]

    /// Reads the text of `INFO`.
    ///
    /// - Parameter text: Lines of `field:value`, under lines of `# Section`. Other lines are skipped.
    public init(_ text: String) {
        var sections: [String: [String: String]] = [:]
        var fields: [String: String] = [:]
        var section = ""
        for line in text.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("#") {
                section = line.drop { $0 == "#" || $0 == " " }.lowercased()
            } else if let colon = line.firstIndex(of: ":") {
                let value = String(line[line.index(after: colon)...])
                sections[section, default: [:]][String(line[..<colon])] = value
                fields[String(line[..<colon])] = value
            }
        }
        self.sections = sections
        self.fields = fields
    }

    /// The value of a field, in whichever section it is.
    ///
    /// - Parameter field: The field's name, such as `used_memory`.
    public subscript(field: String) -> String? { self.fields[field] }

    /// The value of a field as a whole number.
    ///
    /// - Parameter field: The field's name, such as `used_memory`.
    /// - Returns: The number; `nil` if there is no such field, or if it holds none.
    public func integer(_ field: String) -> Int? { self.fields[field].flatMap { Int($0) } }

    /// The value of a field as a floating-point number.
    ///
    /// - Parameter field: The field's name, such as `mem_fragmentation_ratio`.
    /// - Returns: The number; `nil` if there is no such field, or if it holds none.
    public func double(_ field: String) -> Double? { self.fields[field].flatMap { Double($0) } }

    /// The server's version, such as `7.0.15`.
    public var version: String? { self["redis_version"] }

    /// A number that the server draws at random when it starts: another one means that it was restarted.
    public var runID: String? { self["run_id"] }

    /// How long the server has been running.
    public var uptime: Duration? { self.integer("uptime_in_seconds").map { .seconds($0) } }

    /// The number of connections.
    public var connectedClients: Int? { self.integer("connected_clients") }

    /// The bytes that the server's data take.
    public var usedMemory: Int? { self.integer("used_memory") }

    /// The most bytes that the data may take; 0 for no limit.
    public var maximumMemory: Int? { self.integer("maxmemory") }

    /// What the server does when its memory is full, such as `allkeys-lru`.
    public var evictionPolicy: String? { self["maxmemory_policy"] }

    /// How many keys were evicted because memory was short.
    public var evictedKeys: Int? { self.integer("evicted_keys") }

    /// How many keys have expired.
    public var expiredKeys: Int? { self.integer("expired_keys") }

    /// How many reads found their key.
    public var keyspaceHits: Int? { self.integer("keyspace_hits") }

    /// How many reads did not find their key.
    public var keyspaceMisses: Int? { self.integer("keyspace_misses") }

    /// Whether the server still loads its data from disk, and answers nothing yet.
    public var isLoading: Bool? { self.integer("loading").map { $0 != 0 } }

    /// `master` or `slave`.
    public var role: String? { self["role"] }

    /// What is in each database that is not empty, by its number.
    public var databases: [Int: Database] {
        var databases: [Int: Database] = [:]
        for (name, value) in self.sections["keyspace"] ?? [:] where name.hasPrefix("db") {
            guard let number = Int(name.dropFirst(2)) else { continue }
            var counts: [Substring: Int] = [:]
            for part in value.split(separator: ",") {
                let pair = part.split(separator: "=")
                if pair.count == 2 { counts[pair[0]] = Int(pair[1]) }
            }
            databases[number] = Database(keys: counts["keys"] ?? 0, expiring: counts["expires"] ?? 0)
        }
        return databases
    }

    /// What is in a database.
    public struct Database: Sendable, Hashable {
        /// The number of keys.
        public var keys: Int
        /// How many of them have an expiry.
        public var expiring: Int

        /// - Parameters:
        ///   - keys: The number of keys.
        ///   - expiring: How many of them have an expiry.
        public init(keys: Int, expiring: Int) {
            self.keys = keys
            self.expiring = expiring
        }
    }
}
