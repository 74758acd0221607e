public import Larder

/// What becomes of requests that change one session at the same time.
public enum SessionConcurrency: Sendable, Hashable {
    /// What each of them has changed is applied to what is stored by then: requests that change different values do not meet,
    /// ``Session/update(_:default:_:)`` makes its change once more, and of two who set the same value the later one stands.
    case merge
    /// The first one is saved; the others are told: ``SessionError/Code/conflict``, an answer of status 409.
    case conflict
}

/// What sessions do while their store cannot be asked.
public enum SessionOutagePolicy: Sendable, Hashable {
    /// Reading a session throws ``SessionError/Code/unavailable``, an answer of status 503.
    case throwing
    /// Requests get a new, empty session (``Session/isStandIn``), and the browser keeps its cookie.
    ///
    /// For pages that are worth something to strangers, too. What a request changes in such a session fails all the same.
    case anonymous
}

/// How sessions behave.
public struct SessionConfiguration: Sendable {
    /// When sessions end that do not say it themselves: two weeks after they were last used, as Django's.
    public var expiry: SessionExpiry

    /// The longest that a session lives from its beginning, however much it is used; `nil`, as long as it is used.
    public var longestLife: Duration?

    /// How long after a session's end was last put off a request that only reads it puts it off again.
    ///
    /// Zero does so with each request, as Django's `SESSION_SAVE_EVERY_REQUEST`. `nil` takes a tenth of the session's time, but no
    /// more than an hour: that saves nearly all of the writes.
    public var renewsAfter: Duration?

    /// What becomes of requests that change one session at the same time.
    public var concurrency: SessionConcurrency

    /// What happens while the store cannot be asked.
    public var onUnavailable: SessionOutagePolicy

    /// Who may answer reads.
    ///
    /// ``ReadFreshness/strict`` asks the store itself, so that a session which another process has ended is over at once. Where one
    /// process alone has the store, ``ReadFreshness/tracked`` lets the memory before it answer.
    public var freshness: ReadFreshness

    /// How many sessions a user may have; one more ends the oldest.
    ///
    /// A session that gets another id is not one more.
    public var mostPerUser: Int

    /// Makes a configuration.
    ///
    /// - Parameters:
    ///   - expiry: When sessions end that do not say it themselves.
    ///   - longestLife: The longest that a session lives from its beginning.
    ///   - renewsAfter: How long after a session's end was put off it is put off again.
    ///   - concurrency: What becomes of requests that change one session at the same time.
    ///   - onUnavailable: What happens while the store cannot be asked.
    ///   - freshness: Who may answer reads.
    ///   - mostPerUser: How many sessions a user may have, at least one.
    public init(
        expiry: SessionExpiry = .sliding(.seconds(14 * 86_400)),
        longestLife: Duration? = nil,
        renewsAfter: Duration? = nil,
        concurrency: SessionConcurrency = .merge,
        onUnavailable: SessionOutagePolicy = .throwing,
        freshness: ReadFreshness = .strict,
        mostPerUser: Int = 100
    ) {
        self.expiry = expiry
        self.longestLife = longestLife
        self.renewsAfter = renewsAfter
        self.concurrency = concurrency
        self.onUnavailable = onUnavailable
        self.freshness = freshness
        self.mostPerUser = max(1, mostPerUser)
    }

    /// How long a session may live that is used now.
    ///
    /// - Parameters:
    ///   - expiry: When it says that it ends.
    ///   - begun: When it began, in milliseconds since 1970.
    ///   - now: The time, likewise.
    /// - Returns: How long; zero or less, it is over.
    func lifetime(_ expiry: SessionExpiry, begun: Int64, now: Int64) -> Duration {
        guard let longest = self.longestLife else { return expiry.lifetime }
        return min(expiry.lifetime, longest - .milliseconds(now - begun))
    }

    /// Whether the end of a session that is only read is to be put off.
    func wantsRenewal(_ expiry: SessionExpiry, timeLeft: Duration?, lifetime: Duration) -> Bool {
        guard expiry.isRenewed, let timeLeft else { return false }
        let interval = self.renewsAfter ?? min(expiry.lifetime / 10, .seconds(3_600))
        return lifetime - timeLeft >= interval
    }
}
