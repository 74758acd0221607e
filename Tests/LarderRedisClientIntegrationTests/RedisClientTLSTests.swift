import Foundation
import LarderRedisClient
import Testing

@Suite struct RedisClientTLSTests {
    /// An authority of the test's own, with certificates for the server `redis.test` and for a client.
    struct Certificates {
        let directory: String

        init() throws {
            self.directory = "/tmp/larder-tls-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true)
            try self.openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=larder-ca -keyout ca.key -out ca.crt")
            try "subjectAltName=DNS:redis.test".write(
                toFile: self.path("server.ext"),
                atomically: true,
                encoding: .utf8
            )
            for name in ["server", "client"] {
                try self.openssl("req -newkey rsa:2048 -nodes -subj /CN=\(name) -keyout \(name).key -out \(name).csr")
                let extensions = name == "server" ? " -extfile server.ext" : ""
                try self.openssl(
                    "x509 -req -in \(name).csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out \(name).crt\(extensions)"
                )
            }
        }

        func path(_ name: String) -> String { "\(self.directory)/\(name)" }

        private func openssl(_ arguments: String) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["openssl"] + arguments.split(separator: " ").map(String.init)
            process.currentDirectoryURL = URL(fileURLWithPath: self.directory)
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                throw TestServerError(description: "openssl failed: \(arguments)")
            }
        }

        func remove() { try? FileManager.default.removeItem(atPath: self.directory) }

        var serverArguments: [String] {
            [
                "--tls-cert-file", self.path("server.crt"), "--tls-key-file", self.path("server.key"),
                "--tls-ca-cert-file", self.path("ca.crt"), "--tls-auth-clients", "yes",
            ]
        }

        /// A configuration with which everything fits.
        func configuration(port: Int) -> RedisConfiguration {
            var configuration = RedisConfiguration(port: port)
            configuration.tls = .enabled
            configuration.tls.trustedCertificateFiles = [self.path("ca.crt")]
            configuration.tls.serverName = "redis.test"
            configuration.tls.certificateFile = self.path("client.crt")
            configuration.tls.privateKeyFile = self.path("client.key")
            return configuration
        }
    }

    @Test func clientAndServerThatTrustEachOtherTalk() async throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        try await withRedisServer(certificates.serverArguments, tls: true) { server in
            try await withClient(certificates.configuration(port: server.port)) { client in
                let value = String(repeating: "x", count: 100_000)
                _ = try await client.send(RedisCommand("SET", "a", value))
                #expect(try await client.send(RedisCommand("GET", "a"), as: String.self) == value)
            }
            var careless = certificates.configuration(port: server.port)
            careless.tls.trustedCertificateFiles = []
            careless.tls.verification = .insecureNoVerification
            try await withClient(careless) { client in
                let count = try await client.send(RedisCommand("EXISTS", "a"), as: Int.self)
                #expect(count == 1)
            }
        }
    }

    @Test func untrustedServerWrongNameAndMissingCertificateAreRefused() async throws {
        let certificates = try Certificates()
        defer { certificates.remove() }
        try await withRedisServer(certificates.serverArguments, tls: true) { server in
            let changes: [(inout RedisConfiguration) -> Void] = [
                { $0.tls.trustedCertificateFiles = [] },
                { $0.tls.serverName = "other.test" },
                {
                    $0.tls.certificateFile = nil
                    $0.tls.privateKeyFile = nil
                },
            ]
            for change in changes {
                var configuration = certificates.configuration(port: server.port)
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
