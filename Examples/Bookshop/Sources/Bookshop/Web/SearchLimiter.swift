import Larder

/// Keeps anybody from searching so much that others have to wait: searches are the dearest questions that the shop answers.
///
/// A visitor has a bucket of tokens, so that quick typing is no sin, and a number of searches an hour, so that patience does
/// not help; both are checked at once. Who has no cookie is known by the address. Cookies are given to everybody who asks for a page,
/// a new one for each search if need be, so each address has a wider limit on top of those of its visitors, of whom it may have
/// many: offices and families share one.
struct SearchLimiter: Sendable {
    /// A search was refused.
    struct Refused: Error {
        /// When to come back, in whole seconds, at least one.
        let seconds: Int
    }

    private let breaker: StoreBreaker
    private let visitors: RateLimiter?
    private let addresses: RateLimiter?

    /// - Parameters:
    ///   - limits: How often; `nil` never refuses.
    ///   - store: Where it is counted.
    ///   - breaker: What the store is asked through.
    /// - Throws: `CacheError` for limits that are none.
    init(_ limits: Settings.SearchLimits?, on store: ShopStore, through breaker: StoreBreaker) throws {
        self.breaker = breaker
        self.visitors = try limits.map { limits in
            try store.limiter([
                .tokenBucket(limits.perMinute, per: .minutes(1), burst: limits.burst),
                .slidingWindow(limits.hourly, per: .hours(1)),
            ])
        }
        self.addresses = try limits.map { try store.limiter([.slidingWindow($0.addressHourly, per: .hours(1))]) }
    }

    /// Charges a search to who asks for it.
    ///
    /// While the store does not answer, everything is allowed: a shop that nobody can search is no shop, and the searches
    /// themselves are cached.
    ///
    /// - Parameters:
    ///   - visitor: Who asks, if the cookie has come back.
    ///   - address: The address that the request comes from.
    /// - Throws: ``Refused``; `CancellationError`.
    func charge(_ visitor: Visitor?, at address: String) async throws {
        guard let visitors = self.visitors, let addresses = self.addresses else { return }
        guard let visitor, visitor.isReturning else {
            return try await self.charge("search:address:\(address)", to: visitors)
        }
        // One after the other, so that a visitor who is refused uses up nothing of what all at the address share.
        try await self.charge("search:visitor:\(visitor.id)", to: visitors)
        try await self.charge("search:all:\(address)", to: addresses)
    }

    private func charge(_ subject: String, to limiter: RateLimiter) async throws {
        guard let decision = try await self.breaker.ask({ try await limiter.check(subject) }), !decision.isAllowed
        else { return }
        throw Refused(seconds: max(1, decision.deciding.retryAfterSeconds ?? 1))
    }
}

extension Storefront {
    /// Counts a search, or refuses it.
    ///
    /// - Parameter context: Who asks.
    /// - Throws: `SearchLimiter.Refused`; `CancellationError`.
    func admitSearch(_ context: ShopContext) async throws {
        do {
            try await self.searchLimiter.charge(context.visitor, at: context.address)
        } catch let refused as SearchLimiter.Refused {
            self.recorder.note(.limitedSearch)
            throw refused
        }
        self.recorder.note(.search)
    }
}
