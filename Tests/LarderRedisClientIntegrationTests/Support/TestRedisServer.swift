import Foundation
import LarderRedisClient
import NIOCore
import NIOPosix

/// A redis-server of the test's own, on a free port of 127.0.0.1, without persistence.
final class TestRedisServer: Sendable {
    let port: Int
    private let arguments: [String]
    private let process: ChildProcess

    private init(port: Int, arguments: [String]) {
        self.port = port
        self.arguments = arguments
        self.process = ChildProcess()
    }

    static func start(_ arguments: [String] = [], tls: Bool = false) async throws -> TestRedisServer {
        let port = try await Self.freePort()
        let server = TestRedisServer(
            port: port,
            arguments: (tls ? ["--port", "0", "--tls-port", "\(port)"] : ["--port", "\(port)"])
                + ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"] + arguments
        )
        try await server.launch()
        return server
    }

    var configuration: RedisConfiguration { RedisConfiguration(port: self.port) }

    /// Starts the server and waits until it takes connections.
    func launch() async throws {
        try self.process.run("redis-server", self.arguments)
        for _ in 0..<500 {
            if let channel = try? await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: self.port).get()
            {
                try await channel.close()
                return
            }
            // There is no event to wait for: a port begins to listen when it does.
            try await Task.sleep(for: .milliseconds(10))
        }
        throw TestServerError(description: "redis-server did not start; is the package redis-server installed?")
    }

    func stop() { self.process.signal(SIGKILL) }
    func hang() { self.process.signal(SIGSTOP) }
    func wake() { self.process.signal(SIGCONT) }

    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port
        try await channel.close()
        guard let port else { throw TestServerError(description: "no free port") }
        return port
    }

    deinit { self.process.signal(SIGKILL) }
}

struct TestServerError: Error, CustomStringConvertible {
    let description: String
}

/// Runs a server while `body` uses it, and stops it.
func withRedisServer<Value>(
    _ arguments: [String] = [],
    tls: Bool = false,
    _ body: (TestRedisServer) async throws -> Value
) async throws -> Value {
    let server = try await TestRedisServer.start(arguments, tls: tls)
    defer { server.stop() }
    return try await body(server)
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
