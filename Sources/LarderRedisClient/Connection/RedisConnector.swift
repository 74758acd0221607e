import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Makes connections: socket, TLS, handshake.
struct RedisConnector: Sendable {
    private(set) var configuration: RedisConfiguration
    private(set) var address: RedisConfiguration.Address
    private(set) var server: String
    private(set) var purpose = ConnectionPurpose()
    private let tls: NIOSSLContext?

    /// - Throws: `RedisError` with the code `.invalidConfiguration` or `.tlsFailed`.
    init(_ configuration: RedisConfiguration) throws(RedisError) {
        try configuration.validate()
        self.configuration = configuration
        self.address = configuration.address
        self.server = configuration.address.description
        self.tls = try configuration.tls.makeContext()
    }

    /// The same, to another server.
    func to(_ address: RedisConfiguration.Address) -> RedisConnector {
        var connector = self
        connector.address = address
        connector.server = address.description
        return connector
    }

    /// The same, for another purpose.
    func with(_ purpose: ConnectionPurpose) -> RedisConnector {
        var connector = self
        connector.purpose = purpose
        return connector
    }

    /// The same, with another login and database.
    ///
    /// - Parameter change: Changes the configuration; what concerns TLS stays as it is.
    /// - Returns: The connector.
    func with(_ change: (inout RedisConfiguration) -> Void) -> RedisConnector {
        var connector = self
        change(&connector.configuration)
        return connector
    }

    /// Connects and shakes hands, within the configured time.
    ///
    /// - Parameters:
    ///   - eventLoop: Where the connection lives.
    ///   - attempt: With what the attempt can be given up from elsewhere.
    /// - Returns: The handler at the end of the pipeline, on `eventLoop`.
    func connect(
        on eventLoop: any EventLoop,
        _ attempt: ConnectionAttempt? = nil
    ) -> EventLoopFuture<NIOLoopBound<RedisChannelHandler>> {
        let ready = eventLoop.makePromise(of: Handshake.Outcome.self)
        attempt?.began { ready.fail($0) }
        let timeout = TimeAmount(self.configuration.connectTimeout)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 16_384, maximum: 65_536)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls = try self.makeTLSHandler() {
                        try channel.pipeline.syncOperations.addHandler(tls)
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        RedisChannelHandler(self, ready: ready)
                    )
                }
            }
        let channel: EventLoopFuture<any Channel>
        switch self.address.kind {
        case .hostname(let host, let port):
            // A small command must not wait for the reply to the one before it.
            channel = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connect(host: host, port: port)
        case .unixSocket(let path):
            channel = bootstrap.connect(unixDomainSocketPath: path)
        }
        // The time runs for the socket and the handshake together.
        let timer = eventLoop.scheduleTask(in: timeout) {
            ready.fail(
                self.error(.connectionFailed, "the server did not answer within \(self.configuration.connectTimeout)")
            )
        }
        channel.whenFailure { ready.fail($0) }
        return ready.futureResult.flatMap { _ in channel }.flatMapThrowing { channel in
            NIOLoopBound(
                try channel.pipeline.syncOperations.handler(type: RedisChannelHandler.self),
                eventLoop: eventLoop
            )
        }.always { result in
            timer.cancel()
            if case .failure = result { channel.whenSuccess { $0.close(promise: nil) } }
        }
    }

    private func makeTLSHandler() throws -> NIOSSLClientHandler? {
        guard let tls = self.tls else { return nil }
        var name = self.configuration.tls.serverName
        if name == nil, case .hostname(let host, _) = self.address.kind, !Self.isIPAddress(host) {
            name = host
        }
        return try NIOSSLClientHandler(context: tls, serverHostname: name)
    }

    /// SNI knows names only.
    private static func isIPAddress(_ host: String) -> Bool {
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }

    func error(_ code: RedisError.Code, _ message: String, underlying: (any Error)? = nil) -> RedisError {
        RedisError(code, message: message, server: self.server, underlying: underlying)
    }
}

extension RedisChannelHandler {
    /// The module's error for what NIO reports of a connection.
    static func connectionError(_ error: any Error, server: String) -> RedisError {
        switch error {
        case let error as RedisError:
            error.with(server: server)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            RedisError(.tlsFailed, message: "TLS failed", server: server, underlying: error)
        default:
            RedisError(.connectionFailed, message: "the connection failed", server: server, underlying: error)
        }
    }
}

extension RedisConfiguration.TLS {
    /// - Throws: `RedisError` with the code `.tlsFailed` if a file cannot be read.
    fileprivate func makeContext() throws(RedisError) -> NIOSSLContext? {
        guard self.isEnabled else { return nil }
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification =
                switch self.verification.kind {
                case .full: .fullVerification
                case .noHostname: .noHostnameVerification
                case .insecureNoVerification: .none
                }
            if !self.trustedCertificateFiles.isEmpty {
                configuration.trustRoots = .certificates(
                    try self.trustedCertificateFiles.flatMap { try NIOSSLCertificate.fromPEMFile($0) }
                )
            }
            if let certificateFile = self.certificateFile, let privateKeyFile = self.privateKeyFile {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificateFile).map {
                    .certificate($0)
                }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: privateKeyFile, format: .pem))
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw RedisError(.tlsFailed, message: "a certificate or key cannot be used", underlying: error)
        }
    }
}
