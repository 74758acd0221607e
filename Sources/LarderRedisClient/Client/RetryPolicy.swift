/// What may be sent again after which failure: decided here and nowhere else.
///
/// | failure | was it executed? | one server | several |
/// |---|---|---|---|
/// | no connection (`connectionFailed`) | no | fails | looks for the servers, again |
/// | not written (`notSent`) | no | again | again |
/// | connection lost after writing (`fateUnknown`) | perhaps | again, twice at most, if it only reads | the same |
/// | no reply in time (`timedOut`) | perhaps | fails | fails |
/// | `READONLY`, `MASTERDOWN` | no | fails | looks for the servers, again |
/// | `LOADING` | no | fails | pause, looks for the servers, again |
/// | `CLUSTERDOWN`, `TRYAGAIN` | no | fails | pause, again |
/// | `MOVED`, `ASK` | no | fails | goes where the server says, 16 times at most, the first two at once |
/// | `BUSY`, `OOM`, `NOREPLICAS`, `NOPERM` and all other errors of the server | no | fails | fails |
/// | too much under way (`overloaded`) | no | fails | fails |
/// | reply too large or not RESP | yes | fails | fails |
///
/// What only reads and was sent to a replica goes to the next server at once where the replica has no answer for reasons of
/// its own: no connection, `MASTERDOWN`, `LOADING`, too much under way, silence for half of the time that is left. After the
/// replicas the primary is asked, and the table holds.
///
/// "Again" ends with the call's deadline; what failed last is thrown then. `NOSCRIPT` is answered with the whole script,
/// once, by whoever sent the hash.
struct RetryPolicy: Sendable {
    /// Whether there are several servers, so that another may answer where one does not.
    let hasSeveralServers: Bool

    /// What to do after a failure.
    enum Decision: Sendable, Equatable {
        case fail
        /// Send again after so many nanoseconds, and find the servers anew where asked to.
        case again(after: Int64, rediscovers: Bool)
    }

    /// A command that ends three connections will end the fourth.
    private static let mostRepetitions = 2
    /// A loop of servers that send a command to each other is no less a loop the seventeenth time.
    private static let mostRedirections = 16
    static let shortestPause: Int64 = 2_000_000
    private static let longestPause: Int64 = 50_000_000

    /// Decides about the call's next attempt.
    ///
    /// - Parameters:
    ///   - error: What failed.
    ///   - attempts: How many attempts have failed, this one included.
    ///   - isRepeatable: Whether the command only reads.
    /// - Returns: What to do.
    func decide(_ error: RedisError, attempts: Int, isRepeatable: @autoclosure () -> Bool) -> Decision {
        switch error.code {
        case .notSent:
            return .again(after: 0, rediscovers: false)
        case .fateUnknown:
            let cause = (error.underlying as? RedisError)?.code
            // A reply that ended the connection would do so again, and take the commands of others with it.
            guard cause != .replyTooLarge, cause != .protocolViolation, attempts <= Self.mostRepetitions,
                isRepeatable()
            else { return .fail }
            return .again(after: 0, rediscovers: false)
        case .connectionFailed where self.hasSeveralServers:
            return .again(after: Self.pause(attempts), rediscovers: true)
        default:
            break
        }
        guard self.hasSeveralServers, let prefix = error.code.serverPrefix else { return .fail }
        switch prefix {
        case "READONLY", "MASTERDOWN", "LOADING":
            return .again(after: Self.pause(attempts), rediscovers: true)
        case "CLUSTERDOWN", "TRYAGAIN":
            return .again(after: Self.pause(attempts), rediscovers: prefix == "CLUSTERDOWN")
        default:
            return .fail
        }
    }

    /// Whether a server has said that it is not the one to ask, or not any more: then it is time to look who is.
    static func tellsOfChange(_ error: RedisError) -> Bool {
        ["READONLY", "MASTERDOWN", "MOVED"].contains(error.code.serverPrefix)
    }

    /// How long to wait before a command goes where a server has sent it.
    ///
    /// At once the first two times. While a slot changes hands, two servers may send it to each other for a moment, which
    /// sixteen steps in a row would not outlive.
    ///
    /// - Parameter count: How often this command has been sent on, this time included.
    /// - Returns: The pause in nanoseconds; nil if it is not to go there any more.
    static func pause(beforeRedirection count: Int) -> Int64? {
        guard count <= Self.mostRedirections else { return nil }
        return count <= 2 ? 0 : Self.pause(count - 2)
    }

    /// Whether what only reads is sent to another server after one has failed.
    ///
    /// - Parameter error: What failed at a replica, or at a primary that was chosen for being near.
    /// - Returns: True where another server may well answer.
    func readsElsewhere(after error: RedisError) -> Bool {
        let cause = (error.underlying as? RedisError)?.code
        switch error.code {
        case .fateUnknown: return cause != .replyTooLarge && cause != .protocolViolation
        case .connectionFailed, .connectionClosed, .notSent, .overloaded, .timedOut, .authenticationFailed, .tlsFailed:
            return true
        // The replica was taken out of use; a client that is shut down says so again.
        case .shutdown: return true
        default: return ["MASTERDOWN", "LOADING", "BUSY"].contains(error.code.serverPrefix)
        }
    }

    /// Twice as long each time, shortened by chance, so that callers do not come back all at once.
    private static func pause(_ attempts: Int) -> Int64 {
        let pause = min(Self.shortestPause << Int64(min(attempts - 1, 10)), Self.longestPause)
        return Int64.random(in: pause / 2...pause)
    }
}

extension RetryPolicy {
    /// Waits before the next attempt, if there is to be one.
    ///
    /// - Parameters:
    ///   - error: What failed.
    ///   - attempts: How many attempts have failed, this one included.
    ///   - isRepeatable: Whether the command only reads.
    ///   - deadline: When the call has to end.
    ///   - rediscover: Finds the servers anew.
    /// - Throws: `error`, if there is to be none, or it would come too late; `CancellationError`.
    func pause(
        after error: RedisError,
        attempts: Int,
        isRepeatable: @autoclosure () -> Bool,
        deadline: MonotonicTime,
        rediscover: (RedisError) -> Void
    ) async throws {
        guard
            case .again(let pause, let rediscovers) = self.decide(
                error,
                attempts: attempts,
                isRepeatable: isRepeatable()
            )
        else { throw error }
        if rediscovers { rediscover(error) }
        let now = MonotonicTime.now
        guard now.advanced(by: pause) < deadline else { throw error }
        if pause > 0 { try await Task.sleep(nanoseconds: UInt64(pause)) }
    }
}
