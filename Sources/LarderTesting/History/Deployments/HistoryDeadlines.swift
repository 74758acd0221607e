import Larder

/// By when the calls of a history have to end.
///
/// A cache promises that every call ends, and of what it takes at most: the time limits of its commands, one after
/// the other, and for fetches three times the hard timeout of fills on top, which is when they have waited for another
/// process and then filled by themselves.
public struct HistoryDeadlines: Sendable {
    /// How much later than that a call may end on a machine that is not late itself.
    public static let slack = Duration.milliseconds(75)

    private let commandTimeout: Duration
    private let hardTimeout: Duration

    /// Describes deadlines.
    ///
    /// - Parameters:
    ///   - commandTimeout: How long a command to Redis may take.
    ///   - hardTimeout: How long a fill may take.
    public init(commandTimeout: Duration, hardTimeout: Duration) {
        self.commandTimeout = commandTimeout
        self.hardTimeout = hardTimeout
    }

    /// How long a call may take.
    ///
    /// Commands are counted as the protocol does that keeps generations apart from entries, and twice, as a server that is
    /// new does not know the scripts.
    ///
    /// - Parameter operation: What is called.
    /// - Returns: The time.
    public func limit(of operation: HistoryCall.Operation) -> Duration {
        switch operation {
        case .invalidate, .expire, .clear: self.commandTimeout * 2
        case .get: self.commandTimeout * 4
        case .set, .add, .increment, .remove: self.commandTimeout * 8
        // Two walks over all servers.
        case .removeMatching: self.commandTimeout * 24
        case .fetch, .fetchMany: self.hardTimeout * 3 + self.commandTimeout * 12
        }
    }

    /// The calls that took longer than they may.
    ///
    /// - Parameter history: What happened.
    /// - Returns: The calls.
    public func lateCalls(in history: History) -> [HistoryCall] {
        history.calls.filter { call in
            guard let end = call.end else { return true }
            let deadline = call.begin + self.limit(of: call.operation).wholeNanoseconds
            return end > deadline && Self.isLate(history, deadline: deadline, end: end)
        }
    }

    /// Whether what ended after its deadline did so for another reason than that the machine let nobody go on meanwhile.
    static func isLate(_ history: History, deadline: Int64, end: Int64) -> Bool {
        let stalled = history.stalls.reduce(0) { $0 + max(0, min($1.end, end) - max($1.begin, deadline)) }
        return end - deadline > Self.slack.wholeNanoseconds + stalled
    }
}
