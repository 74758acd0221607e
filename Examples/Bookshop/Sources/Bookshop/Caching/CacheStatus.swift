/// How an answer came about, for the `Cache-Status` header of RFC 9211.
enum CacheStatus: Sendable, Equatable {
    /// Why the database was asked.
    enum Reason: String, Sendable, Equatable {
        /// There was nothing in the cache.
        case miss
        /// What there was, was past its time.
        case stale
    }

    /// It was in the cache, and stays fresh for this long; `nil` is for ever.
    case hit(timeLeft: Duration?)
    /// It was in the cache, past its time or expired by a tag, and stood in for what the database did not bring in time.
    ///
    /// The time that is left is negative then; `nil` or more where a tag was expired.
    case stale(timeLeft: Duration?)
    /// Another request was fetching it already; this one waited for it.
    case joined(Reason)
    /// It was fetched.
    case filled(Reason, stored: Bool)
    /// The cache could not be asked, so it was fetched.
    case unavailable

    /// The header's value.
    var headerValue: String {
        switch self {
        case .hit(nil): "Larder; hit"
        case .hit(let timeLeft?): "Larder; hit; ttl=\(Self.wholeSeconds(timeLeft))"
        // The RFC lets a stale answer count as a hit where the origin is not available; its ttl is negative then.
        case .stale(let timeLeft): "Larder; hit; ttl=\(Self.secondsPast(timeLeft)); detail=stale"
        case .joined(let reason): "Larder; fwd=\(reason.rawValue); collapsed"
        case .filled(let reason, stored: true): "Larder; fwd=\(reason.rawValue); stored"
        case .filled(let reason, stored: false): "Larder; fwd=\(reason.rawValue)"
        case .unavailable: "Larder; fwd=miss; detail=unavailable"
        }
    }

    /// The status of an answer that is made of two: it is a hit only if both are, and for no longer than either.
    func combined(with other: Self) -> Self {
        if case .hit(let mine) = self, case .hit(let others) = other {
            guard let mine else { return other }
            return .hit(timeLeft: others.map { min($0, mine) } ?? mine)
        }
        if case .stale(let mine) = self, case .stale(let others) = other {
            return .stale(timeLeft: min(mine ?? .zero, others ?? .zero))
        }
        return self.distanceFromHit >= other.distanceFromHit ? self : other
    }

    private var distanceFromHit: Int {
        switch self {
        case .hit: 0
        case .stale: 1
        case .joined: 2
        case .filled(_, stored: true): 3
        case .filled(_, stored: false): 4
        case .unavailable: 5
        }
    }

    private static func wholeSeconds(_ duration: Duration) -> Int64 {
        max(0, duration.components.seconds)
    }

    /// How many seconds a value is past its time, as a number that is never more than zero.
    ///
    /// Parts of a second count as a whole one, so that a value past its time never looks as if it were not.
    private static func secondsPast(_ timeLeft: Duration?) -> Int64 {
        guard let timeLeft, timeLeft < .zero else { return 0 }
        let (seconds, attoseconds) = timeLeft.components
        return attoseconds < 0 ? seconds - 1 : seconds
    }
}
