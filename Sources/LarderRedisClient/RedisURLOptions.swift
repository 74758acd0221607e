/// Turns the options of a Redis URL into fields of a configuration.
struct RedisURLOptions {
    static let accepted = [
        "client_name", "db", "health_check_interval", "max_connections", "password", "protocol", "read_preference",
        "sentinel_password", "sentinel_username", "service_name", "socket_connect_timeout", "socket_timeout",
        "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_check_hostname", "ssl_keyfile", "username",
    ]

    /// What belongs to the topology, which is made when all is read.
    private(set) var serviceName: String?
    private(set) var sentinelUsername: String?
    private(set) var sentinelPassword: String?

    private let url: RedisURL
    private var checksCertificate = true
    private var checksHostname = true

    init(_ url: RedisURL) {
        self.url = url
    }

    mutating func apply(to configuration: inout RedisConfiguration) throws(RedisError) {
        for (name, value) in self.url.options {
            if name.hasPrefix("ssl_"), Self.accepted.contains(name), !self.url.scheme.isEncrypted {
                let scheme = self.url.scheme.encrypted.rawValue
                throw RedisURL.error("the option \"\(name)\" needs TLS: use \(scheme)://")
            }
            if ["sentinel_username", "sentinel_password", "service_name"].contains(name) {
                try self.applySentinel(name, value)
            } else if name.hasPrefix("ssl_") {
                try self.applyTLS(name, value, to: &configuration.tls)
            } else {
                try self.apply(name, value, to: &configuration)
            }
        }
        if !self.checksCertificate {
            configuration.tls.verification = .insecureNoVerification
        } else if !self.checksHostname {
            configuration.tls.verification = .noHostname
        }
    }

    private func apply(
        _ name: String,
        _ value: String,
        to configuration: inout RedisConfiguration
    ) throws(RedisError) {
        switch name {
        case "db": configuration.database = try self.number(name, value, from: 0)
        case "username": configuration.username = configuration.username ?? value
        case "password": configuration.password = configuration.password ?? value
        case "client_name": configuration.clientName = value
        case "protocol":
            switch value {
            case "2": configuration.protocolVersion = .resp2
            case "3": configuration.protocolVersion = .resp3
            default: throw self.wrong(name, value, "2 or 3")
            }
        case "read_preference":
            switch value {
            case "primary": configuration.readPreference = .primary
            case "replica": configuration.readPreference = .replica
            case "nearest": configuration.readPreference = .nearest
            default: throw self.wrong(name, value, "primary, replica or nearest")
            }
        case "socket_connect_timeout": configuration.connectTimeout = try self.seconds(name, value)
        case "socket_timeout": configuration.commandTimeout = try self.seconds(name, value)
        case "health_check_interval":
            let interval = try self.seconds(name, value, zero: true)
            configuration.healthCheckInterval = interval == .zero ? nil : interval
        case "max_connections":
            let most = try self.number(name, value, from: 1)
            configuration.maximumLentConnections = max(1, most - configuration.connections)
        default: throw self.unknown(name)
        }
    }

    private mutating func applySentinel(_ name: String, _ value: String) throws(RedisError) {
        guard self.url.scheme.topology == .sentinel else {
            throw RedisURL.error("the option \"\(name)\" needs sentinels: use redis+sentinel://")
        }
        switch name {
        case "sentinel_username": self.sentinelUsername = value
        case "sentinel_password": self.sentinelPassword = value
        default:
            guard !value.isEmpty else { throw self.wrong(name, value, "the primary's name, such as mymaster") }
            self.serviceName = value
        }
    }

    private mutating func applyTLS(
        _ name: String,
        _ value: String,
        to tls: inout RedisConfiguration.TLS
    ) throws(RedisError) {
        switch name {
        case "ssl_cert_reqs":
            switch value {
            // To a client `optional` means the same as `required`: a server always shows a certificate.
            case "required", "optional": self.checksCertificate = true
            case "none": self.checksCertificate = false
            default: throw self.wrong(name, value, "required, optional or none")
            }
        case "ssl_check_hostname": self.checksHostname = try self.truth(name, value)
        case "ssl_ca_certs": tls.trustedCertificateFiles = [try self.file(name, value)]
        case "ssl_certfile": tls.certificateFile = try self.file(name, value)
        case "ssl_keyfile": tls.privateKeyFile = try self.file(name, value)
        default: throw self.unknown(name)
        }
    }

    private func number(_ name: String, _ value: String, from least: Int) throws(RedisError) -> Int {
        guard let number = RedisURL.wholeNumber(value), number >= least else {
            throw self.wrong(name, value, "a whole number from \(least)")
        }
        return number
    }

    /// Seconds as `2` or `0.25`, exact to the nanosecond.
    private func seconds(_ name: String, _ value: String, zero: Bool = false) throws(RedisError) -> Duration {
        let parts = value.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : "0"
        guard let whole = parts.first.flatMap({ RedisURL.wholeNumber($0) }), whole <= 1_000_000_000,
            fraction.utf8.count <= 9, let digits = RedisURL.wholeNumber(fraction)
        else { throw self.wrong(name, value, "a number of seconds, such as 5 or 0.25") }
        var nanoseconds = digits
        for _ in fraction.utf8.count..<9 { nanoseconds *= 10 }
        let duration = Duration.seconds(whole) + .nanoseconds(nanoseconds)
        if duration == .zero && !zero { throw self.wrong(name, value, "more than 0 seconds") }
        return duration
    }

    private func truth(_ name: String, _ value: String) throws(RedisError) -> Bool {
        switch value.lowercased() {
        case "true", "yes", "1", "on", "t", "y": true
        case "false", "no", "0", "off", "f", "n": false
        default: throw self.wrong(name, value, "true or false")
        }
    }

    private func file(_ name: String, _ value: String) throws(RedisError) -> String {
        guard !value.isEmpty else { throw self.wrong(name, value, "the path of a file") }
        return value
    }

    private func wrong(_ name: String, _ value: String, _ accepted: String) -> RedisError {
        RedisURL.error("the option \"\(name)\" must be \(accepted)\(self.url.found(value))")
    }

    private func unknown(_ name: String) -> RedisError {
        let found = self.url.mayLeak ? "" : " \"\(name.prefix(60))\""
        return RedisURL.error("unknown option\(found); accepted are \(Self.accepted.joined(separator: ", "))")
    }
}
