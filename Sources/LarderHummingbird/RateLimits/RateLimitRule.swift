public import Hummingbird
public import Larder

/// Limits, whom they hold for, and what a request costs.
public struct RateLimitRule<Context: RequestContext>: Sendable {
    /// The rule's name, as header fields and answers show it.
    ///
    /// Rules with the same name, limits and store count together.
    public let name: String

    /// What counts.
    public let limiter: RateLimiter

    let key: RateLimitKey<Context>
    let cost: @Sendable (Request, Context) async throws -> Int

    /// What the fields call each limit.
    let policyNames: [String]

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - name: The rule's name: letters, digits and such, for header fields.
    ///   - limiter: What counts. Its ``RateLimiter/onUnavailable`` says what happens while its store is away.
    ///   - key: Whom a request is charged to.
    ///   - cost: What a request costs; one that costs 0 is not counted.
    /// - Throws: `CacheError` with `.invalidPolicy` where the name is empty or holds characters that cannot stand in a field.
    public init(
        _ name: String = "default",
        limiter: RateLimiter,
        key: RateLimitKey<Context>,
        cost: @escaping @Sendable (Request, Context) async throws -> Int = { _, _ in 1 }
    ) throws {
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw CacheError(.invalidPolicy, "a rule's name has to be printable ASCII, and not empty")
        }
        self.name = name
        self.limiter = limiter
        self.key = key
        self.cost = cost
        self.policyNames = RateLimitFields.names(of: limiter.limits, in: name)
    }

    /// The subject that the limiter is asked for; `nil` where the rule does not hold.
    func subject(_ request: Request, _ context: Context) async throws -> String? {
        guard let found = try await self.key.subject(request, context) else { return nil }
        let subject = "\(self.name):\(found)"
        let isPlain = subject.utf8.count <= 200 && subject.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        // Names may be of any length and hold anything, where clients have a say in them; limiters take neither.
        return isPlain ? subject : "\(self.name):#\(SessionReference.hash(of: found))"
    }
}
