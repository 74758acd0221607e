/// What went wrong in a cache: a code to match, a sentence to read, and the error beneath it.
///
/// No error carries a cached value. Keys and namespaces do appear, because without them nobody finds the fault.
public struct CacheError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure.
    ///
    /// More kinds can come in later versions, so a `switch` over it needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case appendFailed
            case cacheNotFound
            case decodingFailed
            case encodingFailed
            case fileFailed
            case fileNotFound
            case fillReentered
            case fillTimedOut
            case integerOverflow
            case invalidArgument
            case invalidConfiguration
            case invalidKey
            case invalidNamespace
            case invalidPolicy
            case invalidTag
            case keyNotFound
            case notAnInteger
            case notASnapshot
            case shutDown
            case unavailable
            case valueTooLarge
            case warmingStopped
            case lockLost
            case lockNotAcquired
            case lockReentered
            case staleToken
            case keysApart
            case queueFull
            case wrongType
            case notANumber
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// The entry cannot be appended to: it holds neither text nor bytes, or not the kind that was to be appended.
        public static let appendFailed = Code(.appendFailed)
        /// There is no cache of that name; the message lists the names that there are.
        public static let cacheNotFound = Code(.cacheNotFound)
        /// A value handed to the store could not be read back as the type that was asked for.
        public static let decodingFailed = Code(.decodingFailed)
        /// The value could not be turned into bytes.
        ///
        /// Nothing was written.
        public static let encodingFailed = Code(.encodingFailed)
        /// A file could not be read or written; the message says which one and why.
        public static let fileFailed = Code(.fileFailed)
        /// There is no such file.
        public static let fileNotFound = Code(.fileNotFound)
        /// A fill asked for its own key, which would have waited for itself for ever.
        public static let fillReentered = Code(.fillReentered)
        /// The fill did not finish within its deadline.
        public static let fillTimedOut = Code(.fillTimedOut)
        /// The result does not fit into the integer's type.
        ///
        /// The entry is as it was.
        public static let integerOverflow = Code(.integerOverflow)
        /// An argument is outside what the call accepts; the message says what that is.
        public static let invalidArgument = Code(.invalidArgument)
        /// An option of a store is outside what is accepted; the message names it and says what is.
        public static let invalidConfiguration = Code(.invalidConfiguration)
        /// The key is empty or carries control characters.
        public static let invalidKey = Code(.invalidKey)
        /// The namespace's name is outside what is accepted.
        public static let invalidNamespace = Code(.invalidNamespace)
        /// A policy contradicts itself; the message says where.
        public static let invalidPolicy = Code(.invalidPolicy)
        /// A tag is empty, too long or carries control characters, or an entry has too many.
        public static let invalidTag = Code(.invalidTag)
        /// The call needs an entry that is there, and there is none.
        public static let keyNotFound = Code(.keyNotFound)
        /// The entry holds something else than an integer.
        public static let notAnInteger = Code(.notAnInteger)
        /// The file is not the snapshot of a memory cache, or one of a format that this version does not know.
        public static let notASnapshot = Code(.notASnapshot)
        /// The cache was shut down.
        public static let shutDown = Code(.shutDown)
        /// The store could not be reached, or did not answer in time.
        public static let unavailable = Code(.unavailable)
        /// The entry is heavier than the store takes.
        public static let valueTooLarge = Code(.valueTooLarge)
        /// So many fills of a ``Warmer`` failed that its pass was stopped.
        public static let warmingStopped = Code(.warmingStopped)
        /// The lease of a lock or permit ended, or could not be confirmed in time, before the section under it had ended: it
        /// may not have been alone.
        public static let lockLost = Code(.lockLost)
        /// The lock, or a permit, was not free within the time that the caller would wait.
        public static let lockNotAcquired = Code(.lockNotAcquired)
        /// A section asked for the lock that it holds, which would have waited for itself.
        public static let lockReentered = Code(.lockReentered)
        /// A write was refused because its fencing token is smaller than one that was seen before.
        ///
        /// The lock that it was granted with has passed to somebody else.
        public static let staleToken = Code(.staleToken)
        /// Several collections lie on different servers, and the call can only work on one.
        public static let keysApart = Code(.keysApart)
        /// The queue has as many elements as it takes.
        ///
        /// None of the new ones was added.
        public static let queueFull = Code(.queueFull)
        /// Something else than a collection of this kind has its name.
        public static let wrongType = Code(.wrongType)
        /// A score is NaN, or would become it.
        ///
        /// Nothing was written.
        public static let notANumber = Code(.notANumber)

        /// The code's name: one of a small set, fit for a metric's label.
        public var description: String { self.kind.rawValue }
    }

    /// The kind of failure.
    public let code: Code

    /// What happened, for people.
    public let message: String

    /// The key that was asked for, where there was one.
    public let key: String?

    /// The error that caused this one.
    public let underlying: (any Error)?

    /// Makes an error, for stores that are written outside Larder.
    ///
    /// - Parameters:
    ///   - code: The kind of failure.
    ///   - message: What happened, for people; never a value.
    ///   - key: The key that was asked for.
    ///   - underlying: The error that caused this one.
    public init(_ code: Code, _ message: String, key: String? = nil, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.key = key
        self.underlying = underlying
    }

    /// Whether the same call can succeed later without a change to the program.
    public var canRetry: Bool {
        self.code == .unavailable || self.code == .fillTimedOut || self.code == .lockNotAcquired
    }

    /// The code, the message, the key and the cause in one line.
    public var description: String {
        var text = "\(self.code): \(self.message)"
        if let key = self.key { text += " (key \(key.debugDescription))" }
        if let underlying = self.underlying { text += ": \(underlying)" }
        return text
    }
}
