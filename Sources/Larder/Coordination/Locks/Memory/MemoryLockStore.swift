#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Synchronization

/// Locks in this process's memory: for programs of one process, and for tests.
///
/// Who asks first on one ``Locks`` gets the lock first. What nobody holds takes no memory. Tokens begin at the time at which the
/// store was made, so that they also grow from one run of the program to the next.
public final class MemoryLockStore: LockStore {
    /// What is locked, in which namespace.
    struct Name: Hashable, Sendable {
        var namespace: String
        var resource: LockResource
    }

    /// A fenced value, in which namespace.
    struct FencedName: Hashable, Sendable {
        var namespace: String
        var name: String

        static func == (left: Self, right: Self) -> Bool {
            left.namespace == right.namespace && left.name.hasSameBytes(as: right.name)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(self.namespace)
            self.name.hashBytes(into: &hasher)
        }
    }

    private struct State {
        var locks: [Name: LockRecord] = [:]
        var fenced: [FencedName: (value: FencedBytes, end: CacheInstant)] = [:]
        var listeners: [Name: [ObjectIdentifier: WakeUp]] = [:]
        var lastToken: FencingToken
        /// Who has given back or given up, of late.
        var departed = DepartedOwners()
        /// How many records there may be before the ended ones are looked for.
        var sweepsAt = 64

        /// Forgets what has ended, once for as many additions as there is to look at.
        mutating func sweep(at now: CacheInstant) {
            guard self.locks.count + self.fenced.count >= self.sweepsAt else { return }
            for name in Array(self.locks.keys) { self.change(name) { $0.drop(at: now) } }
            self.fenced = self.fenced.filter { $0.value.end > now }
            self.sweepsAt = max(64, 2 * (self.locks.count + self.fenced.count))
        }

        /// Changes a record, which goes when nobody holds anything.
        mutating func change<Value>(_ name: Name, _ body: (inout LockRecord) -> Value) -> Value {
            var record = self.locks[name] ?? LockRecord()
            let value = body(&record)
            self.locks[name] = record.isFree ? nil : record
            return value
        }

        /// Takes from an owner what it holds.
        ///
        /// - Returns: Whether it was a holder.
        mutating func take(_ name: Name, _ owner: LockOwner, at now: CacheInstant) -> Bool {
            guard let index = self.locks.index(forKey: name) else { return false }
            let wasHeld = self.locks.values[index].release(owner, at: now)
            if self.locks.values[index].isFree { self.locks.remove(at: index) }
            return wasHeld
        }

        func wakeUps(_ name: Name) -> [WakeUp] { self.listeners[name].map { Array($0.values) } ?? [] }
    }

    /// What leases end by.
    public let clock: CacheClock
    private let state: Mutex<State>

    /// Makes a store without any locks.
    ///
    /// - Parameter clock: What leases end by.
    public init(clock: CacheClock = .system) {
        self.clock = clock
        let microseconds = Int64(Date().timeIntervalSince1970 * 1_000_000)
        self.state = Mutex(State(lastToken: FencingToken(rawValue: microseconds)))
    }

    /// The part of the store that belongs to one namespace.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: Its locks.
    public func open(_ namespace: CacheNamespace) -> any LockNamespace {
        MemoryLockNamespace(name: namespace.name, store: self)
    }

