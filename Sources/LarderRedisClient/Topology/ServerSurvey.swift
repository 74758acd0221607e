/// Who the servers of a set are.
struct ServerSet: Hashable, Sendable {
    /// The one that takes writes, and has said so itself.
    var primary: RedisConfiguration.Address
    /// Which process it is; nil where it does not say.
    var identity: ServerIdentity?
    /// The others that can be read from.
    var replicas: [RedisConfiguration.Address] = []
    /// Servers that claim to be the primary, too.
    var rivals: [RedisConfiguration.Address] = []
}

/// One round of questions after another, by which the servers of a set are found.
///
/// A plain value: it says whom to ask and is told what came back. It keeps what it learns from round to round, such as
/// which sentinel answered.
protocol ServerSurvey: Sendable {
    typealias Address = RedisConfiguration.Address

    /// Begins a round; answers to the one before do not count any more.
    ///
    /// - Parameters:
    ///   - known: The primary as it was known last.
    ///   - hint: A primary of which was heard.
    /// - Returns: Whom to ask.
    mutating func begin(known: Address?, hint: Address?) -> SurveyStep

    /// An answer came, or there will be none.
    mutating func received(_ answer: Result<ServerAnswer, RedisError>, to question: ServerQuestion) -> SurveyStep

    /// The round is not over, and a little time has passed since it began or since this was called last.
    mutating func waited() -> SurveyStep

    /// Asks this one first from now on.
    mutating func prefer(_ sentinel: Address)

    /// The sentinels, if there are any, the preferred one first.
    var sentinels: [Address] { get }
}

/// What a survey wants next.
struct SurveyStep {
    enum Outcome {
        case found(ServerSet)
        /// - Parameter isFinal: Whether asking again within the time of a call is in vain.
        case failed(RedisError, isFinal: Bool)
    }

    var ask: [ServerQuestion] = []
    /// What came of the round, if it is over.
    var outcome: Outcome?
}

extension RedisError {
    /// Why nobody could be asked: what all of several attempts have in common, or the last one's reason.
    ///
    /// A refused password comes first: somebody was there, and trying again will not help.
    static func summary(of errors: [RedisError], _ message: String) -> RedisError {
        let telling =
            errors.first { $0.code == .authenticationFailed }
            ?? (errors.allSatisfy { $0.code == .tlsFailed } ? errors.first : nil)
        let code = telling?.code ?? .connectionFailed
        return RedisError(code, message: message, underlying: telling ?? errors.last)
    }

    /// Whether another attempt to connect would end the same way.
    var isAboutLogin: Bool { self.code == .authenticationFailed || self.code == .tlsFailed }
}

extension [RedisConfiguration.Address] {
    /// A text for errors.
    var list: String {
        let shown = self.prefix(8).map(\.description).joined(separator: ", ")
        return self.count > 8 ? shown + ", ..." : shown
    }
}
