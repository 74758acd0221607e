/// `memory://?entries=100000`, `memory://?bytes=256MiB`, `memory://sessions?entries=10000`: entries in this process's memory.
///
/// Caches with the same URL share the room; a name behind the slashes keeps them apart.
public struct MemoryStoreFactory: StoreFactory {
    private static let accepted =
        "memory://?entries=10000 or memory://?bytes=64MiB, with or without a name before the ?"

    /// Makes the factory.
    public init() {}

    /// `memory`.
    public var schemes: [String] { ["memory"] }

    /// `entries`, how many there may be; `bytes`, how much memory they may take, as ``MemoryStore/Limit/bytes(_:)`` estimates.
    public var options: [StoreOption] { [.count("entries", in: 1...Int.max), .size("bytes")] }

    /// Makes a store in memory; without a limit, one of ten thousand entries.
    public func makeStore(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws -> any CacheStore {
        try url.expectNoServer(accepted: Self.accepted)
        guard url.path.isEmpty || url.path == "/" else {
            throw StoreSettingError(found: "a path", accepted: Self.accepted)
        }
        let entries = try options.count("entries", in: 1...Int.max)
        let limit: MemoryStore.Limit
        switch (entries, try options.size("bytes")) {
        case (.some, .some): throw options.rejected("bytes", accepted: "one of entries and bytes, not both")
        case (let entries, nil): limit = .entries(entries ?? 10_000)
        case (nil, .some(let bytes)): limit = .bytes(bytes)
        }
        return MemoryStore(limit: limit, clock: context.clock)
    }
}

/// `null://`: nothing is kept; Django's dummy cache.
public struct NullStoreFactory: StoreFactory {
    /// Makes the factory.
    public init() {}

    /// `null`.
    public var schemes: [String] { ["null"] }

    /// None.
    public var options: [StoreOption] { [] }

    /// Makes a store that keeps nothing.
    public func makeStore(
        for url: StoreURL,
        _ options: StoreOptions,
        in context: StoreContext
    ) throws -> any CacheStore {
        guard url.hosts.isEmpty, url.path.isEmpty || url.path == "/", url.username == nil, url.password == nil else {
            throw StoreSettingError(found: "more than a scheme", accepted: "null://")
        }
        return NullStore()
    }
}

extension StoreFactory where Self == MemoryStoreFactory {
    /// Stores in this process's memory.
    public static var memory: MemoryStoreFactory { MemoryStoreFactory() }
}

extension StoreFactory where Self == NullStoreFactory {
    /// Stores that keep nothing.
    public static var null: NullStoreFactory { NullStoreFactory() }
}
