public import HTTPTypes
public import Hummingbird
import Larder

/// A request that a limit has refused, for who writes the answer.
///
/// Thrown, it answers itself: `application/problem+json` (RFC 9457), of status 429 with the names of the limits
/// (draft-ietf-httpapi-ratelimit-headers), or 503 where the limits' store is away and refusing is what was asked for then.
public struct RateLimitRefusal: Error, Sendable {
    let verdict: RateLimitVerdict
    /// What middlewares before the one that refuses have added: fields of their own limits, or a session's cookie.
    var added: [@Sendable (inout HTTPFields) -> Void] = []

    /// The names of the limits that refuse the request.
    public var limits: [String] { self.verdict.violated }

    /// When to come back, in whole seconds, at least one; `nil`, never, because the request costs more than a limit holds.
    public var retryAfter: Int? { self.verdict.retryAfter }

    /// Whether nobody has counted, because the store was away.
    public var isOutage: Bool { self.verdict.isAssumed }

    /// The fields that every answer has to carry: `RateLimit-Policy`, `RateLimit` and `Retry-After`.
    public var headers: HTTPFields {
        var headers = HTTPFields()
        self.verdict.write(to: &headers)
        if let retryAfter = self.retryAfter { headers[.retryAfter] = "\(retryAfter)" }
        for add in self.added { add(&headers) }
        return headers
    }
}

extension RateLimitRefusal: HTTPResponseError {
    /// 429, or 503 during an outage.
    public var status: HTTPResponse.Status { self.isOutage ? .serviceUnavailable : .tooManyRequests }

    /// The answer.
    public func response(from request: Request, context: some RequestContext) throws -> Response {
        var response = self.problem.response()
        self.verdict.write(to: &response.headers)
        for add in self.added { add(&response.headers) }
        return response
    }

    private var problem: ProblemDetails {
        let types = "https://iana.org/assignments/http-problem-types"
        if self.isOutage {
            var problem = ProblemDetails(
                self.status,
                title: "Temporarily reduced capacity",
                detail: "Requests cannot be counted at the moment, so none are let through here."
            )
            problem.type = "\(types)#temporary-reduced-capacity"
            problem.retryAfter = self.retryAfter
            return problem
        }
        let detail =
            switch self.retryAfter {
            case nil: "The request costs more than may be used at once."
            case 1?: "Please try again in a second."
            case let seconds?: "Please try again in \(seconds) seconds."
            }
        var problem = ProblemDetails(
            self.status,
            title: "Request cannot be satisfied as assigned quota has been exceeded",
            detail: detail
        )
        problem.type = "\(types)#quota-exceeded"
        problem.violatedPolicies = self.limits
        problem.retryAfter = self.retryAfter
        return problem
    }
}

/// The limits cannot be counted, and `RateLimitFailurePolicy.throwing` was asked for.
struct RateLimitsUnavailable: HTTPResponseError, CustomStringConvertible {
    let underlying: CacheError

    var status: HTTPResponse.Status { .serviceUnavailable }

    var description: String { "rate limits cannot be counted: \(self.underlying)" }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        var problem = ProblemDetails(self.status, title: self.status.reasonPhrase)
        problem.detail = "Requests cannot be counted at the moment."
        problem.retryAfter = 1
        return problem.response()
    }
}
