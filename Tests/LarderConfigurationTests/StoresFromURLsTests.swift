import Configuration
import Foundation
import LarderTesting
import Logging
import ServiceLifecycle
import Testing

@testable import Larder
@testable import LarderConfiguration
@testable import LarderFiles
@testable import LarderMemcached
@testable import LarderSQLite

/// Stores of all modules, made from what a configuration says.
@Suite(.timeLimit(.minutes(2))) struct StoresFromURLsTests {
    private static func caches(_ yaml: String, environment: [String: String] = [:]) throws -> Caches {
        try Caches(
            configuration: [.environment(environment), .yaml(yaml, named: "shop.yaml")],
            components: ConfigurationErrorTests.components,
            logger: ConfigurationErrorTests.quiet
        )
    }

    /// A path to an absolute one from the folder that the process runs in, which begins with `..`.
    private static func relative(_ path: String) -> String {
        let depth = FileManager.default.currentDirectoryPath.split(separator: "/").count
        return Array(repeating: "..", count: max(1, depth)).joined(separator: "/") + path
    }

    // MARK: Each scheme opens a store that answers

    @Test func filesAndDatabasesAreFoundByWholeAndRelativePaths() async throws {
        let folder = try TestFolder()
        let caches = try Self.caches(
            """
            caches:
              database: {url: "sqlite://\(folder.path)/one.sqlite?entries=100&durability=power"}
              databaseBeside: {url: "sqlite://\(Self.relative(folder.path))/two.sqlite", options: {bytes: 8MiB, on_damage: fail}}
              files: {url: "file://\(folder.path)/three?bytes=1MiB"}
              filesBeside: {url: "file://\(Self.relative(folder.path))/four", options: {busy_timeout: 1s, sweep_interval: 1m}}
            """
        )
        var kinds: [String] = []
        for name in caches.names {
            let cache = try caches[name]
            kinds.append(cache.storeKind)
            try await cache.set("k", to: name)
            let value = try await cache.get(CacheKey<String>("k"))
            #expect(value == name)
        }
        await caches.shutdown()
        #expect(kinds == ["sqlite", "sqlite", "file", "file"])
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(Set(["one.sqlite", "two.sqlite", "three", "four"]).isSubset(of: names))
    }

    @Test func memcachedServersAreNamedByAURL() async throws {
        try await withMemcachedServers(2) { servers in
            let hosts = servers.map { "\($0.host):\($0.port)" }.joined(separator: ",")
            let caches = try Self.caches(
                """
                caches:
                  a: {url: "memcached://\(hosts)?weights=1,3", timeouts: {command: 20s, connect: 10s}}
                  b: {url: "memcached://\(hosts)?weights=1,3", timeouts: {command: 20s, connect: 10s}}
                """
            )
            let running = Task { try await caches.run() }
            for name in caches.names {
                let cache = try caches[name]
                for number in 0..<20 { try await cache.set(CacheKey("\(number)"), to: "\(name)\(number)") }
                var found: [String] = []
                for number in 0..<20 {
                    if let value = try await cache.get(CacheKey<String>("\(number)")) { found.append(value) }
                }
                #expect(found == (0..<20).map { "\(name)\($0)" })
            }
            running.cancel()
            try? await running.value
            // The client was the store's, and ended with it.
            let error = await #expect(throws: CacheError.self) { try await caches["a"].set("k", to: "late") }
            #expect(error?.code == .unavailable)
        }
    }

    // MARK: Each option reaches the store's configuration

    private static func url(_ text: String) throws -> (StoreURL, StoreOptions) {
        let url = try StoreURL(text)
        return (url, StoreOptions(Dictionary(uniqueKeysWithValues: url.query.map { ($0.name, $0.value) })))
    }

    @Test func memcachedTakesAllOptions() throws {
        let (url, options) = try Self.url(
            "memcached://a,[::1]:11212?weights=2,5&timeout=250ms&connect_timeout=1s&health_check_interval=5s&reconnect_base=10ms"
                + "&failover=true&failover_pause=30s&reconnect_maximum=2s&reconnect_jitter=0.25&max_reply_size=1MiB&max_requests_in_flight=500&max_bytes_in_flight=2MiB"
        )
        let made = try MemcachedStoreFactory.configuration(for: url, options)
        #expect(made.servers == [.init("a", weight: 2), .init("::1", port: 11212, weight: 5)])
        #expect(made.requestTimeout == .milliseconds(250))
        #expect(made.connectTimeout == .seconds(1))
        #expect(made.healthCheckInterval == .seconds(5))
        #expect(made.reconnect == .init(base: .milliseconds(10), maximum: .seconds(2), jitter: 0.25))
        #expect(made.failover)
        #expect(made.failoverPause == .seconds(30))
        #expect(made.maximumReplySize == 1 << 20)
        #expect(made.maximumRequestsInFlight == 500)
        #expect(made.maximumBytesInFlight == 2 << 20)
        #expect(Set(options.names).isSubset(of: MemcachedStoreFactory().options.map(\.name)))
        let (sockets, never) = try Self.url("memcached:///run/a.sock,/run/b.sock?health_check_interval=none")
        let other = try MemcachedStoreFactory.configuration(for: sockets, never)
        #expect(other.servers == [.init(unixSocket: "/run/a.sock"), .init(unixSocket: "/run/b.sock")])
        #expect(other.healthCheckInterval == nil)
        #expect(other.requestTimeout == MemcachedConfiguration().requestTimeout)
    }

    @Test func databasesAndFoldersTakeAllOptions() throws {
        let query = "entries=5&bytes=1MiB&busy_timeout=3s&durability=power&sweep_interval=1h"
        let (url, options) = try Self.url("sqlite:///tmp/a.sqlite?\(query)&on_damage=fail")
        let context = StoreContext(logger: ConfigurationErrorTests.quiet)
        let database = try SQLiteStoreFactory.configuration(for: url, options, in: context)
        #expect(database.path == "/tmp/a.sqlite")
        #expect(database.mostEntries == 5)
        #expect(database.mostBytes == 1 << 20)
        #expect(database.busyTimeout == .seconds(3))
        #expect(database.durability == .power)
        #expect(database.onDamage == .fail)
        #expect(database.sweepInterval == .seconds(3_600))
        #expect(options.names == SQLiteStoreFactory().options.map(\.name).sorted())
        let (folderURL, folderOptions) = try Self.url("file:///tmp/a?\(query)")
        let folder = try FileStoreFactory.configuration(for: folderURL, folderOptions, in: context)
        #expect(folder.path == "/tmp/a")
        #expect(folder.mostEntries == 5)
        #expect(folder.mostBytes == 1 << 20)
        #expect(folder.busyTimeout == .seconds(3))
        #expect(folder.durability == .power)
        #expect(folder.sweepInterval == .seconds(3_600))
        #expect(folderOptions.names == FileStoreFactory().options.map(\.name).sorted())
    }

    // MARK: Bytes

    private static func key(_ byte: UInt8) -> String { Data(repeating: byte, count: 32).base64EncodedString() }

    /// What stands in all files of a folder.
    private static func bytes(in folder: String) -> Data {
        let files = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
        return files.sorted().reduce(Data()) {
            $0 + (FileManager.default.contents(atPath: "\(folder)/\($1)") ?? Data())
        }
    }

    @Test(arguments: ["zlib", "gzip"])
    func compressionReachesTheStoreFromTheThresholdOn(_ name: String) async throws {
        let folder = try TestFolder()
        let caches = try Self.caches(
            """
            caches:
              plain: {url: "file://\(folder.path)/plain"}
              small: {url: "file://\(folder.path)/small", compression: {with: \(name), threshold: 64KiB}}
              large: {url: "file://\(folder.path)/large", compression: \(name)}
            """
        )
        let text = String(repeating: "shelf ", count: 5_000)
        var sizes: [String: Int] = [:]
        for name in caches.names {
            try await caches[name].set("k", to: text)
            let value = try await caches[name].get(CacheKey<String>("k"))
            #expect(value == text)
            sizes[name] = Self.bytes(in: "\(folder.path)/\(name)/entries").count
        }
        await caches.shutdown()
        let (plain, small, large) = (sizes["plain"] ?? 0, sizes["small"] ?? 0, sizes["large"] ?? 0)
        #expect(plain >= 30_000 && small >= 30_000)
        #expect(large > 0 && large < 3_000)
    }

    @Test(arguments: ["aes-gcm", "chacha20-poly1305", "hmac-sha256"])
    func keysThatAreReferredToSealAndAreReplaced(_ sealer: String) async throws {
        let folder = try TestFolder()
        func caches(_ keys: String) throws -> Caches {
            try Self.caches(
                "caches: {a: {url: 'file://\(folder.path)/a', encryption: {with: \(sealer), \(keys)}}}",
                environment: ["ENCRYPTION_KEYS_SPRING": Self.key(1), "ENCRYPTION_KEYS_SUMMER": Self.key(2)]
            )
        }
        let key = CacheKey<String>("k")
        let first = try caches("key: spring")
        try await first["a"].set(key, to: "a secret that somebody looks for")
        await first.shutdown()
        let stored = Self.bytes(in: "\(folder.path)/a")
        let isReadable = stored.range(of: Data("somebody looks".utf8)) != nil
        #expect(isReadable == (sealer == "hmac-sha256"))

        let second = try caches("key: summer, previousKeys: [spring]")
        let rotated = try await second["a"].get(key)
        #expect(rotated == "a secret that somebody looks for")
        await second.shutdown()
        let third = try caches("key: summer")
        let gone = try await third["a"].get(key)
        #expect(gone == nil)
        await third.shutdown()
    }

    @Test func codecsOfTheCoreAreThereWithoutBeingNamed() async throws {
        let caches = try Self.caches(
            """
            caches:
              a: {url: "memory://", codec: messagepack}
              b: {url: "memory://", codec: plist}
              c: {url: "memory://", codec: json}
            """
        )
        var codecs: [CodecID] = []
        for name in caches.names { codecs.append(try caches[name].codec.codec.id) }
        #expect(codecs == [.messagePack, .propertyList, .json])
        await caches.shutdown()
    }
}

