import LarderRedisClient
import LarderTesting

/// One server for all tests of commands, and a client for each version of the protocol.
///
/// Tests use keys of their own, so that they can run side by side.
struct CommandFixture {
    let server: RedisServer
    let client: RedisClient
    /// Names the test and the protocol.
    let prefix: String

    private static let server = Task { try await RedisServer() }

    /// Lends the shared server with a client of its own.
    static func use(
        _ version: Version,
        function: String = #function,
        _ body: (CommandFixture) async throws -> Void
    ) async throws {
        let server = try await self.server.value
        var configuration = RedisConfiguration(host: server.host, port: server.port)
        configuration.protocolVersion = version == .resp2 ? .resp2 : .resp3
        let client = try RedisClient(configuration)
        let name = function.prefix { $0 != "(" }
        do {
            try await body(CommandFixture(server: server, client: client, prefix: "\(name):\(version)"))
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    /// A key of this test.
    func key(_ name: String) -> String { "{\(self.prefix)}:\(name)" }

    /// The versions of the protocol.
    enum Version: String, CaseIterable {
        case resp2
        case resp3
    }
}
