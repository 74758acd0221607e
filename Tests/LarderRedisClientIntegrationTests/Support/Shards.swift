import LarderRedisClient
import LarderTesting

/// Independent servers over which a client spreads keys.
struct Shards: Sendable {
    let servers: [RedisServer]

    /// The shards `one`, `two` and so on: their keys stay the same, whatever their ports are.
    var shards: [RedisConfiguration.Shard] {
        zip(["one", "two", "three", "four"], self.servers).map { name, server in
            .init(.hostname(server.host, port: server.port), name: name)
        }
    }

    var configuration: RedisConfiguration { RedisConfiguration(shards: self.shards) }

    /// The number of the server that has a key; nil if none or several have it.
    func owner(of key: String) async throws -> Int? {
        var owners: [Int] = []
        for (index, server) in self.servers.enumerated() where server.isRunning {
            if try await server.command("EXISTS", key) == ":1\r\n" { owners.append(index) }
        }
        return owners.count == 1 ? owners[0] : nil
    }

    /// How many keys each server has.
    func counts() async throws -> [Int] {
        var counts: [Int] = []
        for server in self.servers {
            let reply = try await server.command("DBSIZE")
            counts.append(Int(reply.dropFirst().filter { !$0.isNewline }) ?? -1)
        }
        return counts
    }
}

/// Lends servers that know nothing of each other.
func withShards(_ count: Int = 3, _ body: (Shards) async throws -> Void) async throws {
    func start(_ servers: [RedisServer]) async throws {
        if servers.count == count { return try await body(Shards(servers: servers)) }
        try await withRedisServer { try await start(servers + [$0]) }
    }
    try await start([])
}
