import Larder

/// What a cache does where a call says nothing.
extension CacheReading {
    func defaults() throws(ConfigurationError) -> CacheDefaults {
        var defaults = CacheDefaults()
        if let found = self.settings[.ttl] { defaults.ttl = try Self.timeToLive(found) }
        if let found = self.settings[.freshness] {
            defaults.freshness = try found.choice(["tracked": ReadFreshness.tracked, "strict": .strict])
        }
        if let found = self.settings[.onFailure] {
            defaults.failurePolicy = try found.choice(["missing": FailurePolicy.missing, "throwing": .throwing])
        }
        defaults.circuitBreaker = try self.circuitBreaker()
        defaults.invalidationPolicy = try self.invalidationPolicy()
        defaults.fetchPolicy = try self.fetchPolicy(ttl: defaults.ttl)
        return defaults
    }

    private static func timeToLive(_ found: FoundSetting) throws(ConfigurationError) -> TimeToLive? {
        let form = "\(SettingText.durationForm), 0s to store nothing, or forever"
        return try found.value(form) { text -> TimeToLive?? in
            if text == "forever" { return .some(nil) }
            return SettingText.duration(text).map { .duration($0) }
        }
    }

    private func circuitBreaker() throws(ConfigurationError) -> CircuitBreakerPolicy? {
        let standard = CircuitBreakerPolicy()
        let isOn = try self.settings[.breaker]?.value("true or false") { SettingText.flag($0) } ?? true
        let failures = try self.settings[.breakerFailures]?.count(in: 1...1_000_000)
        let first = try self.settings[.breakerFirstPause]?.duration()
        let longest = try self.settings[.breakerLongestPause]?.duration()
        guard isOn else { return nil }
        let firstPause = first ?? standard.firstPause
        if let longest, let found = self.settings[.breakerLongestPause], longest < firstPause {
            throw found.rejected(accepted: "at least the first pause, which is \(firstPause)")
        }
        return CircuitBreakerPolicy(
            failures: failures ?? standard.failures,
            firstPause: firstPause,
            longestPause: longest ?? standard.longestPause
        )
    }

    private func invalidationPolicy() throws(ConfigurationError) -> InvalidationPolicy {
        let limit = try self.settings[.invalidationLimit]?.count(in: 1...100_000_000)
        let path = try self.settings[.invalidationPath]?.text("the path of a file")
        let replays = try self.settings[.invalidation]?.choice(["throwing": false, "replay": true]) ?? false
        if !replays, let part = self.settings[.invalidationLimit] ?? self.settings[.invalidationPath] {
            throw part.rejected(accepted: "this only with the invalidation policy replay")
        }
        return replays ? .replay(limit: limit ?? 10_000, path: path) : .throwing
    }

    // MARK: Fetching

    private func fetchPolicy(ttl: TimeToLive?) throws(ConfigurationError) -> FetchPolicy {
        let base = try self.preset(ttl: ttl)
        func found(_ field: String) -> FoundSetting? { self.settings[.fetch(field)] }
        func duration(
            _ field: String,
            _ standard: Duration,
            allowsZero: Bool = true
        ) throws(ConfigurationError) -> Duration {
            try found(field)?.duration(allowsZero: allowsZero) ?? standard
        }
        func optional(_ field: String, _ standard: Duration?) throws(ConfigurationError) -> Duration? {
            guard let setting = found(field) else { return standard }
            return try setting.duration(orNone: "none", allowsZero: field == "negativeTTL")
        }
        var lifetime = base.ttl
        if let setting = found("ttl") { lifetime = try Self.timeToLive(setting) }
        let refreshAfter = try optional("refreshAfter", base.refreshAfter)
        var staleOnError = try duration("staleOnError", base.staleOnError)
        let softTimeout = try optional("softTimeout", base.softTimeout)
        let hardTimeout = try duration("hardTimeout", base.hardTimeout, allowsZero: false)
        let jitter = try found("jitter")?.number(in: 0...1, "a number from 0 to 1") ?? base.jitter
        let eagerness = try found("earlyRefresh")?.number(in: 0...1e6, "0 or a positive number") ?? base.earlyRefresh
        let negativeTTL = try optional("negativeTTL", base.negativeTTL)
        let retryAfter = try duration("retryAfter", base.retryAfter)
        let leaseDuration = try duration("leaseDuration", base.leaseDuration, allowsZero: false)
        let scope = try found("scope")?.choice(["process": FetchPolicy.Scope.process, "fleet": .fleet]) ?? base.scope
        // Of what a preset brings, the time in which values are stale has no meaning where they never are, or are not stored: only
        // who writes that setting down contradicts himself.
        let isFromPreset = found("staleOnError") == nil
        if isFromPreset, !Self.canBeStale(lifetime) { staleOnError = .zero }
        do {
            // The cache's own ttl counts where the policy has none, so that what contradicts it is found, too. The preset's time stays
            // in the policy all the same: a call may say a ttl that ends.
            if lifetime == .default {
                _ = try FetchPolicy(
                    ttl: ttl,
                    refreshAfter: refreshAfter,
                    staleOnError: isFromPreset && !Self.canBeStale(ttl) ? .zero : staleOnError,
                    earlyRefresh: eagerness
                )
            }
            return try FetchPolicy(
                ttl: lifetime,
                refreshAfter: refreshAfter,
                staleOnError: staleOnError,
                softTimeout: softTimeout,
                hardTimeout: hardTimeout,
                jitter: jitter,
                earlyRefresh: eagerness,
                negativeTTL: negativeTTL,
                retryAfter: retryAfter,
                leaseDuration: leaseDuration,
                scope: scope
            )
        } catch {
            throw self.contradiction(error)
        }
    }

    /// Whether values of this ttl are stored and end.
    private static func canBeStale(_ ttl: TimeToLive?) -> Bool {
        guard let ttl else { return false }
        return ttl.fixedDuration.map { $0 > .zero } ?? true
    }

    private func preset(ttl: TimeToLive?) throws(ConfigurationError) -> FetchPolicy {
        guard let found = self.settings[.preset] else { return .standard }
        let names = ["standard", "resilient", "refreshingBehind"]
        let name = try found.value(names.formatted(before: "or")) { names.contains($0) ? $0 : nil }
        switch name {
        case "resilient": return .resilient
        case "refreshingBehind":
            var lifetime = ttl
            if let setting = self.settings[.fetch("ttl")] { lifetime = try Self.timeToLive(setting) }
            guard let duration = lifetime?.fixedDuration else {
                throw found.rejected(accepted: "this preset only with a ttl that ends")
            }
            do {
                return try .refreshingBehind(ttl: duration)
            } catch {
                throw found.rejected(accepted: "another preset: \(error.message)")
            }
        default: return .standard
        }
    }

    /// A policy that contradicts itself, as the error of the field that its message begins with.
    private func contradiction(_ error: CacheError) -> ConfigurationError {
        let named = CacheSetting.fetchFields.first { error.message.hasPrefix($0) }
        let candidates = (named.map { [CacheSetting.fetch($0)] } ?? []) + [.preset, .fetch("ttl"), .ttl, .url]
        guard let found = candidates.lazy.compactMap({ self.settings[$0] }).first else {
            return ConfigurationError(self.name, in: "configuration", error.message)
        }
        return found.rejected(accepted: "what contradicts nothing: \(error.message)")
    }
}
