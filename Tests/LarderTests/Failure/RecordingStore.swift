import Synchronization

@testable import Larder

/// Notes what it is told, and has every key until it is told something.
final class RecordingStore: CacheStore {
    private struct State {
        var isFailing = false
        var heard: [String] = []
    }

    private let state = Mutex(State())
    private let refused: String?

    init(refusing refused: String? = nil) {
        self.refused = refused
    }

    var kind: String { "recording" }

    var isFailing: Bool {
        get { self.state.withLock { $0.isFailing } }
        set { self.state.withLock { $0.isFailing = newValue } }
    }

    var heard: [String] { self.state.withLock { $0.heard } }

    func open(_ namespace: CacheNamespace) -> any NamespaceStore { Namespace(store: self) }

    private func hear(_ verb: String, _ names: [String] = []) throws {
        try self.state.withLock { state in
            if state.isFailing { throw CacheError(.unavailable, "told to fail") }
            if let refused, names.contains(refused) { throw CacheError(.invalidKey, "refused", key: refused) }
            state.heard.append(([verb] + names).joined(separator: " "))
        }
    }

    private struct Namespace: NamespaceStore {
        let store: RecordingStore

        func readNow(_ key: StoreKey) -> ImmediateLookup { .fresh(.integer(1)) }
        func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
            try self.store.hear("read", keys.map(\.name))
            return keys.map { _ in .absent(.none) }
        }
        func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
            try self.store.hear("write", writes.map(\.key.name))
            return writes.map { _ in true }
        }
        func commit(_ commits: [EntryCommit]) async throws -> [Bool] { commits.map { _ in false } }
        func release(_ leases: [Lease]) async throws {}
        func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] { leases.map { _ in false } }
        func remove(_ keys: [StoreKey]) async throws -> [Bool] {
            try self.store.hear("remove", keys.map(\.name))
            return keys.map { _ in true }
        }
        func increment(
            _ key: StoreKey,
            by delta: Int64,
            initial: EntryWrite?,
            within bounds: ClosedRange<Int64>
        ) async throws -> Int64 { throw CacheError.keyNotFound(key) }
        func append(_ write: EntryWrite) async throws -> Int { 0 }
        func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool { false }
        func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
            AsyncThrowingStream { $0.finish() }
        }
        func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] { [] }
        func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
            try self.store.hear(manner == .dead ? "invalidate" : "expire", tags)
        }
        func report(on key: StoreKey) async throws -> [EntryReport] {
            try self.store.hear("report", [key.name])
            return []
        }
        func removeAll(matching pattern: GlobPattern) async throws -> Int {
            try self.store.hear("removeAll", [pattern.text])
            return 0
        }
        func clear() async throws { try self.store.hear("clear") }
    }
}