    /// How many records there are: of locks and of fenced values, and how many listen.
    var counts: (locks: Int, fenced: Int, listeners: Int) {
        self.state.withLock { state in
            (state.locks.count, state.fenced.count, state.listeners.values.reduce(0) { $0 + $1.count })
        }
    }

    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` for an owner that has given back or given up.
    func acquire(_ request: LockRequest, _ name: Name) throws -> LockAnswer {
        let now = self.clock.now
        let answer = self.state.withLock { state -> LockAnswer? in
            if state.departed.contains(request.owner) { return nil }
            state.sweep(at: now)
            let token = FencingToken.next(after: state.lastToken, at: 0)
            let answer = state.locks[name, default: LockRecord()].acquire(request, at: now, token: token)
            if answer == .granted(token) { state.lastToken = token }
            return answer
        }
        guard let answer else {
            throw CacheError(.unavailable, "who has given a lock up cannot get it", key: request.resource.name)
        }
        return answer
    }

    func renew(_ name: Name, _ owner: LockOwner, for lease: Duration) -> Bool {
        let now = self.clock.now
        return self.state.withLock { state in state.change(name) { $0.renew(owner, for: lease, at: now) } }
    }

    func release(_ name: Name, _ owner: LockOwner) -> ReleaseAnswer {
        let now = self.clock.now
        let (answer, wakeUps) = self.state.withLock { state -> (ReleaseAnswer, [WakeUp]) in
            guard state.take(name, owner, at: now) else { return (state.departed.answer(for: owner), []) }
            state.departed.add(owner)
            return (.released, state.wakeUps(name))
        }
        for wakeUp in wakeUps { wakeUp.ring() }
        return answer
    }

    func abandon(_ name: Name, _ owner: LockOwner) {
        let now = self.clock.now
        let wakeUps = self.state.withLock { state in
            let wasHeld = state.take(name, owner, at: now)
            if !state.departed.contains(owner) { state.departed.add(owner) }
            return wasHeld ? state.wakeUps(name) : []
        }
        for wakeUp in wakeUps { wakeUp.ring() }
    }

    func releaseAll(_ name: Name) -> Int {
        let now = self.clock.now
        let (count, wakeUps) = self.state.withLock { state in
            var record = state.locks.removeValue(forKey: name) ?? LockRecord()
            record.drop(at: now)
            return (record.count, state.wakeUps(name))
        }
        for wakeUp in wakeUps { wakeUp.ring() }
        return count
    }

    func holders(_ name: Name) -> LockState {
        let now = self.clock.now
        return self.state.withLock { $0.locks[name] ?? LockRecord() }.state(at: now)
    }

    func listen(_ name: Name) -> any LeaseSignal {
        let wake = WakeUp(clock: self.clock)
        self.state.withLock { $0.listeners[name, default: [:]][ObjectIdentifier(wake)] = wake }
        return MemoryLockSignal(store: self, name: name, wake: wake)
    }

    func stopListening(_ name: Name, _ wake: WakeUp) {
        self.state.withLock { state in
            state.listeners[name]?[ObjectIdentifier(wake)] = nil
            if state.listeners[name]?.isEmpty == true { state.listeners[name] = nil }
        }
    }

    func readFenced(_ name: FencedName) -> FencedBytes? {
        let now = self.clock.now
        return self.state.withLock { state in
            guard let record = state.fenced[name], record.end > now else { return nil }
            return record.value
        }
    }

    func writeFenced(_ name: FencedName, _ write: FencedBytes, lifetime: Duration) -> FencingToken? {
        let now = self.clock.now
        return self.state.withLock { state in
            state.sweep(at: now)
            if let record = state.fenced[name], record.end > now, record.value.token > write.token {
                return record.value.token
            }
            state.fenced[name] = (write, now.advanced(by: lifetime))
            return nil
        }
    }
}

/// One namespace of a memory store.
struct MemoryLockNamespace: LockNamespace {
    let name: String
    let store: MemoryLockStore

    private func name(_ resource: LockResource) -> MemoryLockStore.Name {
        .init(namespace: self.name, resource: resource)
    }

    func acquire(_ request: LockRequest) async throws -> LockAnswer {
        try Task.checkCancellation()
        return try self.store.acquire(request, self.name(request.resource))
    }

    func renew(_ resource: LockResource, owner: LockOwner, lease: Duration) async throws -> Bool {
        try Task.checkCancellation()
        return self.store.renew(self.name(resource), owner, for: lease)
    }

    func release(_ resource: LockResource, owner: LockOwner) async throws -> ReleaseAnswer {
        self.store.release(self.name(resource), owner)
    }

    func abandon(_ resource: LockResource, owner: LockOwner) async throws {
        self.store.abandon(self.name(resource), owner)
    }

    func releaseAll(_ resource: LockResource) async throws -> Int { self.store.releaseAll(self.name(resource)) }

    func state(of resource: LockResource) async throws -> LockState { self.store.holders(self.name(resource)) }

    func listen(for resource: LockResource) async throws -> (any LeaseSignal)? {
        self.store.listen(self.name(resource))
    }

    func readFenced(_ name: String) async throws -> FencedBytes? {
        self.store.readFenced(.init(namespace: self.name, name: name))
    }

    func writeFenced(_ name: String, _ write: FencedBytes, lifetime: Duration) async throws -> FencingToken? {
        self.store.writeFenced(.init(namespace: self.name, name: name), write, lifetime: lifetime)
    }
}

/// Somebody who listens for what is given back of one lock.
private struct MemoryLockSignal: LeaseSignal {
    let store: MemoryLockStore
    let name: MemoryLockStore.Name
    let wake: WakeUp

    func wait(atMost duration: Duration) async throws { try await self.wake.wait(atMost: duration) }

    func cancel() {
        self.store.stopListening(self.name, self.wake)
        // Nobody would be told any more.
        self.wake.ring()
    }
}

extension LockStore where Self == MemoryLockStore {
    /// Locks in this process's memory.
    ///
    /// - Parameter clock: What leases end by.
    /// - Returns: A store of its own.
    public static func memory(clock: CacheClock = .system) -> MemoryLockStore { MemoryLockStore(clock: clock) }
}
