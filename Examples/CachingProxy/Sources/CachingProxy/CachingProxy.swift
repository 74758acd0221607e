import Foundation
import HummingbirdCore
import Larder
import LarderHTTP
import LarderHummingbird
import LarderRedis
import LarderRedisClient
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// The program.
public enum CachingProxy: Sendable {
    /// Runs the proxy until it is told to stop.
    ///
    /// - Parameter arguments: The command line, without the program's name.
    /// - Returns: The program's exit status.
    public static func run(arguments: [String] = Array(CommandLine.arguments.dropFirst())) async -> Int32 {
        if arguments == ["--help"] || arguments == ["-h"] {
            FileHandle.standardOutput.write(Data(Settings.help.utf8))
            return 0
        }
        do {
            let settings = try Settings(arguments: arguments, environment: ProcessInfo.processInfo.environment)
            try await Self.run(settings)
            return 0
        } catch {
            FileHandle.standardError.write(Data("caching-proxy: \(error)\n".utf8))
            return error is SettingsError ? EX_CONFIG : EXIT_FAILURE
        }
    }

    private static func run(_ settings: Settings) async throws {
        var logger = Logger(label: "caching-proxy")
        logger.logLevel = .notice
        let services = try Self.services(settings, logger: logger) { port in
            let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
            let text = "Caching \(settings.origin.url) at http://\(host):\(port)/ (Ctrl-C ends it)\n"
            FileHandle.standardOutput.write(Data(text.utf8))
        }
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        // A client that does not read what it gets must not keep the proxy from ending.
        configuration.maximumGracefulShutdownDuration = .seconds(30)
        let group = ServiceGroup(configuration: configuration)
        do {
            try await group.run()
        } catch let error as IOError {
            throw Self.cannotListen(settings, error)
        } catch is SocketAddressError, is SocketAddressError.UnknownHost {
            throw SettingsError("HOST: \(settings.host) is not the name of a host that is known here")
        }
    }

    /// What makes up the proxy; what stands later needs what stands before, and ends first.
    ///
    /// - Parameters:
    ///   - settings: Where to listen, and where answers come from.
    ///   - options: What is cached, and how.
    ///   - date: The date for answers that have none.
    ///   - logger: Where to log.
    ///   - onRunning: Called with the port once the proxy can be reached.
    /// - Returns: The services.
    /// - Throws: If the server cannot be made.
    static func services(
        _ settings: Settings,
        options: ResponseCacheOptions = .proxy(),
        date: @escaping @Sendable () -> HTTPDate = { .now },
        logger: Logger,
        onRunning: @escaping @Sendable (_ port: Int) -> Void
    ) throws -> [any Service] {
        let eventLoopGroup = MultiThreadedEventLoopGroup.singleton
        let forwarding = Forwarding(
            pseudonym: "larder-\(String(UInt32.random(in: .min ... .max), radix: 36))",
            host: settings.preservesHost ? nil : settings.origin.authority
        )
        let origin = Origin(settings, forwarding: forwarding, date: date, eventLoopGroup: eventLoopGroup)
        let (cache, stores) = try Self.cache(settings, options, logger: logger)
        let responder = ProxyResponder(
            cache: cache,
            origin: origin,
            forwarding: forwarding,
            longestBody: settings.longestBody
        )
        let channel = HTTPServerBuilder { respond in
            ClientChannel(responder: respond, idleTimeout: settings.idleTimeout) {
                cache.earlyHits(prepare: responder.prepared)
            }
        }
        let server = try channel.buildServer(
            configuration: .init(
                address: .hostname(settings.host, port: settings.port),
                availableConnectionsDelegate: MaximumAvailableConnections(settings.mostClients, logger: logger)
            ),
            eventLoopGroup: eventLoopGroup,
            logger: logger,
            responder: { try await responder.respond(to: $0, $1, $2) },
            onServerRunning: { onRunning($0.localAddress?.port ?? settings.port) }
        )
        return stores + [origin, cache, server]
    }

    /// The cache, and what has to run for it.
    private static func cache(
        _ settings: Settings,
        _ options: ResponseCacheOptions,
        logger: Logger
    ) throws -> (ResponseCache, [any Service]) {
        let clock = options.clock
        guard let url = settings.redisURL else {
            let store = MemoryStore(limit: .bytes(settings.memoryLimit), clock: clock)
            let cache = Cache(store, namespace: "proxy", clock: clock, logger: logger)
            return (ResponseCache(cache, options: options, logger: logger), [])
        }
        let client = try RedisClient(url: url)
        let cache = Cache(RedisStore(client), namespace: "proxy", clock: clock, logger: logger)
        return (ResponseCache(cache, options: options, logger: logger), [client])
    }

    private static func cannotListen(_ settings: Settings, _ error: IOError) -> SettingsError {
        let address = "\(settings.host):\(settings.port)"
        return switch error.errnoCode {
        case EADDRINUSE: SettingsError("PORT: another program listens on \(address); set PORT to a free one, or to 0")
        case EACCES: SettingsError("PORT: listening on \(address) is not allowed; set PORT to 1024 or above")
        case EADDRNOTAVAIL: SettingsError("HOST: this machine does not have the address \(settings.host)")
        default: SettingsError("HOST, PORT: cannot listen on \(address): \(error)")
        }
    }
}
