import Synchronization

@testable import Larder

/// Queues in memory that a test can hold up, when an element has been taken, or let fail.
final class HeldQueues: QueueStore {
    private struct State {
        var isHeld = false
        var fails = false
        var cannotPutBack = false
        /// How often nobody can listen yet.
        var deafness = 0
        var held: CheckedContinuation<Void, Never>?
    }

    let memory: MemoryCollections
    private let state = Mutex(State())

    init(clock: CacheClock = .system) {
        self.memory = MemoryCollections(clock: clock)
    }

    func hold() { self.state.withLock { $0.isHeld = true } }

    func fail() { self.state.withLock { $0.fails = true } }

    func failToPutBack() { self.state.withLock { $0.cannotPutBack = true } }

    /// Lets so many attempts to listen be in vain.
    func deafen(_ count: Int) { self.state.withLock { $0.deafness = count } }

    var deafness: Int { self.state.withLock(\.deafness) }

    func untilHeld() async throws {
        try await eventually("something is held") { self.state.withLock({ $0.held != nil }) }
    }

    func release() {
        let held = self.state.withLock { state in
            state.isHeld = false
            defer { state.held = nil }
            return state.held
        }
        held?.resume()
    }

    func dequeue(
        _ count: Int,
        from key: CollectionKey,
        reservingFor milliseconds: Int64?,
        _ lifetime: CollectionLifetime
    ) async throws -> [QueueItem] {
        if self.state.withLock({ $0.fails }) { throw CacheError(.unavailable, "the store fails") }
        let items = try await self.memory.dequeue(count, from: key, reservingFor: milliseconds, lifetime)
        if items.isEmpty { return items }
        await withCheckedContinuation { continuation in
            let isHeld = self.state.withLock { state in
                if state.isHeld { state.held = continuation }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        return items
    }

    func enqueue(
        _ elements: [[UInt8]],
        to key: CollectionKey,
        limit: QueueLimit?,
        _ lifetime: CollectionLifetime
    ) async throws -> Int {
        try await self.memory.enqueue(elements, to: key, limit: limit, lifetime)
    }

    func putBack(_ items: [QueueItem], to key: CollectionKey, _ lifetime: CollectionLifetime) async throws -> Int {
        if self.state.withLock(\.cannotPutBack) { throw CacheError(.unavailable, "the store fails") }
        return try await self.memory.putBack(items, to: key, lifetime)
    }

    func acknowledge(
        _ item: QueueItem,
        of key: CollectionKey,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        try await self.memory.acknowledge(item, of: key, lifetime)
    }

    func renew(
        _ item: QueueItem,
        of key: CollectionKey,
        for milliseconds: Int64,
        _ lifetime: CollectionLifetime
    ) async throws -> Bool {
        try await self.memory.renew(item, of: key, for: milliseconds, lifetime)
    }

    func counts(of key: CollectionKey) async throws -> (waiting: Int, reserved: Int) {
        try await self.memory.counts(of: key)
    }

    func peek(_ key: CollectionKey, atMost count: Int) async throws -> [[UInt8]] {
        try await self.memory.peek(key, atMost: count)
    }

    func listen(to key: CollectionKey) async throws -> (any CollectionSignal)? {
        let isDeaf = self.state.withLock { state in
            state.deafness -= 1
            return state.deafness >= 0
        }
        return isDeaf ? nil : try await self.memory.listen(to: key)
    }

    var waitClock: CacheClock { self.memory.waitClock }
}
