import Larder

/// Which memcached servers a client uses, and how it behaves towards them.
///
/// ```swift
/// var configuration = MemcachedConfiguration(servers: [.init("10.0.0.1"), .init("10.0.0.2", weight: 2)])
/// configuration.requestTimeout = .milliseconds(200)
/// ```
public struct MemcachedConfiguration: Sendable {
    /// The servers, which share the keys by consistent hashing: see ``KetamaRing``.
    ///
    /// Their order does not matter, their names do: every client has to call them the same.
    public var servers: [Server]

    // MARK: Time

    /// How long one attempt to connect may take: name look-up and the first answer included.
    public var connectTimeout: Duration = .seconds(2)

    /// How long a request may take, from the call to the reply; waiting for a connection is part of it.
    public var requestTimeout: Duration = .seconds(2)

    /// How long a connection may be silent: one that has sent nothing for this long while a request waits for its reply is
    /// closed, and one that is idle for this long is asked with `mn`.
    ///
    /// `nil` for neither.
    public var healthCheckInterval: Duration? = .seconds(10)

    /// The pauses between attempts to connect.
    public var reconnect: Reconnect = .init()

    // MARK: Lost servers

    /// Whether the next server on the circle takes over the keys of one that is lost, for caches.
    ///
    /// Without it they are unavailable until the server answers again. What has been stored under keys that change their server is
    /// not read again, neither before nor after: see <doc:LarderMemcached>. A namespace's generations stay where they are, so
    /// while their server is lost the namespace is unavailable in any case.
    public var failover: Bool = false

    /// How long a server whose keys others have taken over stays out at least.
    ///
    /// Each change is a change for all keys of that server, so a server that comes and goes should not take part.
    public var failoverPause: Duration = .seconds(10)

    // MARK: Bounds

    /// The most bytes that one reply may take.
    ///
    /// A larger one closes its connection.
    public var maximumReplySize: Int = 128 << 20

    /// The most requests that may wait for replies on one connection; those whose callers have left still count.
    ///
    /// One more fails at once with `.overloaded`.
    public var maximumRequestsInFlight: Int = 100_000

    /// The most bytes of requests that may wait for replies on one connection, counted and refused as
    /// ``maximumRequestsInFlight``.
    ///
    /// A larger request passes if nothing else is in flight.
    public var maximumBytesInFlight: Int = 256 << 20

    /// Where the time of day is taken from, for what has to be told to servers as such.
    package var wallClock = WallClock.system

    /// Describes a client of several servers.
    ///
    /// - Parameter servers: The servers, at least one.
    public init(servers: [Server]) {
        self.servers = servers
    }

    /// Describes a client of one server.
    ///
    /// - Parameters:
    ///   - host: The server's name or IP address.
    ///   - port: Its TCP port.
    public init(host: String = "127.0.0.1", port: Int = 11211) {
        self.init(servers: [Server(host, port: port)])
    }
}

extension MemcachedConfiguration {
    /// One of the servers.
    public struct Server: Sendable, Hashable, CustomStringConvertible {
        enum Address: Sendable, Hashable {
            case hostname(String, port: Int)
            case unixSocket(path: String)
        }

        let address: Address

        /// The server's share of the keys, in proportion to those of the others.
        public var weight: Int

        /// A server on a TCP port.
        ///
        /// - Parameters:
        ///   - host: Its name or IP address, written as other clients write it: keys are spread by it.
        ///   - port: Its TCP port.
        ///   - weight: Its share of the keys, in proportion to those of the others.
        public init(_ host: String, port: Int = 11211, weight: Int = 1) {
            self.address = .hostname(host, port: port)
            self.weight = weight
        }

        /// A server on a Unix domain socket.
        ///
        /// - Parameters:
        ///   - path: The socket's path.
        ///   - weight: Its share of the keys, in proportion to those of the others.
        public init(unixSocket path: String, weight: Int = 1) {
            self.address = .unixSocket(path: path)
            self.weight = weight
        }

        /// The address as it is written in logs and errors.
        public var description: String {
            switch self.address {
            case .hostname(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unixSocket(let path): path
            }
        }

        /// The name by which keys are spread: libmemcached leaves out the usual port.
        var ringName: String {
            switch self.address {
            case .hostname(let host, 11211): host
            case .hostname(let host, let port): "\(host):\(port)"
            case .unixSocket(let path): path
            }
        }
    }

    /// How long to wait before the next attempt to connect: `base`, then twice as long each time up to `maximum`, each
    /// time shortened by a random part so that clients do not come back all at once.
    public struct Reconnect: Sendable, Hashable {
        /// The first pause.
        public var base: Duration
        /// The longest pause.
        public var maximum: Duration
        /// The part of a pause that is left to chance, from 0 (none) to 1 (all of it).
        public var jitter: Double

        /// Describes the pauses.
        ///
        /// - Parameters:
        ///   - base: The first pause.
        ///   - maximum: The longest pause.
        ///   - jitter: The part of a pause that is left to chance, from 0 to 1.
        public init(base: Duration = .milliseconds(20), maximum: Duration = .seconds(1), jitter: Double = 0.5) {
            self.base = base
            self.maximum = maximum
            self.jitter = jitter
        }
    }
}

extension MemcachedConfiguration {
    /// Checks every field.
    ///
    /// - Throws: ``MemcachedError`` with the code `.invalidConfiguration`, naming the field and what it accepts.
    public func validate() throws(MemcachedError) {
        try Self.check(!self.servers.isEmpty, "servers", "must name at least one server")
        try Self.check(self.servers.count <= 1024, "servers", "must be at most 1024")
        for server in self.servers {
            switch server.address {
            case .hostname(let host, let port):
                try Self.check(!host.isEmpty, "servers", "a host must not be empty")
                try Self.check((1...65535).contains(port), "servers", "a port must be from 1 to 65535, not \(port)")
            case .unixSocket(let path):
                try Self.check(
                    (1..<104).contains(path.utf8.count),
                    "servers",
                    "the path of a socket must have 1 to 103 bytes"
                )
            }
            try Self.check(
                (1...1000).contains(server.weight),
                "servers",
                "a weight must be from 1 to 1000, not \(server.weight)"
            )
        }
        try Self.check(
            Set(self.servers.map(\.ringName)).count == self.servers.count,
            "servers",
            "must not name a server twice"
        )
        try Self.check(self.connectTimeout > .zero, "connectTimeout", "must be positive")
        try Self.check(self.requestTimeout > .zero, "requestTimeout", "must be positive")
        if let interval = self.healthCheckInterval {
            try Self.check(interval >= .milliseconds(10), "healthCheckInterval", "must be at least 10 ms")
        }
        try Self.check(self.reconnect.base > .zero, "reconnect", "the first pause must be positive")
        try Self.check(
            self.reconnect.maximum >= self.reconnect.base,
            "reconnect",
            "the longest pause must be no shorter than the first"
        )
        try Self.check((0...1).contains(self.reconnect.jitter), "reconnect", "the jitter must be from 0 to 1")
        try Self.check(self.failoverPause >= .zero, "failoverPause", "must not be negative")
        try Self.check(self.maximumReplySize >= 1024, "maximumReplySize", "must be at least 1024 bytes")
        try Self.check(self.maximumRequestsInFlight >= 1, "maximumRequestsInFlight", "must be at least 1")
        try Self.check(self.maximumBytesInFlight >= 1, "maximumBytesInFlight", "must be at least 1")
    }

    private static func check(_ holds: Bool, _ field: String, _ rule: String) throws(MemcachedError) {
        if !holds { throw MemcachedError(.invalidConfiguration, message: "\(field): \(rule)") }
    }
}
