import Larder

/// A value and how it came about.
struct Answer<Value: Sendable>: Sendable {
    let value: Value
    let status: CacheStatus

    /// Reads something, and takes note of how that went with the caches.
    ///
    /// - Parameter read: Reads it, with as many fetches as it takes.
    /// - Throws: What it throws.
    init(_ read: () async throws -> Value) async throws {
        let (value, report) = try await FetchReport.collecting(read)
        self.value = value
        self.status = CacheStatus(report)
    }
}

extension CacheStatus {
    /// How an answer came about that took so many fetches.
    init(_ report: FetchReport) {
        let statuses = report.entries.map(Self.init)
        // What asks no cache at all is fetched.
        self = statuses.dropFirst().reduce(statuses.first ?? .filled(.miss, stored: false)) { $0.combined(with: $1) }
    }

    private init(_ entry: FetchReport.Entry) {
        let reason: Reason = entry.foundStale ? .stale : .miss
        switch entry.outcome {
        case .hit(let info): self = .hit(timeLeft: info.timeLeft.duration)
        case .stale(let info): self = .stale(timeLeft: info.timeLeft.duration)
        case .filled(let info): self = info.storeWasUnavailable ? .unavailable : .filled(reason, stored: info.isStored)
        case .joined: self = .joined(reason)
        }
    }
}
