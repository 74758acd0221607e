import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// How keys come to lie on several real servers.
enum Spread: CaseIterable, CustomTestStringConvertible {
    /// Independent servers, and a client that spreads keys over them.
    case shards
    case cluster

    var testDescription: String { "\(self)" }
}

/// Three servers that share the keys.
struct SpreadRedis: Sendable {
    let servers: [RedisServer]
    let configuration: RedisConfiguration

    /// Makes everything in the servers older.
    func pass(_ duration: Duration) async throws {
        for server in self.servers { try await RedisUnderTest.age(server, by: duration) }
    }

    /// Forgets everything.
    func flush() async throws {
        for server in self.servers { try await server.command("FLUSHALL") }
    }

    /// Lends a client, as another process has it.
    func withClient(_ body: (RedisClient) async throws -> Void) async throws {
        let client = try RedisClient(self.configuration)
        do {
            try await body(client)
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    /// Lends a namespace, as another process has it.
    func withSpace(_ body: (TagSpace) async throws -> Void) async throws {
        try await self.withClient { client in
            try await body(TagSpace(RedisUnderTest(server: self.servers[0], client: client)))
        }
    }

    /// How many keys each server has whose names match.
    func counts(_ pattern: String) async throws -> [Int] {
        var counts: [Int] = []
        for server in self.servers {
            let reply = try await server.command("KEYS", pattern)
            counts.append(reply.split(whereSeparator: \.isNewline).count { !$0.hasPrefix("*") && !$0.hasPrefix("$") })
        }
        return counts
    }
}

/// Lends three servers to a test.
func withSpreadRedis(_ spread: Spread, _ body: (SpreadRedis) async throws -> Void) async throws {
    func lend(_ servers: [RedisServer], _ configuration: RedisConfiguration) async throws {
        var configuration = configuration
        // Other tests compute on all cores meanwhile; a slow reply is no failure here.
        configuration.commandTimeout = .seconds(60)
        try await body(SpreadRedis(servers: servers, configuration: configuration))
    }
    switch spread {
    case .shards:
        try await withRedisServer { one in
            try await withRedisServer { two in
                try await withRedisServer { three in
                    let servers = [one, two, three]
                    let shards = zip(["one", "two", "three"], servers).map { name, server in
                        RedisConfiguration.Shard(.hostname(server.host, port: server.port), name: name)
                    }
                    try await lend(servers, RedisConfiguration(shards: shards))
                }
            }
        }
    case .cluster:
        try await withRedisCluster(primaries: 3, replicas: 0) { cluster in
            var configuration = RedisConfiguration()
            configuration.topology = .cluster(
                cluster.servers.map { .hostname($0.host, port: $0.port) }
            )
            try await lend(cluster.servers, configuration)
        }
    }
}
