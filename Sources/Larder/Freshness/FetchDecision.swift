#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a fetch does with the entry that it has found.
enum FetchDecision: Sendable, Hashable {
    /// Return it.
    case serve
    /// Return it, and fill it anew behind the caller.
    case serveAndRefresh
    /// Fill, and return it if that fails or takes too long.
    case fillOrServe
    /// Fill.
    case fill
}

/// Pure functions of an entry, its age and a policy.
extension FetchPolicy {
    /// Whether an entry's age matters while it is fresh, so that reading has to bring it.
    var looksAtAge: Bool { self.refreshAfter != nil || self.earlyRefresh > 0 }

    /// What to do with an entry.
    ///
    /// - Parameters:
    ///   - entry: The entry, with its times where they matter.
    ///   - chance: A random number over 0 and up to 1; drawing it costs more than all else, so it is asked for last.
    /// - Returns: The decision.
    func decision(on entry: StoredEntry, chance: @autoclosure () -> Double) -> FetchDecision {
        if case .remaining(let left) = entry.timeLeft, left <= .zero {
            return .zero - left < self.staleOnError ? .fillOrServe : .fill
        }
        if entry.isExpiredByTag { return .serveAndRefresh }
        guard let freshFor = entry.freshFor, case .remaining(let left) = entry.timeLeft else { return .serve }
        if let refreshAfter = self.refreshAfter, freshFor - left >= refreshAfter { return .serveAndRefresh }
        if self.earlyRefresh > 0, let cost = entry.fillCost,
            self.isTimeForEarlyRefresh(left: left, cost: cost, chance: chance())
        {
            return .serveAndRefresh
        }
        return .serve
    }

    /// XFetch: the closer the end and the dearer the fill, the likelier.
    ///
    /// A random number that is distributed exponentially, scaled by what the fill took, says how long before the end this
    /// caller would begin; with many callers one of them begins early enough, and hardly ever many.
    private func isTimeForEarlyRefresh(left: Duration, cost: Duration, chance: Double) -> Bool {
        cost / .seconds(1) * self.earlyRefresh * -log(chance) >= left / .seconds(1)
    }

    /// How long a fill's value is to live.
    ///
    /// - Parameters:
    ///   - ttl: What the call or its fill said.
    ///   - isAbsence: Whether the value is the `nil` of an optional type.
    ///   - defaults: What the cache does where the call says nothing.
    ///   - chance: A random number from 0 to 1.
    /// - Returns: The lifetime; `nil` where nothing is to be stored.
    func lifetime(ttl: TimeToLive?, isAbsence: Bool, defaults: CacheDefaults, chance: @autoclosure () -> Double)
        -> EntryLifetime?
    {
        var ttl = ttl
        if isAbsence, let negativeTTL = self.negativeTTL { ttl = .duration(negativeTTL) }
        guard let plain = EntryLifetime(ttl, defaults: defaults) else { return nil }
        guard let freshFor = plain.freshFor else { return plain }
        let share = self.jitter > 0 ? 1 - self.jitter * chance() : 1
        return EntryLifetime(freshFor: freshFor * share, grace: self.staleOnError)
    }
}
