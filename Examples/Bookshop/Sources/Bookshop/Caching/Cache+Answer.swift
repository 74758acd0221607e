import Larder

extension Cache {
    /// Fetches a value and says how that went, which is what `Cache-Status` is made of.
    func answer<Value: Codable & Sendable>(
        for key: CacheKey<Value>,
        tags: [String] = [],
        policy: FetchPolicy,
        _ fill: @escaping @Sendable (FillContext) async throws -> Value
    ) async throws -> Answer<Value> {
        let (fetched, foundStale) = try await ReadTrace.following(key.name) {
            try await self.fetchReportingOutcome(key, tags: tags, policy: policy, fill)
        }
        return Answer(value: fetched.value, status: CacheStatus(fetched.outcome, because: foundStale ? .stale : .miss))
    }
}

extension CacheStatus {
    init(_ outcome: FetchOutcome, because reason: Reason) {
        switch outcome {
        case .hit(let info): self = .hit(timeLeft: info.timeLeft.duration)
        case .stale(let info): self = .stale(timeLeft: info.timeLeft.duration)
        case .filled(let info): self = info.storeWasUnavailable ? .unavailable : .filled(reason, stored: info.isStored)
        case .joined: self = .joined(reason)
        }
    }
}
