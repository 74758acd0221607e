extension RedisConfiguration {
    /// Whether and how connections are encrypted.
    public struct TLS: Sendable, Hashable {
        enum Mode: Sendable, Hashable {
            case disabled
            case enabled
        }

        let mode: Mode

        /// How the server's certificate is checked.
        public var verification: Verification = .full

        /// Files with certificates (PEM) of the authorities to trust; empty for the system's.
        public var trustedCertificateFiles: [String] = []

        /// The file with this client's certificate chain (PEM), for servers that ask for one.
        public var certificateFile: String?

        /// The file with the private key (PEM) of `certificateFile`.
        public var privateKeyFile: String?

        /// The name that the server's certificate must carry, and that is sent to the server (SNI); nil for the host's.
        public var serverName: String?

        /// No encryption.
        public static let disabled = TLS(mode: .disabled)

        /// Encryption, with the server's certificate checked against the system's authorities.
        public static let enabled = TLS(mode: .enabled)

        /// Whether connections are encrypted.
        public var isEnabled: Bool { self.mode == .enabled }
    }

    /// How the server's certificate is checked.
    public struct Verification: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            case full
            case noHostname
            case insecureNoVerification
        }

        let kind: Kind

        /// The certificate must come from a trusted authority and carry the server's name.
        public static let full = Verification(kind: .full)
        /// The certificate must come from a trusted authority, but its name is not checked.
        ///
        /// Safe only with an authority of one's own that signs nothing but Redis servers.
        public static let noHostname = Verification(kind: .noHostname)
        /// Any certificate will do, so anyone on the way can read and change everything.
        ///
        /// For experiments only.
        public static let insecureNoVerification = Verification(kind: .insecureNoVerification)
    }
}
