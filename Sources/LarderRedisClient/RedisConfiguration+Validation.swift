extension RedisConfiguration {
    /// Checks every field.
    ///
    /// - Throws: `RedisError` with the code `.invalidConfiguration`, naming the field.
    public func validate() throws(RedisError) {
        try Self.check(self.address, "address")
        try self.validateTopology()
        try Self.check(self.username == nil || self.password != nil, "username", "a user needs a password")
        try Self.check(self.database >= 0, "database", "must not be negative")
        if let name = self.clientName {
            try Self.check(
                !name.isEmpty && name.utf8.allSatisfy { (0x21...0x7E).contains($0) },
                "clientName",
                "must be printable ASCII without spaces"
            )
        }
        try self.validateTLS()
        try self.validateTimes()
        try Self.check((1...1024).contains(self.connections), "connections", "must be from 1 to 1024")
        try Self.check(self.maximumLentConnections >= 1, "maximumLentConnections", "must be at least 1")
        try Self.check(self.maximumReplySize >= 1024, "maximumReplySize", "must be at least 1024 bytes")
        try Self.check((1...1024).contains(self.maximumNestingDepth), "maximumNestingDepth", "must be from 1 to 1024")
        try Self.check(self.maximumCommandsInFlight >= 1, "maximumCommandsInFlight", "must be at least 1")
        try Self.check(self.maximumBytesInFlight >= 1, "maximumBytesInFlight", "must be at least 1")
    }

    private static func check(_ address: Address, _ field: String) throws(RedisError) {
        switch address.kind {
        case .hostname(let host, let port):
            try Self.check(!host.isEmpty, field, "the host must not be empty")
            try Self.check((1...65535).contains(port), field, "the port must be from 1 to 65535, not \(port)")
        case .unixSocket(let path):
            try Self.check(!path.isEmpty, field, "the path of the socket must not be empty")
            try Self.check(path.utf8.count < 104, field, "the path of the socket must be shorter than 104 bytes")
        }
    }

    private func validateTopology() throws(RedisError) {
        let addresses: [Address]
        var mayBeSockets = false
        switch self.topology.kind {
        case .standalone: return
        case .replicated(let servers):
            addresses = servers
            mayBeSockets = true
        case .sentinel(let sentinels, let primaryName, let login):
            addresses = sentinels
            try Self.check(
                !primaryName.isEmpty && !primaryName.contains(where: \.isWhitespace),
                "topology",
                "the primary's name must not be empty and have no spaces"
            )
            try Self.check(
                login.username == nil || login.password != nil,
                "topology",
                "a user of the sentinels needs a password"
            )
        case .cluster(let nodes):
            addresses = nodes
            try Self.check(self.database == 0, "database", "a cluster has database 0 only")
        case .sharded(let shards):
            if let problem = HashRing.problem(of: shards.map(\.ringShard)) {
                try Self.check(false, "topology", "shards: \(problem)")
            }
            try Self.check(shards.count <= ClusterScanPosition.capacity, "topology", "more than 1,000 shards")
            addresses = shards.map(\.address)
            // One server under two names would answer twice for all of them.
            try Self.check(Set(addresses).count == addresses.count, "topology", "two shards have one address")
            mayBeSockets = true
        }
        try Self.check(!addresses.isEmpty, "topology", "needs at least one address")
        for address in addresses {
            try Self.check(address, "topology")
            if case .unixSocket = address.kind {
                try Self.check(mayBeSockets, "topology", "needs hosts and ports, not the path of a socket")
            }
        }
    }

    private func validateTLS() throws(RedisError) {
        try Self.check(
            (self.tls.certificateFile == nil) == (self.tls.privateKeyFile == nil),
            "tls.certificateFile",
            "a client certificate and its private key come together"
        )
        if let name = self.tls.serverName {
            try Self.check(!name.isEmpty, "tls.serverName", "must not be empty")
        }
    }

    private func validateTimes() throws(RedisError) {
        try Self.check(self.connectTimeout > .zero, "connectTimeout", "must be positive")
        try Self.check(self.commandTimeout > .zero, "commandTimeout", "must be positive")
        if let interval = self.healthCheckInterval {
            try Self.check(interval > .zero, "healthCheckInterval", "must be positive; nil means never")
        }
        try Self.check(self.reconnect.base > .zero, "reconnect.base", "must be positive")
        try Self.check(self.reconnect.maximum >= self.reconnect.base, "reconnect.maximum", "must not be below the base")
        try Self.check((0...1).contains(self.reconnect.jitter), "reconnect.jitter", "must be from 0 to 1")
    }

    private static func check(_ condition: Bool, _ field: String, _ demand: String) throws(RedisError) {
        guard !condition else { return }
        throw RedisError(.invalidConfiguration, message: "\(field): \(demand)")
    }
}

extension RedisConfiguration: CustomStringConvertible {
    /// The addresses and the database.
    ///
    /// Not the password.
    public var description: String {
        let scheme = self.tls.isEnabled ? "rediss" : "redis"
        return switch self.topology.kind {
        case .standalone: "\(scheme)://\(self.address)/\(self.database)"
        case .replicated(let addresses): "\(scheme)://\(Self.text(addresses))/\(self.database)"
        case .sentinel(let addresses, let name, _):
            "\(scheme)+sentinel://\(Self.text(addresses))/\(name)/\(self.database)"
        case .cluster(let addresses): "\(scheme)+cluster://\(Self.text(addresses))"
        case .sharded(let shards): "\(scheme)+shards://\(Self.text(shards.map(\.address)))/\(self.database)"
        }
    }

    private static func text(_ addresses: [Address]) -> String {
        addresses.map(\.description).joined(separator: ",")
    }
}

extension RedisConfiguration: CustomReflectable {
    /// Without the passwords, whatever prints a configuration.
    public var customMirror: Mirror {
        Mirror(self, children: ["servers": self.description])
    }
}

extension RedisConfiguration.Topology: CustomStringConvertible, CustomReflectable {
    /// The kind and the addresses.
    ///
    /// Not the sentinels' password.
    public var description: String {
        switch self.kind {
        case .standalone: "standalone"
        case .replicated(let addresses): "replicated: \(addresses.list)"
        case .sentinel(let addresses, let name, _): "sentinel: \(name) at \(addresses.list)"
        case .cluster(let addresses): "cluster: \(addresses.list)"
        case .sharded(let shards): "sharded: \(shards.map(\.address).list)"
        }
    }

    /// Without the sentinels' password, whatever prints a topology.
    public var customMirror: Mirror { Mirror(self, children: ["topology": self.description]) }
}
