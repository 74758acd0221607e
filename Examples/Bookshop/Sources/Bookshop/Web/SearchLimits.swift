import HTTPTypes
import Hummingbird
import Larder
import LarderHummingbird

/// Keeps anybody from searching so much that others have to wait: searches are the dearest questions that the shop answers.
///
/// A visitor has a bucket of tokens, so that quick typing is no sin, and a number of searches an hour, so that patience does
/// not help; both are checked at once. Who has no session is known by the address. Sessions are given to everybody who asks for a page,
/// a new one for each search if need be, so each address has a wider limit on top of those of its visitors, of whom it may have
/// many: offices and families share one.
///
/// While the store does not answer, everything is allowed: a shop that nobody can search is no shop, and the searches themselves are
/// cached.
struct SearchLimits: Sendable {
    /// Asked one after the other, so that a visitor who is refused uses up nothing of what all at the address share.
    private let rules: [RateLimitRule<ShopContext>]
    private let recorder: EventRecorder

    /// - Parameters:
    ///   - limits: How often; `nil` never refuses.
    ///   - store: Where it is counted.
    ///   - proxies: Whose word on where a request comes from is taken.
    ///   - recorder: Told of searches, and of those that were refused.
    /// - Throws: `CacheError` for limits that are none.
    init(
        _ limits: Settings.SearchLimits?,
        on store: ShopStore,
        behind proxies: TrustedProxies,
        recorder: EventRecorder
    ) throws {
        self.recorder = recorder
        guard let limits else {
            self.rules = []
            return
        }
        let visitors = try store.limiter([
            .tokenBucket(limits.perMinute, per: .minutes(1), burst: limits.burst),
            .slidingWindow(limits.hourly, per: .hours(1)),
        ])
        let addresses = try store.limiter([.slidingWindow(limits.addressHourly, per: .hours(1))])
        let address = RateLimitKey<ShopContext>.clientAddress(behind: proxies)
        let visitor = RateLimitKey<ShopContext>.user { _, context in try await context.visitor?.id }
        self.rules = [
            try RateLimitRule("search", limiter: visitors, key: visitor.or(address), cost: Self.cost),
            try RateLimitRule("address", limiter: addresses, key: address, cost: Self.cost),
        ]
    }

    /// What is no search costs none.
    private static let cost: @Sendable (Request, ShopContext) async throws -> Int = { request, _ in
        _ = try QueryItems(request).search()
        return 1
    }

    /// The routes whose requests are searches.
    ///
    /// - Parameter routes: Where they are.
    /// - Returns: A group for them.
    func group(in routes: RouterGroup<ShopContext>) -> RouterGroup<ShopContext> {
        routes.group()
            .add(middleware: SearchCountMiddleware(recorder: self.recorder))
            .add(middleware: RateLimitMiddleware(self.rules))
    }
}

/// Counts searches, and those that are refused.
private struct SearchCountMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    let recorder: EventRecorder

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        do {
            let response = try await next(request, context)
            self.recorder.note(.search)
            return response
        } catch let refusal as RateLimitRefusal {
            self.recorder.note(.limitedSearch)
            throw refusal
        }
    }
}