/// What a program does at its start.
@Suite(.timeLimit(.minutes(2))) struct ProgramStartTests {
    private struct Shelf: Codable, Sendable, Equatable {
        var slug: String
    }

    @Test func aProgramReadsItsFileMakesItsCachesCurrentAndWarmsThem() async throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/shop.yaml"
        let text = """
            port: 8080
            caches:
              shelves: {url: "memory://?entries=1000", ttl: 1h}
              covers: {url: "file://\(folder.path)/covers", compression: zlib}
              sessions: {url: "sqlite://\(folder.path)/sessions.sqlite", ttl: 12h, onFailure: throwing}
            """
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        let sources: [ConfigurationSource] = [
            .arguments(["shop"]), .environment(["CACHES_SHELVES_TTL": "2h"]), try .file(path),
        ]
        let caches = try Caches(
            configuration: sources,
            components: ConfigurationErrorTests.components,
            logger: ConfigurationErrorTests.quiet
        )
        #expect(ConfigReader(providers: sources.map(\.provider)).int(forKey: "port") == 8080)
        let shelves = try caches["shelves"]
        #expect(shelves.defaults.ttl == .hours(2))
        let warmer = Warmer(
            [
                .keys("shelves", in: shelves) {
                    ["poetry", "science", "travel"].map { CacheKey<Shelf>($0) }
                } fill: { key in
                    Shelf(slug: key.name)
                }
            ],
            WarmerOptions(concurrency: 2, checkpoint: CacheCheckpoint(in: try caches["sessions"])),
            logger: ConfigurationErrorTests.quiet
        )
        let group = ServiceGroup(services: [caches, warmer], logger: ConfigurationErrorTests.quiet)
        let running = Task { try await group.run() }
        try await warmer.waitUntilWarm()
        #expect(warmer.progress.filled == 3)
        try await Caches.withCurrent(caches) {
            let found = try await Caches.current["shelves"].get(CacheKey<Shelf>("travel"))
            #expect(found == Shelf(slug: "travel"))
            let error = #expect(throws: CacheError.self) { _ = try Caches.current["shelfs"] }
            #expect(error?.message == "there is no cache named \"shelfs\"; there are covers, sessions and shelves")
        }
        await group.triggerGracefulShutdown()
        try await running.value
    }
}

/// A folder that goes with the test.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "larder-configuration-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }
}
