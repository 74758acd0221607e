import Synchronization

@testable import Larder

/// A store of locks whose calls fail as a test says: before they reach the store beneath, or on the way back.
final class FaultyLockStore: LockStore, LockNamespace {
    enum Call: Hashable, Sendable {
        case acquire
        case renew
        case release
        case abandon
    }

    enum Fault: Sendable {
        /// Nothing is carried out.
        case request
        /// Everything is, but nobody is told.
        case reply
        /// No answer comes.
        case silence
    }

    private struct State {
        var faults: [Call: Fault] = [:]
        var calls: [Call: Int] = [:]
    }

    let base: MemoryLockStore
    let clock: CacheClock
    private let space: any LockNamespace
    /// Whether it can be listened to.
    let canTell: Bool
    private let state = Mutex(State())

    init(_ base: MemoryLockStore, namespace: CacheNamespace = "ns", canTell: Bool = true) {
        self.base = base
        self.clock = base.clock
        self.space = base.open(namespace)
        self.canTell = canTell
    }

    func open(_ namespace: CacheNamespace) -> any LockNamespace { self }

    /// Lets calls of a kind fail from now on, or no more.
    func fail(_ call: Call, _ fault: Fault?) { self.state.withLock { $0.faults[call] = fault } }

    func calls(_ call: Call) -> Int { self.state.withLock { $0.calls[call] ?? 0 } }

    private func perform<Value>(_ call: Call, _ body: () async throws -> Value) async throws -> Value {
        let fault = self.state.withLock { state in
            state.calls[call, default: 0] += 1
            return state.faults[call]
        }
        switch fault {
        case nil: return try await body()
        case .reply: _ = try await body()
        case .silence: try await self.clock.sleep(until: .distantFuture)
        case .request: break
        }
        throw CacheError(.unavailable, "as the test says")
    }

    func acquire(_ request: LockRequest) async throws -> LockAnswer {
        try await self.perform(.acquire) { try await self.space.acquire(request) }
    }

    func renew(_ resource: LockResource, owner: LockOwner, lease: Duration) async throws -> Bool {
        try await self.perform(.renew) { try await self.space.renew(resource, owner: owner, lease: lease) }
    }

    func release(_ resource: LockResource, owner: LockOwner) async throws -> ReleaseAnswer {
        try await self.perform(.release) { try await self.space.release(resource, owner: owner) }
    }

    func abandon(_ resource: LockResource, owner: LockOwner) async throws {
        try await self.perform(.abandon) { try await self.space.abandon(resource, owner: owner) }
    }

    func releaseAll(_ resource: LockResource) async throws -> Int { try await self.space.releaseAll(resource) }

    func state(of resource: LockResource) async throws -> LockState { try await self.space.state(of: resource) }

    func listen(for resource: LockResource) async throws -> (any LeaseSignal)? {
        self.canTell ? try await self.space.listen(for: resource) : nil
    }

    func readFenced(_ name: String) async throws -> FencedBytes? { try await self.space.readFenced(name) }

    func writeFenced(_ name: String, _ write: FencedBytes, lifetime: Duration) async throws -> FencingToken? {
        try await self.space.writeFenced(name, write, lifetime: lifetime)
    }
}

/// What the tasks of a test note together.
final class Noted<Value: Sendable>: Sendable {
    private let state: Mutex<Value>

    init(_ value: Value) {
        self.state = Mutex(value)
    }

    var value: Value { self.state.withLock { $0 } }

    func withLock<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        self.state.withLock { value in body(&value) }
    }
}
