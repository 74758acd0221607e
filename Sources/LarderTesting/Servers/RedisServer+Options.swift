extension RedisServer {
    /// How a server is started.
    public struct Options: Sendable {
        /// The password of the user `default`; `nil` lets everyone in.
        public var password: String?

        /// Users besides `default`.
        public var users: [User]

        /// The certificates for TLS; `nil` serves plain TCP.
        public var tls: TLSCertificates?

        /// Whether the server asks its clients for certificates.
        ///
        /// Counts with `tls` only.
        public var clientCertificates: ClientCertificates

        /// Whether what the server holds is kept over `restart()`, in an append-only file that is flushed on every
        /// write.
        ///
        /// Off, a restarted server is empty.
        public var persistent: Bool

        /// The port to listen on; `nil` takes a free one.
        public var port: Int?

        /// Further lines of configuration, such as `"maxmemory 10mb"`.
        public var configuration: [String]

        /// The server program, a name to find in PATH or a path.
        public var program: String

        /// How long the server may take until it answers.
        public var startLimit: Duration

        /// Describes a server.
        ///
        /// - Parameters:
        ///   - password: The password of the user `default`; `nil` lets everyone in.
        ///   - users: Users besides `default`.
        ///   - tls: The certificates for TLS; `nil` serves plain TCP.
        ///   - clientCertificates: Whether the server asks its clients for certificates.
        ///   - persistent: Whether what the server holds is kept over `restart()`.
        ///   - port: The port to listen on; `nil` takes a free one.
        ///   - configuration: Further lines of configuration, such as `"maxmemory 10mb"`.
        ///   - program: The server program, a name to find in PATH or a path.
        ///   - startLimit: How long the server may take until it answers.
        public init(
            password: String? = nil,
            users: [User] = [],
            tls: TLSCertificates? = nil,
            clientCertificates: ClientCertificates = .ignored,
            persistent: Bool = false,
            port: Int? = nil,
            configuration: [String] = [],
            program: String = "redis-server",
            startLimit: Duration = .seconds(20)
        ) {
            self.password = password
            self.users = users
            self.tls = tls
            self.clientCertificates = clientCertificates
            self.persistent = persistent
            self.port = port
            self.configuration = configuration
            self.program = program
            self.startLimit = startLimit
        }
    }

    /// A user of the server.
    public struct User: Sendable {
        /// The name.
        public var name: String

        /// The password.
        public var password: String

        /// What the user may do, in the words of Redis' ACL, such as `"~cache:* +@read"`.
        public var rules: String

        /// Describes a user.
        ///
        /// - Parameters:
        ///   - name: The name.
        ///   - password: The password.
        ///   - rules: What the user may do, in the words of Redis' ACL; everything unless said otherwise.
        public init(name: String, password: String, rules: String = "~* &* +@all") {
            self.name = name
            self.password = password
            self.rules = rules
        }
    }

    /// Whether a TLS server asks its clients for certificates.
    public struct ClientCertificates: Hashable, Sendable {
        let word: String

        /// Clients are not asked.
        public static let ignored = ClientCertificates(word: "no")
        /// Clients may show a certificate, and a wrong one is refused.
        public static let optional = ClientCertificates(word: "optional")
        /// Clients without a valid certificate are refused.
        public static let required = ClientCertificates(word: "yes")
    }

    /// The text of a configuration file for these options.
    static func configuration(for options: Options, port: Int, directory: String, socket: String) -> String {
        var lines = [
            "bind 127.0.0.1",
            "dir \(quoted(directory))",
            "unixsocket \(quoted(socket))",
            "unixsocketperm 700",
            "daemonize no",
            "databases 16",
            // A cached page of the process is copied on a fork for a snapshot; tests want none unless they ask.
            "save \"\"",
        ]
        if let tls = options.tls {
            lines += [
                "port 0",
                "tls-port \(port)",
                "tls-cert-file \(quoted(tls.serverCertificate))",
                "tls-key-file \(quoted(tls.serverKey))",
                "tls-ca-cert-file \(quoted(tls.authority))",
                "tls-auth-clients \(options.clientCertificates.word)",
            ]
        } else {
            lines.append("port \(port)")
        }
        if let password = options.password { lines.append("requirepass \(quoted(password))") }
        for user in options.users {
            lines.append("user \(user.name) on \(quoted(">" + user.password)) \(user.rules)")
        }
        if options.persistent { lines += ["appendonly yes", "appendfsync always"] }
        lines += options.configuration
        return lines.joined(separator: "\n") + "\n"
    }

    /// A word in the quotes of Redis' configuration files, whatever its bytes.
    static func quoted(_ word: String) -> String {
        var text = "\""
        for byte in word.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text += "\\" + String(Unicode.Scalar(byte))
            case 0x20...0x7E:
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16)
                text += "\\x" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return text + "\""
    }
}
