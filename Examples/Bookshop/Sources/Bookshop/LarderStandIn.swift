// TEMPORARY: never committed as a final state.
import Logging
import ServiceLifecycle
import Synchronization

struct CacheDefaults: Sendable { var ttl: TimeToLive?; var failurePolicy: FailurePolicy = .missing }
enum FailurePolicy: Sendable { case missing, throwing }
struct TimeToLive: Sendable {
    var seconds: Int?
    static let `default` = TimeToLive(seconds: nil)
    static func minutes(_ n: Int) -> Self { .init(seconds: n * 60) }
    static func hours(_ n: Int) -> Self { .init(seconds: n * 3600) }
}
struct CacheKey<Value>: Hashable, Sendable, ExpressibleByStringInterpolation {
    let name: String
    init(_ name: String) { self.name = name }
    init(stringLiteral value: String) { self.name = value }
}
enum TimeLeft: Sendable, Hashable {
    case forever, remaining(Duration)
    var duration: Duration? { if case .remaining(let d) = self { d } else { nil } }
}
struct EntryInfo: Sendable, Hashable { var timeLeft: TimeLeft }
struct FillInfo: Sendable, Hashable { var isStored: Bool; var storeWasUnavailable: Bool }
enum FetchOutcome: Sendable { case hit(EntryInfo), stale(EntryInfo), filled(FillInfo), joined(FillInfo) }
struct Fetched<Value: Sendable>: Sendable { let value: Value; let outcome: FetchOutcome }
struct CacheCounters: Sendable { var hits = 0, misses = 0, stale = 0, unavailable = 0, fills = 0 }
protocol CacheStore: Sendable {}
struct MemoryStore: CacheStore { init(entries: Int) {} }
extension CacheStore where Self == MemoryStore { static func memory(entries: Int) -> Self { .init(entries: entries) } }
final class Cache: Sendable, Service {
    private struct State { var entries: [String: any Sendable] = [:]; var counters = CacheCounters() }
    private let state = Mutex(State())
    let storeKind = "memory"
    init(_ store: some CacheStore, namespace: String, defaults: CacheDefaults, logger: Logger) {}
    var counters: CacheCounters { self.state.withLock { $0.counters } }
    func fetchReportingOutcome<V: Codable & Sendable>(
        _ key: CacheKey<V>,
        ttl: TimeToLive?,
        _ fill: @escaping @Sendable (Int) async throws -> V
    ) async throws -> Fetched<V> {
        if let found = self.state.withLock({ state -> V? in
            let found: V? = if let any = state.entries[key.name] { any as? V } else { nil }
            if found != nil { state.counters.hits += 1 } else { state.counters.misses += 1 }
            return found
        }) {
            return Fetched(value: found, outcome: .hit(.init(timeLeft: .remaining(.seconds(280)))))
        }
        self.state.withLock { $0.counters.fills += 1 }
        let value = try await fill(1)
        self.state.withLock { $0.entries[key.name] = value }
        return Fetched(value: value, outcome: .filled(.init(isStored: true, storeWasUnavailable: false)))
    }
    @discardableResult func remove<V>(_ key: CacheKey<V>) async throws -> Bool {
        self.state.withLock { $0.entries.removeValue(forKey: key.name) != nil }
    }
    @discardableResult func removeMany<V>(_ keys: [CacheKey<V>]) async throws -> Int {
        for k in keys { try await self.remove(k) }; return 0
    }
    func clear() async throws { self.state.withLock { $0.entries = [:] } }
    func entryCount() async throws -> Int? { self.state.withLock { $0.entries.count } }
    func shutdown() async {}
    func run() async throws { try? await gracefulShutdown() }
}
