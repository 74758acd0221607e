import Foundation
import Larder
import LarderRedis
import LarderRedisClient
import LarderSQLite
import LarderTesting
@testable import LarderHummingbird
import Testing

/// Where sessions are tested.
enum TestedStore: CaseIterable, CustomTestStringConvertible {
    case memory
    case redis
    case nearRedis
    case tieredRedis
    case sqlite
    case tieredSQLite

    var testDescription: String { "\(self)" }

    static let namespace: CacheNamespace = "sessions"

    /// Lends caches that stand for so many processes with the same sessions.
    func withCaches(_ count: Int, _ body: ([Cache]) async throws -> Void) async throws {
        switch self {
        case .memory:
            let store = MemoryStore(limit: .entries(10_000))
            try await body((0..<count).map { _ in Cache(.memory(store), namespace: Self.namespace) })
        case .redis:
            try await Self.withRedis(count) {
                .redis($0)
            } body: {
                try await body($0)
            }
        case .nearRedis:
            try await Self.withRedis(count) {
                RedisStore.redis($0, nearCache: .entries(1_000))
            } body: {
                try await body($0)
            }
        case .tieredRedis:
            try await Self.withRedis(count) {
                TieredStore(upper: .memory(entries: 1_000), lower: RedisStore.redis($0))
            } body: {
                try await body($0)
            }
        case .sqlite, .tieredSQLite:
            try await withTemporaryFolder { folder in
                let caches = try (0..<count).map { _ in
                    let store = try SQLiteStore(.init(path: "\(folder)/sessions.sqlite", busyTimeout: .seconds(20)))
                    guard self == .tieredSQLite else { return Cache(.sqlite(store), namespace: Self.namespace) }
                    return Cache(
                        TieredStore(upper: .memory(entries: 1_000), lower: store),
                        namespace: Self.namespace
                    )
                }
                try await body(caches)
            }
        }
    }

    private static func withRedis<Store: CacheStore>(
        _ count: Int,
        _ store: (RedisClient) -> Store,
        body: ([Cache]) async throws -> Void
    ) async throws {
        try await withRedisServer { server in
            try await withClients(of: server, count) { clients in
                try await body(clients.map { Cache(store($0), namespace: Self.namespace) })
            }
        }
    }
}

/// Lends clients of a server, each of which stands for a process.
func withClients(
    of server: RedisServer,
    _ count: Int,
    timeout: Duration = .seconds(60),
    _ body: ([RedisClient]) async throws -> Void
) async throws {
    var configuration = RedisConfiguration(host: server.host, port: server.port)
    // Other tests compute on all cores meanwhile; a slow reply is no failure here.
    configuration.commandTimeout = timeout
    var clients: [RedisClient] = []
    let outcome: Result<Void, any Error>
    do {
        for _ in 0..<count { clients.append(try RedisClient(configuration)) }
        outcome = .success(try await body(clients))
    } catch {
        outcome = .failure(error)
    }
    for client in clients { await client.shutdown() }
    try outcome.get()
}

/// Lends a folder that is gone afterwards.
func withTemporaryFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "larder-sessions-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path(percentEncoded: false))
}

extension Sessions {
    /// The session of an id, which has to be there.
    func existing(_ id: SessionID) async throws -> Session {
        let session = try await self.session(id)
        return try #require(session)
    }

    /// A saved session with one value.
    func begun(user: String? = nil) async throws -> SessionID {
        let session = self.new()
        try session.set("color", to: "green")
        if let user { try session.signIn(as: user) }
        let id = try await self.save(session)
        return try #require(id)
    }
}

extension SessionKey where Value == Int {
    static var counter: Self { "counter" }
}

extension SessionKey where Value == String {
    static var color: Self { "color" }
}
