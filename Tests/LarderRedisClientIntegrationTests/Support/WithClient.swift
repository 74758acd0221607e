import LarderRedisClient
import LarderTesting

extension RedisServer {
    /// How a client reaches the server without TLS and password.
    var configuration: RedisConfiguration { RedisConfiguration(host: self.host, port: self.port) }
}

/// Runs a client while `body` uses it, and shuts it down.
func withClient<Value>(
    _ configuration: RedisConfiguration,
    _ body: (RedisClient) async throws -> Value
) async throws -> Value {
    let client = try RedisClient(configuration)
    do {
        let value = try await body(client)
        await client.shutdown()
        return value
    } catch {
        await client.shutdown()
        throw error
    }
}

/// Looks again and again until `condition` holds, at most until `limit` is over.
///
/// For what happens in another process or on a wire, where there is no event to wait for.
///
/// - Returns: Whether it held in time.
func eventually(
    atMost limit: Duration = .seconds(30),
    _ condition: () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now.advanced(by: limit)
    while true {
        if try await condition() { return true }
        if ContinuousClock.now >= end { return false }
        try await Task.sleep(for: .milliseconds(5))
    }
}
