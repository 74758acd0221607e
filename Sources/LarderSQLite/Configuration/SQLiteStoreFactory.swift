public import Larder

/// `sqlite:///var/cache/entries.sqlite`, `sqlite://./entries.sqlite`: entries in a SQLite database.
///
/// Three slashes begin a whole path; with `.` or `..` in front, the file is found from the folder that the program runs in. The
/// folder has to be there, the file is made. A cache that needs a file of its own says so by another path.
///
/// | option | what it says |
/// |---|---|
/// | `entries` | ``SQLiteStoreConfiguration/mostEntries`` |
/// | `bytes` | ``SQLiteStoreConfiguration/mostBytes``, such as `1GiB` |
/// | `busy_timeout` | ``SQLiteStoreConfiguration/busyTimeout``, such as `2s` |
/// | `durability` | `process` or `power`, see ``SQLiteStoreConfiguration/Durability`` |
/// | `on_damage` | `start_empty` or `fail`, see ``SQLiteStoreConfiguration/DamagePolicy`` |
/// | `sweep_interval` | ``SQLiteStoreConfiguration/sweepInterval``, such as `1m` |
public struct SQLiteStoreFactory: StoreFactory {
    private static let entries = 1...Int.max
    private static let leastBytes = 4_096
    private static let busyTimes = Duration.milliseconds(1) ... .seconds(60)
    private static let sweepIntervals = Duration.seconds(1) ... .seconds(3_153_600_000)

    /// Makes the factory.
    public init() {}

    /// `sqlite`.
    public var schemes: [String] { ["sqlite"] }

    /// What ``SQLiteStoreConfiguration`` has beside the path.
    public var options: [StoreOption] {
        [
            .count("entries", in: Self.entries), .size("bytes", from: Self.leastBytes),
            .duration("busy_timeout", in: Self.busyTimes),
            .choice("durability", among: ["process", "power"]), .choice("on_damage", among: ["start_empty", "fail"]),
            .duration("sweep_interval", in: Self.sweepIntervals),
        ]
    }

    /// Opens the database, or makes it.
    public func makeStore(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws -> any CacheStore {
        try SQLiteStore(Self.configuration(for: url, options, in: context))
    }

    static func configuration(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws(StoreSettingError) -> SQLiteStoreConfiguration {
        var configuration = SQLiteStoreConfiguration(
            path: try url.localPath(of: "a file"),
            clock: context.clock,
            logger: context.logger
        )
        if let entries = try options.count("entries", in: Self.entries) { configuration.mostEntries = entries }
        if let bytes = try options.size("bytes", from: Self.leastBytes) { configuration.mostBytes = bytes }
        if let timeout = try options.duration("busy_timeout", in: Self.busyTimes) {
            configuration.busyTimeout = timeout
        }
        let durability = try options.choice(
            "durability",
            among: ["process": SQLiteStoreConfiguration.Durability.process, "power": .power]
        )
        if let durability { configuration.durability = durability }
        let onDamage = try options.choice(
            "on_damage",
            among: ["start_empty": SQLiteStoreConfiguration.DamagePolicy.startEmpty, "fail": .fail]
        )
        if let onDamage { configuration.onDamage = onDamage }
        if let interval = try options.duration("sweep_interval", in: Self.sweepIntervals) {
            configuration.sweepInterval = interval
        }
        return configuration
    }
}

extension StoreFactory where Self == SQLiteStoreFactory {
    /// Stores in SQLite databases.
    public static var sqlite: SQLiteStoreFactory { SQLiteStoreFactory() }
}
