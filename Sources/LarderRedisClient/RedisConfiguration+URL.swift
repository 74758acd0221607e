// The URLs are those of redis-py, because that is what the settings of a shop's Django services hold, and what people
// expect. They are taken apart here and not by Foundation: its URL types differ between platforms and versions in what
// they accept raw in a password.

extension RedisConfiguration {
    /// Reads a configuration from a URL.
    ///
    /// ```
    /// redis://[[user]:[password]@]host[:port][/database][?option=value&...]
    /// rediss://...                                   the same with TLS
    /// unix://[[user]:[password]@]/path[?db=number&...]
    ///
    /// redis://[[user]:[password]@]host[:port],host[:port][/database][?...]        a primary and its replicas
    /// redis+sentinel://[[user]:[password]@]host[:port][,...]/name[/database][?...]    what sentinels watch
    /// redis+cluster://[[user]:[password]@]host[:port][,...][?...]                 a cluster
    /// redis+shards://[[user]:[password]@]host[:port][,...][/database][?...]       independent servers that share the keys
    /// rediss://, rediss+sentinel://, rediss+cluster://, rediss+shards://          the same with TLS
    /// ```
    ///
    /// User, password, path and values may be percent-encoded; in a password `/`, `?`, `#` and `%` have to be (`%2F`,
    /// `%3F`, `%23`, `%25`), `@` and `:` may be. A host with colons stands in brackets. An absent host is `127.0.0.1`,
    /// an absent port 6379, of a sentinel 26379. `+` is a plus, not a space.
    ///
    /// A list of hosts with `redis://` is the topology `.replicated`: which of them is the primary is found out. With
    /// `redis+sentinel://` the hosts are the sentinels', the path begins with the name under which they know the primary,
    /// and user and password are those of the servers that they watch; the sentinels' own are options. A cluster has
    /// database 0 only. With `redis+shards://` each server is a shard (`.sharded`) of weight 1, named by its host and port as
    /// they stand there: whoever spells them otherwise has the keys elsewhere.
    ///
    /// Options, as redis-py names them; times are in seconds, with a fraction if need be:
    ///
    /// | option | sets |
    /// |---|---|
    /// | `db` | `database`; wins over the path's |
    /// | `username`, `password` | the same, where the part before `@` does not say them |
    /// | `client_name` | `clientName` |
    /// | `protocol` | `protocolVersion`: `2` or `3` |
    /// | `socket_connect_timeout` | `connectTimeout` |
    /// | `socket_timeout` | `commandTimeout` |
    /// | `health_check_interval` | `healthCheckInterval`; `0` for none |
    /// | `read_preference` | `readPreference`, where there are several servers: `primary`, `replica` or `nearest` |
    /// | `sentinel_username`, `sentinel_password` | who the client is to sentinels, with `redis+sentinel://` |
    /// | `service_name` | the primary's name, with `redis+sentinel://`, where the path does not say it |
    /// | `max_connections` | `maximumLentConnections`, which is that number without the shared connection, at least 1 |
    /// | `ssl_cert_reqs` | `tls.verification`: `required`, or `none` for no check at all |
    /// | `ssl_check_hostname` | `tls.verification`: `false` checks the certificate, but not its name |
    /// | `ssl_ca_certs` | `tls.trustedCertificateFiles` |
    /// | `ssl_certfile`, `ssl_keyfile` | `tls.certificateFile`, `tls.privateKeyFile` |
    ///
    /// - Parameter url: The URL.
    /// - Throws: `RedisError` with the code `.invalidConfiguration`, which names the part or the option that is wrong,
    ///   what is accepted, and what was found unless that could be a part of the password.
    public init(url: String) throws(RedisError) {
        let parts = try RedisURL(url)
        let addresses = parts.addresses
        self.init(address: addresses[0])
        if parts.scheme.isEncrypted { self.tls = .enabled }
        self.username = parts.username
        self.password = parts.password
        var primaryName: String?
        switch parts.scheme.topology {
        case .unix: break
        case .redis, .shards: self.database = try parts.pathDatabase(parts.path)
        case .cluster:
            self.database = try parts.pathDatabase(parts.path)
            guard self.database == 0 else { throw RedisURL.error("a cluster has database 0 only; leave the path out") }
        case .sentinel: (primaryName, self.database) = try parts.pathNameAndDatabase()
        }
        var reader = RedisURLOptions(parts)
        try reader.apply(to: &self)
        switch parts.scheme.topology {
        case .unix: break
        case .redis: if addresses.count > 1 { self.topology = .replicated(addresses) }
        case .cluster: self.topology = .cluster(addresses)
        case .shards: self.topology = .sharded(addresses.map { Shard($0) })
        case .sentinel:
            guard let name = primaryName ?? reader.serviceName else {
                throw RedisURL.error(
                    "the path must begin with the primary's name, as the sentinels know it, such as /mymaster"
                )
            }
            self.topology = .sentinel(
                addresses,
                primaryName: name,
                username: reader.sentinelUsername,
                password: reader.sentinelPassword
            )
        }
        try self.validate()
    }

    /// The options that the query of a URL can have.
    package static var urlOptions: [String] { RedisURLOptions.accepted }

    /// A URL as logs may show it: without its password, whatever else is wrong with it.
    ///
    /// - Parameter url: The URL to show.
    /// - Returns: The URL with `***` in place of the password; of a URL that cannot be read, the scheme only.
    public static func redacted(url: String) -> String {
        guard let parts = try? RedisURL(url), !parts.mayLeak else {
            let scheme = RedisURL.Scheme.allCases.first { url.hasPrefix("\($0.rawValue)://") }
            return "\(scheme?.rawValue ?? "?")://***"
        }
        var text = "\(parts.scheme.rawValue)://"
        if parts.username != nil || parts.password != nil {
            text += "\(parts.username ?? "")\(parts.password == nil ? "" : ":***")@"
        }
        text += parts.hosts.map { host in
            let name = host.name.map { $0.contains(":") ? "[\($0)]" : $0 } ?? ""
            return name + (host.port.map { ":\($0)" } ?? "")
        }.joined(separator: ",")
        text += parts.path
        for (index, option) in parts.options.enumerated() {
            let value = option.name.hasSuffix("password") ? "***" : option.value
            text += "\(index == 0 ? "?" : "&")\(option.name)=\(value)"
        }
        return text
    }
}
