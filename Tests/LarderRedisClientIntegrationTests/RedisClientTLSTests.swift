import LarderRedisClient
import LarderTesting
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct RedisClientTLSTests {
    /// Lends a server named `redis.test` that wants a certificate of its clients, with a configuration that fits.
    static func withTLSServer(_ body: (RedisConfiguration) async throws -> Void) async throws {
        let certificates = try await TLSCertificates(serverNames: ["DNS:redis.test"])
        defer { certificates.remove() }
        try await withRedisServer(.init(tls: certificates, clientCertificates: .required)) { server in
            var configuration = server.configuration
            configuration.tls = .enabled
            configuration.tls.trustedCertificateFiles = [certificates.authority]
            configuration.tls.serverName = "redis.test"
            configuration.tls.certificateFile = certificates.clientCertificate
            configuration.tls.privateKeyFile = certificates.clientKey
            try await body(configuration)
        }
    }

    @Test func clientAndServerThatTrustEachOtherTalk() async throws {
        try await Self.withTLSServer { fitting in
            try await withClient(fitting) { client in
                let value = String(repeating: "x", count: 100_000)
                _ = try await client.send(RedisCommand("SET", "a", value))
                #expect(try await client.send(RedisCommand("GET", "a"), as: String.self) == value)
            }
            var careless = fitting
            careless.tls.trustedCertificateFiles = []
            careless.tls.verification = .insecureNoVerification
            try await withClient(careless) { client in
                let count = try await client.send(RedisCommand("EXISTS", "a"), as: Int.self)
                #expect(count == 1)
            }
        }
    }

    @Test func untrustedServerWrongNameAndMissingCertificateAreRefused() async throws {
        try await Self.withTLSServer { fitting in
            let changes: [(inout RedisConfiguration) -> Void] = [
                { $0.tls.trustedCertificateFiles = [] },
                { $0.tls.serverName = "other.test" },
                {
                    $0.tls.certificateFile = nil
                    $0.tls.privateKeyFile = nil
                },
            ]
            for change in changes {
                var configuration = fitting
                change(&configuration)
                try await withClient(configuration) { client in
                    _ = await #expect {
                        _ = try await client.send(RedisCommand("PING"))
                    } throws: { ($0 as? RedisError)?.code == .tlsFailed }
                }
            }
        }
    }

    @Test func unreadableCertificateIsAnErrorOfTheInitialiser() {
        var configuration = RedisConfiguration()
        configuration.tls = .enabled
        configuration.tls.trustedCertificateFiles = ["/nonexistent/ca.crt"]
        #expect { _ = try RedisClient(configuration) } throws: { ($0 as? RedisError)?.code == .tlsFailed }
    }
}
