import HTTPTypes
public import Hummingbird
import Larder

/// Holds requests to limits: so many a minute from an address, so many an hour by a user.
///
/// ```swift
/// let limiter = try RateLimiter(.redis(client), namespace: "shop", limits: [.perMinute(60), .perHour(1_000)])
/// router.add(middleware: RateLimitMiddleware(try RateLimitRule(limiter: limiter, key: .clientAddress(behind: .hops(1)))))
/// ```
///
/// Rules are asked one after the other, and each charges the request; a limit that refuses ends that, and what the rules before it
/// have charged stays charged. So put what is kept for each client before what all share. Several limits of one rule are charged
/// together or not at all.
///
/// Answers say how the client stands (`RateLimit-Policy` and `RateLimit`, draft-ietf-httpapi-ratelimit-headers), refused requests
/// when to come back (`Retry-After`).
public struct RateLimitMiddleware<Context: RequestContext>: RouterMiddleware {
    /// Writes the answer to a request that is refused.
    public typealias Refuse = @Sendable (RateLimitRefusal, Request, Context) async throws -> Response

    private let rules: [RateLimitRule<Context>]
    private let refuse: Refuse?

    /// Holds requests to rules.
    ///
    /// - Parameters:
    ///   - rules: The rules, in the order in which they are asked.
    ///   - refuse: Writes the answer to a request that is refused; status, body and the fields of ``RateLimitRefusal/headers`` are
    ///     its own matter, and the latter are added where they are missing. `nil` throws the refusal, which answers itself and
    ///     which a middleware before this one may catch.
    public init(_ rules: RateLimitRule<Context>..., refuse: Refuse? = nil) {
        self.init(rules, refuse: refuse)
    }

    /// Holds requests to rules.
    ///
    /// - Parameters:
    ///   - rules: The rules, in the order in which they are asked.
    ///   - refuse: Writes the answer to a request that is refused.
    public init(_ rules: [RateLimitRule<Context>], refuse: Refuse? = nil) {
        self.rules = rules
        self.refuse = refuse
    }

    /// Answers a request.
    public func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let verdict = try await self.verdict(on: request, context)
        guard verdict.isAllowed else { return try await self.refused(verdict, request, context) }
        do {
            var response = try await next(request, context)
            verdict.write(to: &response.headers)
            return response
        } catch let error as any HTTPResponseError {
            throw ErrorWithFields.adding(to: error) { verdict.write(to: &$0) }
        }
    }

    private func verdict(on request: Request, _ context: Context) async throws -> RateLimitVerdict {
        var verdict = RateLimitVerdict()
        for rule in self.rules where verdict.isAllowed {
            guard let subject = try await rule.subject(request, context) else { continue }
            let cost = max(0, try await rule.cost(request, context))
            do {
                verdict.add(try await rule.limiter.check(subject, cost: cost), names: rule.policyNames)
            } catch let error as CacheError where error.code == .unavailable {
                throw RateLimitsUnavailable(underlying: error)
            }
        }
        return verdict
    }

    private func refused(
        _ verdict: RateLimitVerdict,
        _ request: Request,
        _ context: Context
    ) async throws -> Response {
        let refusal = RateLimitRefusal(verdict: verdict)
        guard let refuse = self.refuse else { throw refusal }
        var response = try await refuse(refusal, request, context)
        for field in refusal.headers where !response.headers.contains(field.name) { response.headers.append(field) }
        return response
    }
}
