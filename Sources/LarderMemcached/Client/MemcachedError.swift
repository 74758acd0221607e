/// What went wrong with a memcached request or connection.
///
/// `code` is what programs decide by, `message` is for people. Neither ever holds a key or a value: errors end up in logs.
public struct MemcachedError: Error, Sendable {
    /// Boxed, so that a reply or its error travels in a few words from the connection to the task that waits.
    private final class Box: Sendable {
        let code: Code
        let message: String
        let server: String?
        let underlying: (any Error)?

        init(code: Code, message: String, server: String?, underlying: (any Error)?) {
            self.code = code
            self.message = message
            self.server = server
            self.underlying = underlying
        }
    }

    private let box: Box

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: A sentence for people, free of keys and values.
    ///   - server: The server's address.
    ///   - underlying: The error that caused this one.
    public init(_ code: Code, message: String, server: String? = nil, underlying: (any Error)? = nil) {
        self.box = Box(code: code, message: message, server: server, underlying: underlying)
    }

    /// The kind of failure.
    public var code: Code { self.box.code }

    /// What happened, in a sentence.
    public var message: String { self.box.message }

    /// The address of the server that was asked, where one was.
    public var server: String? { self.box.server }

    /// The error beneath, such as the operating system's.
    public var underlying: (any Error)? { self.box.underlying }

    /// Whether the same request may succeed when it is sent again, without harm: it was certainly not executed, and what
    /// stood in its way can pass.
    public var canRetry: Bool {
        switch self.code {
        case .connectionFailed, .notSent, .overloaded: true
        default: false
        }
    }

    /// A few words of bounded variety, fit for the label of a metric.
    public var shortDescription: String { self.code.description }

    /// This error with what is known of its origin, where it did not say so itself.
    func with(server: String) -> MemcachedError {
        if self.server != nil { return self }
        return MemcachedError(self.code, message: self.message, server: server, underlying: self.underlying)
    }
}

extension MemcachedError: CustomStringConvertible {
    /// A text for people.
    public var description: String {
        var text = "\(self.code): \(self.message)"
        if let server = self.server { text += " (\(server))" }
        if let underlying = self.underlying { text += " [\(underlying)]" }
        return text
    }
}

extension MemcachedError {
    /// The kind of a failure.
    ///
    /// More kinds may come, so code that tells them apart needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String, Sendable, Hashable {
            case connectionFailed
            case connectionClosed
            case timedOut
            case fateUnknown
            case notSent
            case overloaded
            case protocolViolation
            case replyTooLarge
            case server
            case valueTooLarge
            case outOfMemory
            case invalidConfiguration
            case invalidKey
            case unexpectedReply
            case shutdown
            case crawlerUnavailable
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// No connection could be made.
        ///
        /// The request was not executed.
        public static let connectionFailed = Code(.connectionFailed)
        /// The connection ended and nothing was sent on it.
        public static let connectionClosed = Code(.connectionClosed)
        /// The deadline passed.
        ///
        /// The request may have been executed, or may still be.
        public static let timedOut = Code(.timedOut)
        /// The request was written, and the connection ended before its reply came: it may have been executed.
        public static let fateUnknown = Code(.fateUnknown)
        /// The request was never written.
        public static let notSent = Code(.notSent)
        /// Too many requests or bytes wait for replies already.
        public static let overloaded = Code(.overloaded)
        /// The server sent what no memcached sends.
        ///
        /// The connection was closed.
        public static let protocolViolation = Code(.protocolViolation)
        /// A reply was larger than accepted.
        ///
        /// The connection was closed.
        public static let replyTooLarge = Code(.replyTooLarge)
        /// The server answered with an error; the message is its own.
        public static let server = Code(.server)
        /// The item is larger than the server takes (`-I`).
        public static let valueTooLarge = Code(.valueTooLarge)
        /// The server has no memory for the item.
        public static let outOfMemory = Code(.outOfMemory)
        /// A field of the configuration is out of its range; the message names it.
        public static let invalidConfiguration = Code(.invalidConfiguration)
        /// The key is empty, longer than 250 bytes, or has a byte that memcached refuses: a space or a control character.
        public static let invalidKey = Code(.invalidKey)
        /// The server answered something that does not belong to the request.
        public static let unexpectedReply = Code(.unexpectedReply)
        /// The client was shut down.
        public static let shutdown = Code(.shutdown)
        /// The server does not let anybody list its keys (`lru_crawler`).
        public static let crawlerUnavailable = Code(.crawlerUnavailable)

        /// The code's name: one of a small set, fit for a metric's label.
        public var description: String { self.kind.rawValue }
    }
}
