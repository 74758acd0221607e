/// Where the attempts of one command (or of one transaction) lead, one after another.
///
/// A plain value: it is told what became of an attempt and says what to do next.
struct ClusterRoute: Sendable, Equatable {
    /// What the command is meant for.
    enum Target: Sendable, Equatable {
        /// The owner of a slot.
        case slot(Int)
        /// Any primary.
        case anyPrimary
        /// This member, as long as it is a primary.
        case primary(UInt16)
        /// This member, whatever it is.
        case replica(UInt16)
    }

    /// Where the next attempt goes.
    enum Destination: Sendable, Equatable {
        /// Whoever the target leads to now.
        case target
        /// The member that another has named.
        case member(UInt16)
        /// The same, for this once.
        case asking(UInt16)
    }

    /// What to do next.
    enum Step: Sendable {
        /// Send again after so many nanoseconds, and look at the map of slots anew where asked to.
        case again(after: Int64, refreshes: Bool)
        case end(RedisError)
    }

    let target: Target
    /// Whose answers will do, while replicas have given no reason to ask the primary.
    private(set) var preference: RedisConfiguration.ReadPreference
    private(set) var destination = Destination.target
    private(set) var redirections = 0
    private(set) var attempts = 0

    init(_ target: Target, preference: RedisConfiguration.ReadPreference = .primary) {
        self.target = target
        self.preference = preference
    }

    /// A server has sent the command on.
    ///
    /// - Parameters:
    ///   - kind: How.
    ///   - member: To whom; nil if the server named nobody whom the client could ask.
    ///   - error: The server's answer.
    /// - Returns: What to do.
    mutating func redirected(_ kind: Redirection.Kind, to member: UInt16?, _ error: RedisError) -> Step {
        self.redirections += 1
        self.preference = .primary
        switch (member, kind) {
        case (nil, _): self.destination = .target
        case (let member?, .moved): self.destination = .member(member)
        case (let member?, .ask): self.destination = .asking(member)
        }
        guard let pause = RetryPolicy.pause(beforeRedirection: self.redirections) else {
            let code = error.code.serverPrefix ?? "MOVED"
            return .end(
                RedisError(
                    .server(code),
                    message:
                        "the cluster's servers sent the command to each other \(self.redirections) times in a loop",
                    server: error.server,
                    command: error.command,
                    underlying: error
                )
            )
        }
        return .again(after: member == nil ? max(pause, RetryPolicy.shortestPause) : pause, refreshes: true)
    }

    /// An attempt has failed.
    ///
    /// - Parameters:
    ///   - error: What failed.
    ///   - wasReplica: Whether a replica was asked: then the primary is asked at once.
    ///   - retries: What may be sent again.
    ///   - isRepeatable: Whether the command only reads.
    /// - Returns: What to do.
    mutating func failed(
        _ error: RedisError,
        atReplica wasReplica: Bool = false,
        _ retries: RetryPolicy,
        isRepeatable: @autoclosure () -> Bool
    ) -> Step {
        self.attempts += 1
        self.destination = .target
        // Who sends a command back and forth while its keys are on their way (`ASK`, then `TRYAGAIN`) is in no loop.
        self.redirections = 0
        if wasReplica, retries.readsElsewhere(after: error), isRepeatable() {
            self.preference = .primary
            return .again(after: 0, refreshes: error.code.serverPrefix == nil)
        }
        let decision = retries.decide(error, attempts: self.attempts, isRepeatable: isRepeatable())
        guard case .again(let pause, let rediscovers) = decision else { return .end(error) }
        if wasReplica {
            self.preference = .primary
            return .again(after: 0, refreshes: rediscovers)
        }
        // A lost connection may be the first that is heard of a failover.
        return .again(after: pause, refreshes: rediscovers || error.code.serverPrefix == nil)
    }
}
