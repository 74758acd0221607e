public import Larder
import LarderRedisClient

/// `redis://`, `rediss://`, `unix://`, `redis+sentinel://`, `redis+cluster://` and `redis+shards://`: entries in Redis.
///
/// The URLs are those of `RedisConfiguration.init(url:)`, with its options. These come on top, in the query or beside the URL:
///
/// | option | what it says |
/// |---|---|
/// | `near_cache` | how much of what was read stays in this process: entries (`10000`) or bytes (`64MiB`) |
/// | `on_loss` | `keep` or `cold_after_loss`, see ``RedisLossPolicy`` |
/// | `acknowledged_by` | how many replicas have to have an invalidation, see ``ReplicaAcknowledgement`` |
/// | `acknowledge_timeout` | how long to wait for them |
/// | `timeout` | how long a command may take, such as `250ms` |
/// | `connect_timeout` | how long one attempt to connect may take |
/// | `connections` | how many connections all tasks share |
public struct RedisStoreFactory: StoreFactory {
    private static let own: [StoreOption] = [
        StoreOption("near_cache", accepts: Self.nearCacheForm),
        .choice("on_loss", among: ["keep", "cold_after_loss"]),
        .count("acknowledged_by", in: 1...1_000),
        .duration("acknowledge_timeout"),
        .duration("timeout"),
        .duration("connect_timeout"),
        .count("connections", in: 1...1_000),
    ]

    private static let nearCacheForm = "a number of entries, such as 10000, or of bytes, such as 64MiB"

    /// Makes the factory.
    public init() {}

    /// All that begin with `redis` or `rediss`, and `unix`.
    public var schemes: [String] {
        let topologies = ["", "+sentinel", "+cluster", "+shards"]
        return topologies.map { "redis\($0)" } + topologies.map { "rediss\($0)" } + ["unix"]
    }

    /// Those of `RedisConfiguration.init(url:)`, and the factory's own.
    public var options: [StoreOption] {
        let ofURLs = RedisConfiguration.urlOptions.map { name in
            StoreOption(name, accepts: "what redis-py accepts", isSecret: name.hasSuffix("password"))
        }
        return Self.own + ofURLs
    }

    /// Makes a store and its client, which runs and ends with it.
    public func makeStore(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws -> any CacheStore {
        let ofURL = options.names.compactMap { name in
            Self.own.contains { $0.name == name }
                ? nil : options[name].map { StoreURL.Option(name: name, value: $0) }
        }
        do {
            var configuration = try RedisConfiguration(url: url.text(with: ofURL))
            try Self.apply(options, to: &configuration)
            let client = try RedisClient(configuration, logger: context.logger)
            return RedisStore(client, try Self.storeOptions(options, context), ownsClient: true)
        } catch let error as RedisError {
            // It quotes nothing of the URL that could be a password.
            throw StoreSettingError(message: error.message)
        }
    }

    private static func apply(
        _ options: StoreOptions,
        to configuration: inout RedisConfiguration
    ) throws(StoreSettingError) {
        for (name, other) in [("timeout", "socket_timeout"), ("connect_timeout", "socket_connect_timeout")] {
            guard let duration = try options.duration(name) else { continue }
            if options[other] != nil { throw options.rejected(name, accepted: "one of \(name) and \(other)") }
            if name == "timeout" {
                configuration.commandTimeout = duration
            } else {
                configuration.connectTimeout = duration
            }
        }
        if let connections = try options.count("connections", in: 1...1_000) { configuration.connections = connections }
    }

    private static func storeOptions(
        _ options: StoreOptions,
        _ context: StoreContext
    ) throws(StoreSettingError) -> RedisStoreOptions {
        var result = RedisStoreOptions(clock: context.clock, logger: context.logger)
        result.nearCache = try Self.nearCache(options)
        let onLoss = try options.choice(
            "on_loss",
            among: ["keep": RedisLossPolicy.keep, "cold_after_loss": RedisLossPolicy.coldAfterLoss]
        )
        result.onLoss = onLoss ?? .keep
        let timeout = try options.duration("acknowledge_timeout")
        if let replicas = try options.count("acknowledged_by", in: 1...1_000) {
            var acknowledgement = ReplicaAcknowledgement(replicas: replicas)
            if let timeout { acknowledgement.timeout = timeout }
            result.acknowledgement = acknowledgement
        } else if timeout != nil {
            throw options.rejected("acknowledge_timeout", accepted: "a time only together with acknowledged_by")
        }
        return result
    }

    private static func nearCache(_ options: StoreOptions) throws(StoreSettingError) -> MemoryStore.Limit? {
        guard let text = options["near_cache"] else { return nil }
        if let entries = Int(text), entries >= 0, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return entries == 0 ? nil : .entries(entries)
        }
        do {
            return try options.size("near_cache").map { .bytes($0) }
        } catch {
            throw options.rejected("near_cache", accepted: Self.nearCacheForm)
        }
    }
}

extension StoreFactory where Self == RedisStoreFactory {
    /// Stores in Redis.
    public static var redis: RedisStoreFactory { RedisStoreFactory() }
}
