/// Whether a stored response answers a request (RFC 9111, section 4), and how.
public struct Reuse: Sendable, Hashable {
    /// What to do.
    public enum Action: Sendable, Hashable {
        /// Send the stored response.
        case serve
        /// Send the stored response, although stale, and refresh it behind (RFC 5861, section 3).
        case serveAndRefresh
        /// Ask the origin first.
        case validate
        /// Answer 504: the client wants nothing from the origin (RFC 9111, section 5.2.1.7).
        case gatewayTimeout
    }

    /// Why: one of a small set, fit for a metric's label.
    public enum Reason: String, Sendable, Hashable {
        /// It is fresh.
        case fresh
        /// It is stale.
        case stale
        /// It is stale, and may be sent while it is refreshed.
        case staleWhileRevalidate
        /// It is stale, and the client takes stale ones.
        case requestMaxStale
        /// It says that it is to be asked for each time.
        case noCache
        /// The client wants to hear from the origin.
        case requestNoCache
        /// It is older than the client takes.
        case requestMaxAge
        /// It is fresh for less long than the client asks.
        case requestMinFresh
    }

    /// What to do.
    public let action: Action
    /// Why.
    public let reason: Reason
    /// How old the response is.
    public let age: Age
    /// For how many seconds it is still fresh; negative by how long it is stale.
    public let timeToLive: Int64
    /// For how long it has been stale, in milliseconds.
    let staleness: Int64
    /// How long it may be stale to stand in for an error, in milliseconds; `nil` for not at all.
    let errorWindow: Int64?
    /// The same, for an origin that does not answer.
    let unreachableWindow: Int64?

    /// How an origin failed.
    public enum OriginFailure: Sendable, Hashable {
        /// No connection, no answer in time, or one that broke off before its head was complete.
        case unreachable
        /// It answered with this status.
        case status(Int)
    }

    /// Whether the stored response may be sent instead of a failure (RFC 5861, section 4; RFC 9111, section 4.2.4).
    ///
    /// - Parameter failure: How the origin failed, when it was asked.
    /// - Returns: Whether it may be; never where ``reason`` is ``Reason/fresh``, since nothing was asked then.
    public func mayServeStale(after failure: OriginFailure) -> Bool {
        switch failure {
        case .unreachable:
            return self.unreachableWindow.map { self.staleness <= $0 } ?? false
        case .status(let status):
            guard StatusRules.isOriginError(status) else { return false }
            return self.errorWindow.map { self.staleness <= $0 } ?? false
        }
    }
}

extension StoredResponse.Metadata {
    /// Whether this response, which its key and `Vary` have selected, answers a request.
    ///
    /// Nothing is parsed and nothing allocated.
    ///
    /// - Parameters:
    ///   - request: What was read of the request.
    ///   - resident: How long the response has lain in the store.
    ///   - policy: The cache's policy.
    /// - Returns: The decision.
    public func reuse(for request: RequestSummary, after resident: Duration, policy: CachePolicy) -> Reuse {
        let age = self.initialAge.after(resident)
        let left = self.lifetime.milliseconds.subtractedSaturating(age.milliseconds)
        let asked = policy.heedsRequestDirectives ? request.directives : RequestDirectives()
        let (action, reason) = self.decided(asked, age: age, left: left, policy)
        return Reuse(
            action: action == .validate && request.wantsOnlyStored(policy) ? .gatewayTimeout : action,
            reason: reason,
            age: age,
            timeToLive: HTTPTime(millisecondsSince1970: left).secondsSince1970,
            staleness: max(0, Int64(0).subtractedSaturating(left)),
            // What is fresh asks no origin that could fail.
            errorWindow: reason == .fresh ? nil : self.errorWindow(asked, policy),
            unreachableWindow: reason == .fresh ? nil : self.unreachableWindow(asked, policy)
        )
    }

    private func decided(
        _ request: RequestDirectives,
        age: Age,
        left: Int64,
        _ policy: CachePolicy
    ) -> (Reuse.Action, Reuse.Reason) {
        if self.directives.flags.contains(.noCache) { return (.validate, .noCache) }
        if request.noCache { return (.validate, .requestNoCache) }
        if let limit = request.maxAge, limit <= 0 || age.milliseconds > limit.multipliedSaturating(by: 1_000) {
            return (.validate, .requestMaxAge)
        }
        if left > 0 {
            if let wanted = request.minFresh, left < wanted.multipliedSaturating(by: 1_000) {
                return (.validate, .requestMinFresh)
            }
            return (.serve, .fresh)
        }
        // Whoever wants it to stay fresh for a while does not want it stale.
        guard !self.directives.forbidsStale, request.minFresh == nil else { return (.validate, .stale) }
        let staleness = Int64(0).subtractedSaturating(left)
        if let limit = request.maxStale, staleness <= limit.multipliedSaturating(by: 1_000) {
            return (.serve, .requestMaxStale)
        }
        // A client that says how old, or how stale, an answer may be has said what it takes.
        if let window = self.refreshWindow(policy), staleness < window, request.maxStale == nil, request.maxAge == nil {
            return (.serveAndRefresh, .staleWhileRevalidate)
        }
        return (.validate, .stale)
    }

    private func refreshWindow(_ policy: CachePolicy) -> Int64? {
        self.directives.staleWhileRevalidate.map { $0.multipliedSaturating(by: 1_000) }
            ?? policy.staleWhileRevalidate?.window
    }

    private func errorWindow(_ request: RequestDirectives, _ policy: CachePolicy) -> Int64? {
        // An error is no better for being old.
        guard !self.directives.forbidsStale, self.status < 500 else { return nil }
        return (self.directives.staleIfError ?? request.staleIfError).map { $0.multipliedSaturating(by: 1_000) }
            ?? policy.staleIfError?.window
    }

    private func unreachableWindow(_ request: RequestDirectives, _ policy: CachePolicy) -> Int64? {
        if let window = self.errorWindow(request, policy) { return window }
        guard !self.directives.forbidsStale, self.status < 500, self.directives.staleWhileRevalidate == nil else {
            return nil
        }
        return policy.staleWhenUnreachable?.window
    }

    /// How long the response is worth keeping from the moment it came: until it is neither fresh, nor may stand in for
    /// anything, nor is likely to be confirmed by the origin.
    ///
    /// - Parameter policy: The cache's policy.
    /// - Returns: The time to give a store.
    public func retention(_ policy: CachePolicy) -> Duration {
        let fresh = max(0, self.lifetime.milliseconds.subtractedSaturating(self.initialAge.milliseconds))
        var longest = self.hasValidator ? policy.validatorRetention.window : 0
        if !self.directives.forbidsStale {
            longest = max(
                longest,
                self.refreshWindow(policy) ?? 0,
                self.unreachableWindow(RequestDirectives(), policy) ?? 0
            )
        }
        return .milliseconds(fresh.addedSaturating(longest))
    }
}

extension Duration {
    /// As a window in milliseconds, which has no negative length.
    fileprivate var window: Int64 { max(0, self.saturatedMilliseconds) }
}
