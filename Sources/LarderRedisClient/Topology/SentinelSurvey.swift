/// Finds the primary by asking sentinels, as their documentation wants it of clients.
///
/// https://redis.io/docs/latest/develop/reference/sentinel-clients/
///
/// Sentinels are asked one after the other, the one that was of use last first; one that is silent for a moment does not
/// keep the next from being asked. The address that a sentinel names counts once the server there has said that it is a
/// primary; if it is not, or cannot be reached, the other sentinels are asked, which may know more. An answer from before
/// an election that another sentinel has told of counts for nothing while a better one can be had.
///
/// Every round ends: as long as there is no outcome, somebody is being asked (`settle`).
struct SentinelSurvey: ServerSurvey {
    private let primaryName: String
    private let configured: [Address]
    /// All that are known, in the order in which they are asked.
    private(set) var sentinels: [Address]
    /// The number of the last election that a sentinel has told of.
    private var latestEpoch = 0

    private var known: Address?
    private var hint: Address?
    private var pending: Set<ServerQuestion> = []
    private var asked: Set<Address> = []
    private var failures: [Address: RedisError] = [:]
    private var strangers: Set<Address> = []
    /// What sentinels said that do not know of the last election.
    private var outdated: [(sentinel: Address, answer: SentinelAnswer)] = []
    /// The best answer so far, and who gave it.
    private var best: (sentinel: Address, answer: SentinelAnswer)?
    /// Servers that have said that they are primaries; what that is worth, `believed` says.
    private var verified: [Address: ServerIdentity?] = [:]
    /// Addresses that were named, and why they are not the primary's.
    private var refuted: [Address: RedisError] = [:]
    private var isAskingLastKnown = false
    private var rotation = 0

    /// - Parameters:
    ///   - addresses: The sentinels, at least one.
    ///   - primaryName: What they call the set.
    init(_ addresses: [Address], primaryName: String) {
        self.configured = addresses
        self.sentinels = addresses
        self.primaryName = primaryName
    }

    mutating func begin(known: Address?, hint: Address?) -> SurveyStep {
        self.known = known
        self.hint = hint
        self.pending = []
        self.asked = []
        self.failures = [:]
        self.strangers = []
        self.outdated = []
        self.best = nil
        self.verified = [:]
        self.refuted = [:]
        self.isAskingLastKnown = false
        var step = SurveyStep()
        if let hint { self.ask(.role(hint), &step) }
        self.askNextSentinel(&step)
        return step
    }

    mutating func prefer(_ sentinel: Address) {
        guard let index = self.sentinels.firstIndex(of: sentinel) else { return }
        self.sentinels.insert(self.sentinels.remove(at: index), at: 0)
    }

    private mutating func ask(_ question: ServerQuestion, _ step: inout SurveyStep) {
        guard self.pending.insert(question).inserted else { return }
        step.ask.append(question)
    }

    /// - Returns: Whether there was one that had not been asked.
    @discardableResult
    private mutating func askNextSentinel(_ step: inout SurveyStep) -> Bool {
        // Sentinels that each name another one would keep a round from ever ending.
        guard self.asked.count < self.configured.count + SentinelAnswer.mostServers else { return false }
        guard let next = self.sentinels.first(where: { !self.asked.contains($0) }) else { return false }
        self.asked.insert(next)
        self.ask(.sentinel(next), &step)
        return true
    }

    mutating func received(_ answer: Result<ServerAnswer, RedisError>, to question: ServerQuestion) -> SurveyStep {
        guard self.pending.remove(question) != nil else { return SurveyStep() }
        var step = SurveyStep()
        switch (question, answer) {
        case (.sentinel(let sentinel), .success(.sentinel(let answer))):
            self.failures[sentinel] = nil
            self.take(answer, from: sentinel, &step)
        case (.role(let address), .success(.role(let role, let identity))):
            switch role {
            case .primary, nil:
                // A server that does not say what it is may be what the sentinels take it for.
                self.verified.updateValue(identity, forKey: address)
                self.refuted[address] = nil
            case .replica, .sentinel:
                let what = role?.word ?? ""
                self.refute(address, RedisError(.connectionFailed, message: "the server there is a \(what)"), &step)
            }
        case (.sentinel(let sentinel), .failure(let error)):
            self.failures[sentinel] = error.with(server: sentinel.description)
            self.goOn(&step)
        case (.role(let address), .failure(let error)):
            self.refute(address, error.with(server: address.description), &step)
        case (.sentinel, .success), (.role, .success):
            self.goOn(&step)
        }
        self.settle(&step)
        return step
    }

    /// Ends the round where it can be ended, and asks somebody where nobody is being asked.
    private mutating func settle(_ step: inout SurveyStep) {
        self.conclude(&step)
        guard step.outcome == nil, self.pending.isEmpty else { return }
        self.goOn(&step)
        self.conclude(&step)
    }

    private mutating func conclude(_ step: inout SurveyStep) {
        if let believed = self.believed { step.outcome = self.conclusion(believed) }
    }

    /// The server that is the primary, as far as this round knows.
    private var believed: Address? {
        // Who was announced counts, whatever a sentinel says that did not hear of it yet; it may know the replicas.
        if let hint, self.verified[hint] != nil, self.best != nil || self.noSentinelIsPending { return hint }
        if let named = self.best?.answer.primary, self.verified[named] != nil { return named }
        if self.isAskingLastKnown, let known, self.verified[known] != nil { return known }
        return nil
    }

