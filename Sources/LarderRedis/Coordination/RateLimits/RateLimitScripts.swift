import Larder
import LarderRedisClient
import Synchronization

/// What a limiter sends, and what the replies mean.
final class RateLimitScripts: Sendable {
    private let client: any RedisCommandSender
    private let placement: (any RedisPlacement)?
    private let time: (@Sendable () -> Int64)?
    private let limits: RateLimitSet
    private let arguments: RateLimitArguments
    private let answerLength: Int
    /// What all keys begin with.
    private let prefix: String
    private let charging: RedisScript
    private let peeking: RedisScript
    /// Whether a server has refused keys of several slots: a proxy before a cluster does, of which the client does not know.
    private let isSplit = Atomic(false)

    init(
        _ namespace: CacheNamespace,
        _ limits: RateLimitSet,
        client: any RedisCommandSender,
        time: (@Sendable () -> Int64)?
    ) {
        self.client = client
        let placement = client as? any RedisPlacement
        self.placement = placement?.spreadsKeys == true ? placement : nil
        self.time = time
        self.limits = limits
        self.arguments = RateLimitArguments(limits.terms)
        self.answerLength = RateLimitScript.answerLength(limits.terms)
        self.prefix = "\(namespace.coordinationName):limit:\(limits.name):"
        let source = time == nil ? RateLimitScript.Time.server : .argument
        self.charging = RateLimitScript(limits.terms, .charge, time: source).script
        self.peeking = RateLimitScript(limits.terms, .peek, time: source).script
    }

    /// With whose calls a subject's may leave.
    func place(of subject: String) -> ChargeLines.Place {
        if self.isSplit.load(ordering: .relaxed) { return .subject(SubjectName(subject)) }
        guard let placement = self.placement else { return .everywhere }
        return switch placement.scriptReach(ofKey: self.prefix + subject) {
        case .everything: .everywhere
        case .server(let number): .server(number)
        case .key: .subject(SubjectName(subject))
        }
    }

    /// Decides about calls, of which those for one subject are charged one after the other.
    ///
    /// - Parameter charges: The calls, at least one, whose subjects a script can reach together.
    /// - Returns: A decision for each; `nil` where the answer was none.
    /// - Throws: `RedisError`; `CancellationError`.
    func charge(_ charges: [Charge]) async throws -> [RateLimitDecision?] {
        do {
            return try await self.run(self.charging, charges, charges: true)
        } catch let error as RedisError where error.code == .server("CROSSSLOT") && charges.count > 1 {
            self.isSplit.store(true, ordering: .relaxed)
            return try await self.chargeSplit(charges)
        }
    }

    /// Decides about calls subject by subject: a server that refused the keys has executed nothing.
    private func chargeSplit(_ charges: [Charge]) async throws -> [RateLimitDecision?] {
        var calls: [SubjectName: [Int]] = [:]
        for (index, charge) in charges.enumerated() { calls[SubjectName(charge.subject), default: []].append(index) }
        return try await withThrowingTaskGroup(of: ([Int], [RateLimitDecision?]).self) { group in
            for calls in calls.values {
                let part = calls.map { charges[$0] }
                group.addTask { (calls, try await self.run(self.charging, part, charges: true)) }
            }
            var decisions: [RateLimitDecision?] = Array(repeating: nil, count: charges.count)
            for try await (calls, found) in group {
                for (call, decision) in zip(calls, found) { decisions[call] = decision }
            }
            return decisions
        }
    }

    /// What a charge would be answered.
    ///
    /// - Parameter charge: The call.
    /// - Returns: The decision; `nil` where the answer was none.
    /// - Throws: As charging does.
    func peek(_ charge: Charge) async throws -> RateLimitDecision? {
        try await self.run(self.peeking, [charge], charges: false)[0]
    }

    /// Forgets a subject.
    ///
    /// - Parameter subject: The subject.
    /// - Throws: As charging does.
    func reset(_ subject: String) async throws {
        _ = try await self.client.send(RedisCommand("DEL", self.prefix + subject))
    }

    private func run(_ script: RedisScript, _ calls: [Charge], charges: Bool) async throws -> [RateLimitDecision?] {
        var batch = ChargeBatch(calls, self.arguments)
        if let time = self.time { batch.set(time: time()) }
        let reply = try await script.run(
            keys: batch.subjects.map { self.prefix + $0 },
            arguments: batch.arguments,
            on: self.client,
            as: RESPValue.self
        )
        guard case .array(let numbers) = reply, numbers.count == calls.count * self.answerLength else {
            return calls.map { _ in nil }
        }
        return calls.indices.map { index in
            self.decision(numbers, at: batch.places[index] * self.answerLength, calls[index].cost, charges)
        }
    }

    /// What the numbers from a place on mean; `nil` if they are none that a limit can have.
    private func decision(
        _ numbers: [RESPValue],
        at start: Int,
        _ cost: Int64,
        _ charges: Bool
    ) -> RateLimitDecision? {
        // Below zero, the call was refused; `~` is -1 less the number, too.
        guard case .integer(let verdict) = numbers[start] else { return nil }
        let isCharged = charges && verdict >= 0
        var place = start
        func status(_ index: Int) -> RateLimitStatus? {
            let terms = self.limits.terms[index]
            var level = RateLimitLevel(span: 0, amount: 0)
            for position in 0..<terms.levelLength {
                guard case .integer(let number) = numbers[place + position] else { return nil }
                switch position {
                case 0: level.span = place == start && number < 0 ? ~number : number
                case 1: level.amount = number
                default: level.wait = number
                }
            }
            place += terms.levelLength
            guard terms.isPossible(level) else { return nil }
            return terms.status(of: self.limits.limits[index], at: level, cost: cost, isCharged: isCharged)
        }
        if self.limits.terms.count == 1 { return status(0).map { RateLimitDecision($0) } }
        var statuses: [RateLimitStatus] = []
        for index in self.limits.terms.indices {
            guard let status = status(index) else { return nil }
            statuses.append(status)
        }
        return RateLimitDecision(statuses)
    }
}
