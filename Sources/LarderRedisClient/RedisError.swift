/// What went wrong with a Redis command or connection.
///
/// `code` is what programs decide by, `message` is for people. Neither ever holds a key, a value or a password: errors
/// end up in logs.
public struct RedisError: Error, Sendable {
    /// Boxed, so that a reply or its error travels in a few words from the connection to the task that waits.
    private final class Box: Sendable {
        let code: Code
        let message: String
        let server: String?
        let command: String?
        let underlying: (any Error)?

        init(code: Code, message: String, server: String?, command: String?, underlying: (any Error)?) {
            self.code = code
            self.message = message
            self.server = server
            self.command = command
            self.underlying = underlying
        }
    }

    private let box: Box

    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: A sentence for people, free of keys, values and passwords.
    ///   - server: The server's address.
    ///   - command: The command's name.
    ///   - underlying: The error that caused this one.
    public init(
        _ code: Code,
        message: String,
        server: String? = nil,
        command: String? = nil,
        underlying: (any Error)? = nil
    ) {
        self.box = Box(code: code, message: message, server: server, command: command, underlying: underlying)
    }

    /// The kind of failure.
    public var code: Code { self.box.code }

    /// What happened, in a sentence.
    ///
    /// A server's own words for `.server` errors.
    public var message: String { self.box.message }

    /// The address of the server that was asked, where one was.
    public var server: String? { self.box.server }

    /// The name of the command that failed, such as `GET`.
    public var command: String? { self.box.command }

    /// The error beneath, such as the operating system's.
    public var underlying: (any Error)? { self.box.underlying }

    /// Whether the same command may succeed when it is sent again, without harm: it was certainly not executed, and
    /// what stood in its way can pass.
    ///
    /// `.fateUnknown` and `.timedOut` are not among them: such a command may have been executed. Whoever knows that
    /// executing twice does no harm may well send it again.
    public var canRetry: Bool {
        switch self.code.kind {
        case .connectionFailed, .notSent, .overloaded: true
        case .server(let prefix):
            ["LOADING", "TRYAGAIN", "MASTERDOWN", "CLUSTERDOWN", "BUSY", "READONLY"].contains(prefix)
        default: false
        }
    }

    /// A few words of bounded variety, fit for the label of a metric.
    public var shortDescription: String { self.code.description }

    /// This error with what is known of its origin, where it did not say so itself.
    package func with(server: String? = nil, command: String? = nil) -> RedisError {
        RedisError(
            self.code,
            message: self.message,
            server: self.server ?? server,
            command: self.command ?? command,
            underlying: self.underlying
        )
    }
}

extension RedisError: CustomStringConvertible {
    /// A text for people.
    public var description: String {
        var text = "\(self.code): \(self.message)"
        let origin = [self.command, self.server].compactMap(\.self).joined(separator: " at ")
        if !origin.isEmpty { text += " (\(origin))" }
        if let underlying = self.underlying { text += " [\(underlying)]" }
        return text
    }
}

extension RedisError {
    /// The kind of a failure.
    ///
    /// More kinds may come, so a `switch` over them needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        fileprivate enum Kind: Sendable, Hashable {
            case connectionFailed
            case connectionClosed
            case timedOut
            case fateUnknown
            case notSent
            case overloaded
            case protocolViolation
            case replyTooLarge
            case server(String)
            case authenticationFailed
            case tlsFailed
            case refusedOnSharedConnection
            case invalidConfiguration
            case invalidCommand
            case unexpectedReply
            case shutdown
            case serverChanged
            case trackingUnavailable
            case slowReader
            case notAcknowledged
        }

        fileprivate let kind: Kind

        /// No connection could be made.
        ///
        /// The command was not executed.
        public static let connectionFailed = Code(kind: .connectionFailed)
        /// The connection ended and nothing was sent on it.
        public static let connectionClosed = Code(kind: .connectionClosed)
        /// The deadline passed.
        ///
        /// The command may have been executed, or may still be.
        public static let timedOut = Code(kind: .timedOut)
        /// The command was written, and the connection ended before its reply came: it may have been executed.
        public static let fateUnknown = Code(kind: .fateUnknown)
        /// The command was never written.
        ///
        /// It was not executed.
        public static let notSent = Code(kind: .notSent)
        /// Too many commands or bytes wait for replies on this connection.
        ///
        /// The command was not executed.
        public static let overloaded = Code(kind: .overloaded)
        /// The server sent what is not RESP.
        ///
        /// The connection is closed.
        public static let protocolViolation = Code(kind: .protocolViolation)
        /// A reply would exceed the configured size or nesting.
        ///
        /// The connection is closed.
        public static let replyTooLarge = Code(kind: .replyTooLarge)
        /// The server refused the user name or password, or asks for one.
        public static let authenticationFailed = Code(kind: .authenticationFailed)
        /// TLS could not be set up: certificates, names or protocol versions do not fit.
        public static let tlsFailed = Code(kind: .tlsFailed)
        /// The command blocks or changes its connection, and other tasks share this one.
        public static let refusedOnSharedConnection = Code(kind: .refusedOnSharedConnection)
        /// A setting is out of its range or contradicts another.
        public static let invalidConfiguration = Code(kind: .invalidConfiguration)
        /// A command was given arguments that cannot be sent.
        public static let invalidCommand = Code(kind: .invalidCommand)
        /// The reply is of another type than the caller asked for.
        public static let unexpectedReply = Code(kind: .unexpectedReply)
        /// The client was shut down.
        public static let shutdown = Code(kind: .shutdown)
        /// The reader of a subscription fell behind by more than its buffer takes, and messages were dropped.
        public static let slowReader = Code(kind: .slowReader)
        /// The primary has executed the command, but fewer replicas than asked for had it in time.
        public static let notAcknowledged = Code(kind: .notAcknowledged)
        /// The command was bound to a server that another has taken the place of.
        ///
        /// It was not executed.
        package static let serverChanged = Code(kind: .serverChanged)

        /// The server does not tell of changes: it is older than Redis 6, or forbids `CLIENT TRACKING` to this user.
        public static let trackingUnavailable = Code(kind: .trackingUnavailable)

        /// The server answered with an error.
        ///
        /// - Parameter prefix: The error's first word, such as `WRONGTYPE`, `NOSCRIPT` or `READONLY`.
        /// - Returns: The code for this prefix.
        public static func server(_ prefix: String) -> Code { Code(kind: .server(prefix)) }

        /// The first word of the server's error, such as `WRONGTYPE`, if the server answered with one.
        public var serverPrefix: String? {
            if case .server(let prefix) = self.kind { prefix } else { nil }
        }

        /// A text for people.
        public var description: String {
            if case .server(let prefix) = self.kind { "server \(prefix)" } else { "\(self.kind)" }
        }
    }

    /// The error for a reply of another type than the caller asked for.
    ///
    /// Names types only, never what was in the reply.
    package static func unexpectedReply(_ value: RESPValue, expected: String) -> RedisError {
        RedisError(.unexpectedReply, message: "expected \(expected), the server sent \(value.kindDescription)")
    }
}

extension RedisError {
    /// The error for an error that the server answered with.
    public init(_ error: RedisServerError) {
        let code: Code
        switch error.code {
        case "WRONGPASS", "NOAUTH": code = .authenticationFailed
        default: code = .server(error.code)
        }
        self.init(code, message: error.message)
    }
}
