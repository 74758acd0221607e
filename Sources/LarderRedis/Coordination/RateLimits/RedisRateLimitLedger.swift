import Larder
import LarderRedisClient

/// The counts of one limiter in Redis.
struct RedisRateLimitLedger: RateLimitLedger {
    private let scripts: RateLimitScripts
    private let lines: ChargeLines

    init(
        _ namespace: CacheNamespace,
        _ limits: RateLimitSet,
        client: any RedisCommandSender,
        time: (@Sendable () -> Int64)?
    ) {
        let scripts = RateLimitScripts(namespace, limits, client: client, time: time)
        self.scripts = scripts
        self.lines = ChargeLines { try await scripts.charge($0) }
    }

    func charge(_ subject: String, cost: Int) async throws -> RateLimitDecision {
        let charge = Charge(subject: subject, cost: RateLimitTerms.cost(cost))
        return try await self.decision(subject) {
            try await self.lines.run(charge, at: self.scripts.place(of: subject))
        }
    }

    func peek(_ subject: String, cost: Int) async throws -> RateLimitDecision {
        let charge = Charge(subject: subject, cost: RateLimitTerms.cost(cost))
        return try await self.decision(subject) { try await self.scripts.peek(charge) }
    }

    func reset(_ subject: String) async throws {
        try await self.translatingErrors(subject) { try await self.scripts.reset(subject) }
    }

    private func decision(
        _ subject: String,
        _ body: () async throws -> RateLimitDecision?
    ) async throws -> RateLimitDecision {
        if let decision = try await self.translatingErrors(subject, body) { return decision }
        let message = "Redis answered the script of a rate limit with something that it never should"
        throw CacheError(.unavailable, message, key: subject)
    }

    private func translatingErrors<Result>(
        _ subject: String,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as RedisError {
            throw CacheError(.unavailable, "Redis could not be used", key: subject, underlying: error)
        }
    }
}
