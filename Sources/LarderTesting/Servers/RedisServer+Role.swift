extension RedisServer {
    /// What a server is in a deployment of several.
    ///
    /// All but a server of its own keep their configuration file over a restart: they, or the Sentinels above them, write
    /// into it whom they follow and whom they know.
    enum Role: Sendable {
        /// A server of its own.
        case alone
        /// A primary or a replica, with the lines for replication.
        case replicated([String])
        /// A node of a cluster, with its lines.
        case clusterNode([String])
        /// A Sentinel, with its lines.
        case sentinel([String])

        var isAlone: Bool {
            if case .alone = self { true } else { false }
        }

        /// The arguments of the program behind its configuration file.
        var arguments: [String] {
            if case .sentinel = self { ["--sentinel"] } else { [] }
        }

        /// The text of the configuration file.
        ///
        /// - Throws: `TestServerError` when no port is free for a node's cluster bus.
        func configuration(for options: Options, port: Int, directory: String, socket: String) throws -> String {
            var options = options
            switch self {
            case .alone:
                break
            case .replicated(let lines):
                // What the test says comes last and so counts.
                options.configuration = lines + options.configuration
            case .clusterNode(let lines):
                // Not the port that is 10,000 higher, as Redis would take: that can be somebody's.
                let bus = "cluster-port \(try FreePort.find())"
                options.configuration = lines + [bus] + options.configuration
            case .sentinel(let lines):
                options.configuration = lines + options.configuration
                options.persistent = false
            }
            return RedisServer.configuration(for: options, port: port, directory: directory, socket: socket)
        }
    }

    /// Lines that every server of a deployment has: replication that does not wait.
    static func replicationLines(_ options: Options) -> [String] {
        var lines = [
            // Through a file: a replica that comes while another one is fed over a socket would wait for the primary's next
            // look, once a second.
            "repl-diskless-sync no",
            "repl-ping-replica-period 1",
            "repl-timeout 5",
            // Redis 7 would wait ten seconds for replicas that lag before it ends.
            "shutdown-timeout 0",
        ]
        if let password = options.password { lines.append("masterauth \(Self.quoted(password))") }
        lines += Self.linkLines(options)
        return lines
    }

    /// Lines for TLS between servers, which then show the client's certificate to each other.
    static func linkLines(_ options: Options) -> [String] {
        guard let tls = options.tls else { return [] }
        return [
            "tls-replication yes",
            "tls-client-cert-file \(Self.quoted(tls.clientCertificate))",
            "tls-client-key-file \(Self.quoted(tls.clientKey))",
        ]
    }
}
