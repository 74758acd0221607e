import Foundation
import LarderTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

@Suite("RedisServer", .timeLimit(.minutes(2)))
struct RedisServerTests {
    @Test func startedServerAnswersAndIsRemovedAfterItsScope() async throws {
        let (directory, pid) = try await withRedisServer { server in
            try await #expect(server.command("PING") == "+PONG\r\n")
            try await #expect(server.command("SET", "key", "value") == "+OK\r\n")
            try await #expect(server.command("GET", "key") == "$5\r\nvalue\r\n")
            #expect(server.url == "redis://127.0.0.1:\(server.port)")
            #expect(server.isRunning)
            return (server.directory, try #require(server.processIdentifier))
        }
        #expect(!FileManager.default.fileExists(atPath: directory))
        #expect(kill(pid, 0) == -1)
    }

    @Test func serverIsStoppedWhenTheBodyThrows() async throws {
        struct Failure: Error {}
        var pid: Int32?
        await #expect(throws: Failure.self) {
            try await withRedisServer { server in
                pid = server.processIdentifier
                throw Failure()
            }
        }
        #expect(kill(try #require(pid), 0) == -1)
    }

    @Test func serversStartedTogetherHaveTheirOwnPortsAndData() async throws {
        try await withThrowingTaskGroup(of: RedisServer.self) { group in
            for _ in 0..<8 { group.addTask { try await RedisServer() } }
            var servers: [RedisServer] = []
            for try await server in group { servers.append(server) }
            #expect(Set(servers.map(\.port)).count == 8)
            for server in servers { try await server.command("SET", "port", "\(server.port)") }
            for server in servers {
                try await #expect(server.command("GET", "port") == "$5\r\n\(server.port)\r\n")
                await server.stop()
            }
        }
    }

    @Test func takenPortIsAnErrorThatShowsTheServersOwnWords() async throws {
        try await withRedisServer { server in
            let error = await #expect(throws: TestServerError.self) {
                try await RedisServer(.init(port: server.port))
            }
            #expect(error?.code == .startFailed)
            #expect(error?.message.contains("Address already in use") == true)
        }
    }

    @Test func pausedServerDoesNotAnswerUntilItIsResumed() async throws {
        try await withRedisServer { server in
            server.pause()
            let error = await #expect(throws: TestServerError.self) {
                try await server.command("PING", atMost: .milliseconds(100))
            }
            #expect(error?.code == .noAnswer)
            #expect(server.isRunning)
            server.resume()
            try await #expect(server.command("PING") == "+PONG\r\n")
        }
    }

    @Test func pausedServerCanBeStopped() async throws {
        let server = try await RedisServer()
        server.pause()
        await server.stop()
        #expect(!server.isRunning)
    }

    @Test func killedServerComesBackEmptyOnTheSamePort() async throws {
        try await withRedisServer { server in
            let port = server.port
            try await server.command("SET", "key", "value")
            await server.kill()
            #expect(!server.isRunning)
            await #expect(throws: TestServerError.self) { try await server.command("PING") }
            try await server.restart()
            #expect(server.port == port)
            try await #expect(server.command("GET", "key") == "$-1\r\n")
            try await #expect(server.command("CONFIG", "GET", "port").hasSuffix("$5\r\n\(port)\r\n"))
        }
    }

    @Test func persistentServerKeepsItsDataOverKillAndRestart() async throws {
        try await withRedisServer(.init(persistent: true)) { server in
            try await server.command("SET", "key", "value")
            await server.kill()
            try await server.restart()
            try await #expect(server.command("GET", "key") == "$5\r\nvalue\r\n")
        }
    }

    @Test func stoppedServerCannotBeRestarted() async throws {
        let server = try await RedisServer()
        await server.stop()
        await server.stop()
        let error = await #expect(throws: TestServerError.self) { try await server.restart() }
        #expect(error?.code == .notRunning)
    }

    @Test func passwordsOfAnyCharactersAreTakenAndUsersGetTheirRules() async throws {
        let password = "a \"b\"\\ c:@/?#%é"
        let options = RedisServer.Options(
            password: password,
            users: [.init(name: "reader", password: "r d", rules: "~* +@read +auth +quit")]
        )
        try await withRedisServer(options) { server in
            try await #expect(server.command("PING") == "+PONG\r\n")
            #expect(server.url.hasPrefix("redis://:a%20%22b%22%5C%20c%3A%40%2F%3F%23%25%C3%A9@127.0.0.1:"))
            try await #expect(server.command("AUTH", "reader", "r d") == "+OK\r\n")
            try await #expect(server.command("AUTH", "reader", "wrong").hasPrefix("-WRONGPASS"))
        }
    }

    @Test func configurationLinesReachTheServer() async throws {
        try await withRedisServer(.init(configuration: ["maxmemory 10mb"])) { server in
            try await #expect(server.command("CONFIG", "GET", "maxmemory").contains("10485760"))
        }
    }

    @Test func wrongConfigurationIsAnErrorThatShowsTheServersOwnWords() async throws {
        let error = await #expect(throws: TestServerError.self) {
            try await RedisServer(.init(configuration: ["no-such-directive 1"]))
        }
        #expect(error?.message.contains("no-such-directive") == true)
    }

    @Test func missingProgramNamesThePackageToInstall() async throws {
        let error = await #expect(throws: TestServerError.self) {
            try await RedisServer(.init(program: "no-such-redis-server"))
        }
        #expect(error?.code == .programMissing)
        #expect(error?.message.contains("apt-get install redis-server") == true)
    }

    @Test func tlsServerStartsWithGeneratedCertificates() async throws {
        let certificates = try await TLSCertificates()
        defer { certificates.remove() }
        try await withRedisServer(.init(tls: certificates, clientCertificates: .required)) { server in
            #expect(server.url == "rediss://127.0.0.1:\(server.port)")
            try await #expect(server.command("CONFIG", "GET", "tls-port").contains("\(server.port)"))
            try await #expect(server.command("CONFIG", "GET", "tls-auth-clients").contains("yes"))
        }
    }

    /// A process that starts a server and is killed must not leave the server behind.
    ///
    /// The guardian's part can be seen without a second test process: it is what a server that is not stopped has
    /// beside it.
    @Test func everyServerHasAGuardianThatGoesWithIt() async throws {
        let server = try await RedisServer()
        let pid = try #require(server.processIdentifier)
        #expect(try Self.guardians(of: pid) == 1)
        await server.stop()
        #expect(try Self.guardians(of: pid) == 0)
    }

    private static func guardians(of pid: Int32) throws -> Int {
        #if os(Linux)
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
            guard Int32(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                return false
            }
            return String(decoding: line, as: UTF8.self).contains("kill -9 \(pid) ")
        }.count
        #else
        kill(pid, 0) == 0 ? 1 : 0
        #endif
    }
}
