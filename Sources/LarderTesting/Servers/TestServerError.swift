/// What went wrong with a server or a program that a test wanted to use.
public struct TestServerError: Error, CustomStringConvertible, Sendable {
    /// The kinds of failure.
    public struct Code: Hashable, Sendable {
        private enum Kind: Hashable {
            case programMissing
            case startFailed
            case programFailed
            case notRunning
            case noAnswer
            case refused
            case notReady
        }

        private let kind: Kind

        /// The program is not installed.
        public static let programMissing = Code(kind: .programMissing)
        /// The server ended, or did not answer in time, while it was started.
        public static let startFailed = Code(kind: .startFailed)
        /// A program ended with an error.
        public static let programFailed = Code(kind: .programFailed)
        /// The server was stopped or killed.
        public static let notRunning = Code(kind: .notRunning)
        /// The server did not answer in time.
        public static let noAnswer = Code(kind: .noAnswer)
        /// The server answered a command that steers a deployment with an error.
        public static let refused = Code(kind: .refused)
        /// A deployment did not get where it should in time.
        public static let notReady = Code(kind: .notReady)
    }

    /// The kind of failure.
    public var code: Code

    /// What failed, and what can be done about it.
    public var message: String

    /// The message.
    public var description: String { self.message }

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    static func missing(_ program: String, package: String) -> Self {
        .init(
            .programMissing,
            "The program \"\(program)\" was not found. Install it: apt-get install \(package)"
        )
    }
}
