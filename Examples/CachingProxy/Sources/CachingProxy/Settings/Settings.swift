import Foundation
import LarderRedisClient

/// What can be set about the proxy.
struct Settings: Sendable {
    var origin: OriginAddress
    var host = "127.0.0.1"
    var port = 8080
    /// The Redis to cache in; `nil` caches in memory.
    var redisURL: String?
    /// How many bytes the cache in memory may take.
    var memoryLimit = 256 << 20
    /// Whether the origin is asked under the name that clients use, and not under its own.
    var preservesHost = false
    /// How long a connection to the origin may take.
    var connectTimeout: Duration = .seconds(5)
    /// How long the origin may take to begin its answer, and to go on with it.
    var answerTimeout: Duration = .seconds(60)
    /// How long a client may take to send the next piece of its request, or its next request.
    var idleTimeout: Duration = .seconds(60)
    /// How many connections to the origin there are at most.
    var mostConnections = 64
    /// How many connections of clients there are at most; further ones wait until they are accepted.
    var mostClients: Int
    /// How many bytes the body of a request may have.
    var longestBody = 100 << 20

    init(origin: OriginAddress) {
        self.origin = origin
        self.mostClients = Self.mostClients(besides: self.mostConnections)
    }

    /// How many clients this process has descriptors for, besides what it needs for everything else.
    private static func mostClients(besides connections: Int) -> Int {
        var limit = rlimit()
        #if canImport(Darwin)
        let isKnown = getrlimit(RLIMIT_NOFILE, &limit) == 0
        #else
        let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        #endif
        let descriptors = isKnown ? Int(min(limit.rlim_cur, 1_000_000)) : 1_024
        // Some connections to the origin are about to close, Redis has a few, and each thread has its own to wait with.
        return max(descriptors - connections - max(64, descriptors / 16), descriptors / 4, 1)
    }

    static let help = """
        caching-proxy: a caching reverse proxy for HTTP/1.1, made with Larder.

        Usage: caching-proxy --origin http://HOST[:PORT] [--SETTING VALUE...]

        Each setting can be given as an argument or in the environment, where it has the same name in capitals and with
        underscores. Those in brackets are the defaults.

          --origin              where answers come from: http:// or https://, a host, perhaps a port; needed
          --host                the address to listen on (127.0.0.1)
          --port                the port to listen on, 0 for any free one (8080)
          --redis-url           the Redis to cache in, which several proxies can share (unset: in memory)
          --cache-megabytes     how much memory the cache may take where it is not in Redis (256)
          --preserve-host       on asks the origin under the name that the client used, off under the origin's own (off)
          --connect-timeout     seconds that a connection to the origin may take (5)
          --answer-timeout      seconds that the origin may take to begin its answer, and to go on with it (60)
          --idle-timeout        seconds that a client may be silent in or between requests (60)
          --most-connections    how many connections to the origin there are at most (64)
          --most-clients        how many connections of clients there are at most (what the limit of open files leaves)
          --body-megabytes      how long the body of a request may be (100)

        """

    /// The names of all settings, in the environment's spelling.
    private static let names = [
        "ORIGIN", "HOST", "PORT", "REDIS_URL", "CACHE_MEGABYTES", "PRESERVE_HOST", "CONNECT_TIMEOUT", "ANSWER_TIMEOUT",
        "IDLE_TIMEOUT", "MOST_CONNECTIONS", "MOST_CLIENTS",
        "BODY_MEGABYTES",
    ]

    /// Reads the settings.
    ///
    /// - Parameters:
    ///   - arguments: The command line, without the program's name.
    ///   - environment: The environment.
    /// - Throws: For a setting that cannot be used.
    init(arguments: [String], environment: [String: String]) throws(SettingsError) {
        let sources = try SettingSources(arguments: arguments, environment: environment, names: Self.names)
        guard let origin = sources.value("ORIGIN") else {
            throw SettingsError("ORIGIN: found nothing; accepted is \(OriginAddress.accepted)")
        }
        guard let address = OriginAddress(origin.text) else {
            // A URL can hold a password.
            throw origin.rejected(accepted: OriginAddress.accepted, found: "another text")
        }
        self.init(origin: address)
        if let host = sources.value("HOST") {
            let isHost = !host.text.contains { $0.isWhitespace || $0 == "/" }
            guard isHost else { throw host.rejected(accepted: "an address or a host's name, such as 127.0.0.1") }
            self.host = host.text
        }
        if let port = sources.value("PORT") { self.port = try port.number(in: 0...65_535, of: "a number") }
        if let url = sources.value("REDIS_URL") {
            do {
                _ = try RedisConfiguration(url: url.text)
            } catch {
                // The error quotes nothing of the URL that could be a password.
                throw SettingsError("\(url.name) (\(url.place)): \(error.message)")
            }
            self.redisURL = url.text
        }
        if let memory = sources.value("CACHE_MEGABYTES") {
            self.memoryLimit = try memory.number(in: 1...1_000_000, of: "megabytes") << 20
        }
        if let preserve = sources.value("PRESERVE_HOST") { self.preservesHost = try preserve.isOn() }
        self.connectTimeout = try sources.seconds("CONNECT_TIMEOUT") ?? self.connectTimeout
        self.answerTimeout = try sources.seconds("ANSWER_TIMEOUT") ?? self.answerTimeout
        self.idleTimeout = try sources.seconds("IDLE_TIMEOUT") ?? self.idleTimeout
        if let most = sources.value("MOST_CONNECTIONS") {
            self.mostConnections = try most.number(in: 1...10_000, of: "a number")
            self.mostClients = Self.mostClients(besides: self.mostConnections)
        }
        if let most = sources.value("MOST_CLIENTS") {
            self.mostClients = try most.number(in: 1...1_000_000, of: "a number")
        }
        if let longest = sources.value("BODY_MEGABYTES") {
            self.longestBody = try longest.number(in: 0...1_000_000, of: "megabytes") << 20
        }
    }
}

extension SettingSources {
    /// A setting as a time.
    fileprivate func seconds(_ name: String) throws(SettingsError) -> Duration? {
        guard let setting = self.value(name) else { return nil }
        return .seconds(try setting.number(in: 1...3_600, of: "seconds"))
    }
}

/// Where answers come from.
struct OriginAddress: Sendable, Equatable {
    static let accepted = "the URL of a server without a path, such as http://127.0.0.1:8000"

    let scheme: String
    /// Host and port as they stand in `Host`.
    let authority: String

    /// The address as a URL.
    var url: String { "\(self.scheme)://\(self.authority)/" }

    init?(_ text: String) {
        guard
            let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(), let host = url.host,
            ["http", "https"].contains(scheme), !host.isEmpty, ["", "/"].contains(url.path), url.query == nil,
            url.fragment == nil, url.user == nil, url.password == nil
        else { return nil }
        self.scheme = scheme
        self.authority = host + (url.port.map { ":\($0)" } ?? "")
    }
}
