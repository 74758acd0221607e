import Foundation

/// A certificate authority with a certificate for a server on this machine and one for a client, for tests of TLS.
///
/// Made by the program `openssl` in a temporary directory, which `remove()` deletes. The certificates are valid for a
/// day, unless another time is asked for. The server's names `localhost`, `127.0.0.1` and `::1`.
public struct TLSCertificates: Sendable {
    /// The directory of the files.
    public let directory: String

    /// The file with the certificate of the authority (PEM).
    public var authority: String { "\(self.directory)/ca.crt" }

    /// The file with the server's certificate (PEM).
    public var serverCertificate: String { "\(self.directory)/server.crt" }

    /// The file with the server's private key (PEM).
    public var serverKey: String { "\(self.directory)/server.key" }

    /// The file with the client's certificate (PEM).
    public var clientCertificate: String { "\(self.directory)/client.crt" }

    /// The file with the client's private key (PEM).
    public var clientKey: String { "\(self.directory)/client.key" }

    /// Makes the certificates.
    ///
    /// - Parameters:
    ///   - serverNames: What the server's certificate is valid for, in the words of OpenSSL, such as
    ///     `"DNS:redis.example"` for one that does not match this machine.
    ///   - serverHasExpired: Whether the server's certificate was valid until yesterday.
    /// - Throws: `TestServerError` when `openssl` is missing or fails.
    public init(
        serverNames: [String] = ["DNS:localhost", "IP:127.0.0.1", "IP:::1"],
        serverHasExpired: Bool = false
    ) async throws {
        self.directory = try TemporaryDirectory.make("larder-tls")
        do {
            try await self.makeAuthority()
            try await self.makeCertificate(
                "server",
                names: serverNames,
                usage: "serverAuth",
                days: serverHasExpired ? -1 : 1
            )
            try await self.makeCertificate("client", names: ["DNS:client"], usage: "clientAuth")
        } catch {
            self.remove()
            throw error
        }
    }

    /// Deletes the files.
    public func remove() {
        TemporaryDirectory.remove(self.directory)
    }

    private func makeAuthority() async throws {
        try await TestProgram.run(
            "openssl",
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"]
                + ["-subj", "/CN=Larder test authority", "-keyout", "\(self.directory)/ca.key", "-out", self.authority]
        )
    }

    private func makeCertificate(_ name: String, names: [String], usage: String, days: Int = 1) async throws {
        let path = "\(self.directory)/\(name)"
        let extensions = """
            basicConstraints=CA:FALSE
            keyUsage=digitalSignature
            extendedKeyUsage=\(usage)
            subjectAltName=\(names.joined(separator: ","))
            """
        guard FileManager.default.createFile(atPath: "\(path).ext", contents: Data(extensions.utf8)) else {
            throw TestServerError(.startFailed, "\(path).ext could not be written.")
        }
        try await TestProgram.run(
            "openssl",
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
                + ["-subj", "/CN=\(name)", "-keyout", "\(path).key", "-out", "\(path).csr"]
        )
        try await TestProgram.run(
            "openssl",
            ["x509", "-req", "-in", "\(path).csr", "-CA", self.authority, "-CAkey", "\(self.directory)/ca.key"]
                + ["-CAcreateserial", "-days", "\(days)", "-extfile", "\(path).ext", "-out", "\(path).crt"]
        )
    }
}
