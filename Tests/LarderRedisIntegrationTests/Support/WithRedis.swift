import Larder
import LarderRedis
import LarderRedisClient
import LarderTesting
import Testing

/// Where entries and generations lie.
enum Manner: CaseIterable, CustomTestStringConvertible {
    /// On one server.
    case together
    /// As if each slot had a server of its own.
    case apart
    /// The same on a server in cluster mode that has all slots, and refuses scripts which leave theirs.
    case cluster

    var testDescription: String { "\(self)" }
}

/// What a test against a real server works with.
struct RedisUnderTest: Sendable {
    let server: RedisServer
    let client: RedisClient
    let manner: Manner
    let store: RedisStore
    /// What counts the store's calls, where that is apart.
    let sender: ScatteringSender?

    init(server: RedisServer, client: RedisClient, manner: Manner = .together) {
        self.server = server
        self.client = client
        self.manner = manner
        let sender = manner == .together ? nil : ScatteringSender(client, isStrict: manner == .cluster)
        self.sender = sender
        self.store = sender.map { RedisStore($0) } ?? RedisStore(client)
    }

    /// The same server, for another process.
    func with(_ client: RedisClient) -> Self { Self(server: self.server, client: client, manner: self.manner) }

    func cache(
        _ namespace: CacheNamespace = "ns",
        version: Int = 1,
        failurePolicy: FailurePolicy = .throwing
    ) -> Cache {
        Cache(
            self.store,
            namespace: namespace,
            version: version,
            defaults: .init(failurePolicy: failurePolicy)
        )
    }

    /// Makes everything in the server older, so that no test has to wait for an end.
    ///
    /// - Parameter duration: By how much.
    /// - Throws: What the server answers if it refuses.
    func pass(_ duration: Duration) async throws {
        try await Self.age(self.server, by: duration)
    }

    /// Makes everything in a server older.
    static func age(_ server: RedisServer, by duration: Duration) async throws {
        let milliseconds = Int(duration / .milliseconds(1))
        let reply = try await server.command("EVAL", Self.agingScript, "0", "\(milliseconds)")
        guard reply == ":0\r\n" else {
            throw ServerFailure(reply: reply)
        }
    }

    private static let agingScript = """
        local cursor = '0'
        repeat
          local reply = redis.call('SCAN', cursor, 'COUNT', 1000)
          cursor = reply[1]
          for _, key in ipairs(reply[2]) do
            local left = redis.call('PTTL', key)
            if left >= 0 then
              left = left - tonumber(ARGV[1])
              if left <= 0 then redis.call('DEL', key) else redis.call('PEXPIRE', key, left) end
            end
          end
        until cursor == '0'
        return 0
        """

    /// How often the server has executed each command so far.
    func commandCounts() async throws -> [String: Int] {
        let reply = try await self.server.command("INFO", "commandstats")
        var counts: [String: Int] = [:]
        for line in reply.split(whereSeparator: \.isNewline) {
            guard line.hasPrefix("cmdstat_"), let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].dropFirst("cmdstat_".count)
            let fields = line[line.index(after: colon)...].split(separator: ",")
            guard let calls = fields.first(where: { $0.hasPrefix("calls=") })?.dropFirst("calls=".count) else {
                continue
            }
            counts[String(name)] = Int(calls)
        }
        return counts
    }

    /// The commands that the server executed for `body`, scripts' own commands included.
    ///
    /// - Parameter body: What to watch.
    /// - Returns: How often it executed each.
    /// - Throws: What the body throws.
    func commands(of body: () async throws -> Void) async throws -> [String: Int] {
        let before = try await self.commandCounts()
        try await body()
        let after = try await self.commandCounts()
        var counts: [String: Int] = [:]
        for (name, count) in after where !["info", "quit"].contains(name) {
            let delta = count - (before[name] ?? 0)
            if delta > 0 { counts[name] = delta }
        }
        return counts
    }
}

/// The server would not do what the test needs.
private struct ServerFailure: Error {
    var reply: String
}

/// Lends a server and a client of it to a test.
func withRedis(
    _ options: RedisServer.Options = .init(),
    _ manner: Manner = .together,
    _ body: (RedisUnderTest) async throws -> Void
) async throws {
    var options = options
    if manner == .cluster { options.configuration += ["cluster-enabled yes"] }
    try await withRedisServer(options) { server in
        if manner == .cluster { try await takeAllSlots(server) }
        var configuration = RedisConfiguration(host: server.host, port: server.port)
        // Other tests compute on all cores meanwhile; a slow reply is no failure here.
        configuration.commandTimeout = .seconds(60)
        let client = try RedisClient(configuration)
        do {
            try await body(RedisUnderTest(server: server, client: client, manner: manner))
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }
}

/// Makes a server in cluster mode a cluster of its own.
private func takeAllSlots(_ server: RedisServer) async throws {
    try await server.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    let deadline = ContinuousClock.now.advanced(by: .seconds(20))
    while try await !server.command("CLUSTER", "INFO").contains("cluster_state:ok") {
        guard ContinuousClock.now < deadline else { throw ServerFailure(reply: "the cluster does not come up") }
        try await Task.sleep(for: .milliseconds(10))
    }
}
