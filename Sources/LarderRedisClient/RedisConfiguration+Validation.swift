extension RedisConfiguration {
    /// Checks every field.
    ///
    /// - Throws: `RedisError` with the code `.invalidConfiguration`, naming the field.
    public func validate() throws(RedisError) {
        switch self.address.kind {
        case .hostname(let host, let port):
            try Self.check(!host.isEmpty, "address", "the host must not be empty")
            try Self.check((1...65535).contains(port), "address", "the port must be from 1 to 65535, not \(port)")
        case .unixSocket(let path):
            try Self.check(!path.isEmpty, "address", "the path of the socket must not be empty")
            try Self.check(path.utf8.count < 104, "address", "the path of the socket must be shorter than 104 bytes")
        }
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
    /// The address and the database.
    ///
    /// Not the password.
    public var description: String {
        "\(self.tls.isEnabled ? "rediss" : "redis")://\(self.address)/\(self.database)"
    }
}

extension RedisConfiguration: CustomReflectable {
    /// Without the password, whatever prints a configuration.
    public var customMirror: Mirror {
        Mirror(self, children: ["address": self.address.description, "database": self.database])
    }
}
