public import Larder

/// `memcached://10.0.0.1,10.0.0.2:11212`, `memcached:///run/memcached.sock`: entries in memcached.
///
/// Several servers share the keys as ``KetamaRing`` says; several sockets are paths with commas between them.
///
/// | option | what it says |
/// |---|---|
/// | `weights` | a whole number for each server in the order of the URL, such as `1,2`: its share of the keys |
/// | `timeout` | ``MemcachedConfiguration/requestTimeout``, such as `250ms` |
/// | `connect_timeout` | ``MemcachedConfiguration/connectTimeout`` |
/// | `health_check_interval` | ``MemcachedConfiguration/healthCheckInterval``, or `none` |
/// | `reconnect_base`, `reconnect_maximum`, `reconnect_jitter` | ``MemcachedConfiguration/reconnect-swift.property`` |
/// | `failover` | ``MemcachedConfiguration/failover``: `true` or `false`, for all processes alike |
/// | `failover_pause` | ``MemcachedConfiguration/failoverPause``, such as `10s` |
/// | `max_reply_size` | ``MemcachedConfiguration/maximumReplySize``, such as `128MiB` |
/// | `max_requests_in_flight` | ``MemcachedConfiguration/maximumRequestsInFlight`` |
/// | `max_bytes_in_flight` | ``MemcachedConfiguration/maximumBytesInFlight``, such as `256MiB` |
public struct MemcachedStoreFactory: StoreFactory {
    private static let accepted = "memcached://host,host:11212 or memcached:///path/to/socket"
    private static let weights = 1...1_000
    private static let weightsForm = "a whole number from 1 to 1000 for each server, such as 1,2"
    private static let healthCheckForm = "\(SettingText.durationForm), 10ms or more, or none"
    private static let leastReplySize = 1_024
    private static let requests = 1...Int.max

    /// Makes the factory.
    public init() {}

    /// `memcached`.
    public var schemes: [String] { ["memcached"] }

    /// What ``MemcachedConfiguration`` has.
    public var options: [StoreOption] {
        [
            StoreOption("weights", accepts: Self.weightsForm), .duration("timeout"), .duration("connect_timeout"),
            StoreOption("health_check_interval", accepts: Self.healthCheckForm),
            .duration("reconnect_base"), .duration("reconnect_maximum"), .number("reconnect_jitter", in: 0...1),
            .flag("failover"), .duration("failover_pause"),
            .size("max_reply_size", from: Self.leastReplySize), .count("max_requests_in_flight", in: Self.requests),
            .size("max_bytes_in_flight"),
        ]
    }

    /// Makes a store and its client, which runs and ends with it.
    public func makeStore(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws -> any CacheStore {
        let configuration = try Self.configuration(for: url, options)
        do {
            let client = try MemcachedClient(configuration, logger: context.logger)
            return MemcachedStore(client, logger: context.logger, ownsClient: true)
        } catch {
            throw StoreSettingError(message: "\(error.message); accepted is \(Self.accepted)")
        }
    }

    static func configuration(
        for url: StoreURL,
        _ options: StoreOptions
    ) throws(StoreSettingError) -> MemcachedConfiguration {
        var configuration = MemcachedConfiguration(servers: try Self.servers(of: url, options))
        if let timeout = try options.duration("timeout") { configuration.requestTimeout = timeout }
        if let timeout = try options.duration("connect_timeout") { configuration.connectTimeout = timeout }
        if let text = options["health_check_interval"] {
            let interval = SettingText.duration(text)
            guard text == "none" || interval.map({ $0 >= .milliseconds(10) }) == true else {
                throw options.rejected("health_check_interval", accepted: Self.healthCheckForm)
            }
            configuration.healthCheckInterval = interval
        }
        if let base = try options.duration("reconnect_base") { configuration.reconnect.base = base }
        if let maximum = try options.duration("reconnect_maximum") { configuration.reconnect.maximum = maximum }
        guard configuration.reconnect.maximum >= configuration.reconnect.base else {
            let name = options["reconnect_maximum"] == nil ? "reconnect_base" : "reconnect_maximum"
            throw options.rejected(name, accepted: "a reconnect_maximum no shorter than reconnect_base")
        }
        if let jitter = try options.number("reconnect_jitter", in: 0...1) { configuration.reconnect.jitter = jitter }
        if let failover = try options.flag("failover") { configuration.failover = failover }
        if let pause = try options.duration("failover_pause") {
            guard configuration.failover else {
                throw options.rejected("failover_pause", accepted: "a time only together with failover=true")
            }
            configuration.failoverPause = pause
        }
        if let size = try options.size("max_reply_size", from: Self.leastReplySize) {
            configuration.maximumReplySize = size
        }
        if let requests = try options.count("max_requests_in_flight", in: Self.requests) {
            configuration.maximumRequestsInFlight = requests
        }
        if let bytes = try options.size("max_bytes_in_flight") { configuration.maximumBytesInFlight = bytes }
        return configuration
    }

    private static func servers(
        of url: StoreURL,
        _ options: StoreOptions
    ) throws(StoreSettingError) -> [MemcachedConfiguration.Server] {
        if url.username != nil || url.password != nil {
            throw StoreSettingError(found: "a user or a password", accepted: "\(Self.accepted), without either")
        }
        var servers: [MemcachedConfiguration.Server] = []
        if url.hosts.isEmpty {
            for path in url.path.split(separator: ",", omittingEmptySubsequences: false) {
                guard path.hasPrefix("/"), (2..<104).contains(path.utf8.count) else {
                    throw StoreSettingError(
                        found: url.path.isEmpty ? "no server" : "a socket's path that is none",
                        accepted: Self.accepted
                    )
                }
                servers.append(.init(unixSocket: String(path)))
            }
        } else {
            guard url.path.isEmpty || url.path == "/" else {
                throw StoreSettingError(found: "a path behind the servers", accepted: Self.accepted)
            }
            for host in url.hosts {
                guard let name = host.name else {
                    throw StoreSettingError(found: "a port without a host", accepted: Self.accepted)
                }
                servers.append(.init(name, port: host.port ?? 11211))
            }
        }
        guard Set(servers.map(\.ringName)).count == servers.count else {
            throw StoreSettingError(found: "a server twice", accepted: "each server once")
        }
        guard let text = options["weights"] else { return servers }
        let weights = text.split(separator: ",", omittingEmptySubsequences: false).map {
            SettingText.wholeNumber($0) ?? 0
        }
        guard weights.count == servers.count, weights.allSatisfy(Self.weights.contains) else {
            throw options.rejected("weights", accepted: Self.weightsForm)
        }
        for (index, weight) in weights.enumerated() { servers[index].weight = weight }
        return servers
    }
}

extension StoreFactory where Self == MemcachedStoreFactory {
    /// Stores in memcached.
    public static var memcached: MemcachedStoreFactory { MemcachedStoreFactory() }
}
