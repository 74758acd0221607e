public import Larder

/// `file:///var/cache/entries`, `file://./entries`: entries in files of a folder.
///
/// Three slashes begin a whole path; with `.` or `..` in front, the folder is found from the one that the program runs in. The folder
/// is made; the one that it lies in has to be there.
///
/// | option | what it says |
/// |---|---|
/// | `entries` | ``FileStoreConfiguration/mostEntries`` |
/// | `bytes` | ``FileStoreConfiguration/mostBytes``, such as `1GiB` |
/// | `busy_timeout` | ``FileStoreConfiguration/busyTimeout``, such as `2s` |
/// | `durability` | `process` or `power`, see ``FileStoreConfiguration/Durability`` |
/// | `sweep_interval` | ``FileStoreConfiguration/sweepInterval``, such as `1m` |
public struct FileStoreFactory: StoreFactory {
    private static let entries = 1...Int.max
    private static let leastBytes = 65_536
    private static let busyTimes = Duration.milliseconds(1) ... .seconds(60)
    private static let sweepIntervals = Duration.seconds(1) ... .seconds(3_153_600_000)

    /// Makes the factory.
    public init() {}

    /// `file`.
    public var schemes: [String] { ["file"] }

    /// What ``FileStoreConfiguration`` has beside the path.
    public var options: [StoreOption] {
        [
            .count("entries", in: Self.entries), .size("bytes", from: Self.leastBytes),
            .duration("busy_timeout", in: Self.busyTimes), .choice("durability", among: ["process", "power"]),
            .duration("sweep_interval", in: Self.sweepIntervals),
        ]
    }

    /// Opens the folder, or makes it.
    public func makeStore(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws -> any CacheStore {
        try FileStore(Self.configuration(for: url, options, in: context))
    }

    static func configuration(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws(StoreSettingError) -> FileStoreConfiguration {
        var configuration = FileStoreConfiguration(
            path: try url.localPath(of: "a folder"),
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
            among: ["process": FileStoreConfiguration.Durability.process, "power": .power]
        )
        if let durability { configuration.durability = durability }
        if let interval = try options.duration("sweep_interval", in: Self.sweepIntervals) {
            configuration.sweepInterval = interval
        }
        return configuration
    }
}

extension StoreFactory where Self == FileStoreFactory {
    /// Stores in files of a folder.
    public static var files: FileStoreFactory { FileStoreFactory() }
}
