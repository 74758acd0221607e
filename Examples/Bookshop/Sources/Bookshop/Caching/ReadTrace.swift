import Larder
import Synchronization

/// Whether a fetch has come upon a value past its time.
///
/// The outcome of a fetch says that it filled, and not what there was before; for `Cache-Status` it matters whether the
/// database was asked because there was nothing (`fwd=miss`) or because what there was had got old (`fwd=stale`). The
/// cache tells of each read at once and in the task that reads, so a task-local value hears of its own and no other.
final class ReadTrace: Sendable {
    @TaskLocal private static var current: ReadTrace?

    private let key: String
    private let found = Atomic<Bool>(false)

    private init(key: String) {
        self.key = key
    }

    /// What the cache's events go through.
    static func note(_ event: CacheEvent) {
        // A fill inherits the trace of who began it, and what it fetches has other keys.
        guard case .stale(let key) = event, let trace = Self.current, trace.key == key else { return }
        trace.found.store(true, ordering: .relaxed)
    }

    /// Runs a fetch of a key.
    ///
    /// - Returns: What the fetch returns, and whether it came upon a value past its time.
    static func following<Value: Sendable>(
        _ key: String,
        _ fetch: () async throws -> Value
    ) async throws -> (value: Value, foundStale: Bool) {
        let trace = ReadTrace(key: key)
        let value = try await Self.$current.withValue(trace) { try await fetch() }
        return (value, trace.found.load(ordering: .relaxed))
    }
}