    private var noSentinelIsPending: Bool {
        !self.pending.contains { if case .sentinel = $0 { true } else { false } }
    }

    private mutating func take(_ answer: SentinelAnswer, from sentinel: Address, _ step: inout SurveyStep) {
        guard let primary = answer.primary else {
            self.strangers.insert(sentinel)
            return self.goOn(&step)
        }
        self.strangers.remove(sentinel)
        self.learn(answer.sentinels, from: sentinel)
        guard answer.epoch >= self.latestEpoch else {
            self.outdated.append((sentinel, answer))
            return self.goOn(&step)
        }
        self.latestEpoch = answer.epoch
        self.best = (sentinel, answer)
        if self.refuted[primary] != nil {
            self.goOn(&step)
        } else if self.verified[primary] == nil {
            self.ask(.role(primary), &step)
        }
    }

    private mutating func refute(_ address: Address, _ error: RedisError, _ step: inout SurveyStep) {
        self.refuted[address] = error
        self.verified[address] = nil
        if let best = self.best, best.answer.primary == address, self.sentinels.first == best.sentinel {
            // Others may know more.
            self.sentinels.append(self.sentinels.removeFirst())
        }
        self.goOn(&step)
    }

    /// Asks whoever is left, and ends the round where nobody is.
    private mutating func goOn(_ step: inout SurveyStep) {
        if self.askNextSentinel(&step) || !self.pending.isEmpty { return }
        if self.best == nil, let answer = self.outdated.max(by: { $0.answer.epoch < $1.answer.epoch }) {
            // All have forgotten the election, so they were all set up anew.
            self.outdated = []
            self.latestEpoch = answer.answer.epoch
            return self.take(answer.answer, from: answer.sentinel, &step)
        }
        if let named = self.best?.answer.primary, self.refuted[named] == nil, self.verified[named] == nil {
            // It was asked before the sentinels were asked again.
            return self.ask(.role(named), &step)
        }
        if self.best == nil, self.strangers.isEmpty, let known, !self.isAskingLastKnown {
            // No sentinel is there. The primary that was known last goes on being so, until one says otherwise.
            self.isAskingLastKnown = true
            return self.ask(.role(known), &step)
        }
        step.outcome = self.failure
    }

    mutating func waited() -> SurveyStep {
        var step = SurveyStep()
        if let hint, self.verified[hint] != nil {
            // It was announced and says so itself; the sentinels are silent.
            step.outcome = self.conclusion(hint)
        } else if !self.askNextSentinel(&step), !self.sentinels.isEmpty {
            // Somebody is silent, perhaps a primary that died. The sentinels may have elected another meanwhile.
            self.refuted = [:]
            self.rotation += 1
            self.ask(.sentinel(self.sentinels[self.rotation % self.sentinels.count]), &step)
        }
        return step
    }

    // MARK: Conclusions

    private mutating func conclusion(_ primary: Address) -> SurveyStep.Outcome {
        if let best = self.best, best.answer.primary == primary { self.prefer(best.sentinel) }
        let replicas = self.best?.answer.replicas ?? []
        return .found(
            ServerSet(
                primary: primary,
                identity: self.verified[primary] ?? nil,
                replicas: replicas.filter { $0 != primary }
            )
        )
    }

    private var failure: SurveyStep.Outcome {
        let primary = "the primary \"\(self.primaryName)\""
        if let address = self.best?.answer.primary, let reason = self.refuted[address] {
            let message = "\(primary) is at \(address), as the sentinels say, but cannot be used there"
            return .failed(
                RedisError(
                    reason.isAboutLogin ? reason.code : .connectionFailed,
                    message: message,
                    underlying: reason
                ),
                isFinal: reason.isAboutLogin
            )
        }
        let asked = self.sentinels.filter { self.asked.contains($0) }
        let errors = asked.compactMap { self.failures[$0] }
        if errors.isEmpty, !self.strangers.isEmpty {
            let message = "the sentinels \(asked.list) know no primary \"\(self.primaryName)\""
            return .failed(RedisError(.invalidConfiguration, message: message), isFinal: true)
        }
        if !self.strangers.isEmpty {
            let strangers = asked.filter { self.strangers.contains($0) }
            let message = "the sentinels \(strangers.list) do not know \(primary), others could not be asked"
            return .failed(.summary(of: errors, message), isFinal: true)
        }
        let message = "none of the sentinels \(asked.list) could be asked for \(primary)"
        return .failed(.summary(of: errors, message), isFinal: true)
    }

    // MARK: Sentinels

    /// Puts a sentinel that answered in front, and forgets those of which it knows nothing.
    private mutating func learn(_ others: [Address], from sentinel: Address) {
        let wanted = self.configured + others.prefix(SentinelAnswer.mostServers)
        self.sentinels.removeAll { $0 != sentinel && !wanted.contains($0) }
        for other in wanted where !self.sentinels.contains(other) { self.sentinels.append(other) }
        self.prefer(sentinel)
    }
}

extension RedisRole {
    /// A word for it.
    fileprivate var word: String {
        switch self {
        case .primary: "primary"
        case .replica: "replica"
        case .sentinel: "sentinel"
        }
    }
}
