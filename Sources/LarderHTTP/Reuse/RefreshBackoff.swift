/// When a refresh that failed may be tried again: after a time that grows with each failure.
///
/// An origin that is down would otherwise be asked with each request for what is stale.
public struct RefreshBackoff: Sendable, Hashable, Codable {
    /// How many refreshes have failed one after the other.
    public private(set) var failures = 0
    /// When the next may be tried; `nil` for at once.
    public private(set) var earliest: HTTPTime?

    /// Makes one that waits for nothing.
    public init() {}

    /// Takes note of a failure.
    ///
    /// - Parameters:
    ///   - now: The time now.
    ///   - first: How long to wait after the first failure; twice as long after each further one.
    ///   - longest: How long to wait at most.
    public mutating func failed(at now: HTTPTime, first: Duration = .seconds(1), longest: Duration = .seconds(30)) {
        let factor = Int64(1) << Int64(min(max(self.failures, 0), 32))
        let pause = max(0, first.saturatedMilliseconds).multipliedSaturating(by: factor)
        self.failures = min(max(self.failures, 0), 1_000) + 1
        self.earliest = now.advanced(by: .milliseconds(min(pause, max(0, longest.saturatedMilliseconds))))
    }

    /// Takes note of a success.
    public mutating func succeeded() { self = RefreshBackoff() }

    /// Whether a refresh may be tried.
    ///
    /// - Parameter now: The time now.
    /// - Returns: Whether the pause is over.
    public func allows(at now: HTTPTime) -> Bool { self.earliest.map { $0 <= now } ?? true }
}
