public import Logging

/// Locks and semaphores that all processes on the same store share.
///
/// ```swift
/// let locks = Locks(.redis(client), namespace: "bookshop")
///
/// try await locks.withLock("invoice:42", lease: .seconds(30), wait: .seconds(5)) { token in
///     try await invoices.print(42, token)
/// }
/// ```
///
/// While a section runs, its lease is renewed, at a third of its time. When that fails, or the lock is taken away, the
/// section is cancelled and the call throws ``CacheError/Code/lockLost``. The token grows with each grant, so that what the
/// lock protects can refuse a holder that was stopped and does not know that its time is over; see ``FencingToken`` and
/// <doc:Locks>, which also says what is not guaranteed.
///
/// Tasks of one process that wait for the same lock on the same `Locks` get it in the order in which they asked; among
/// processes there is no order. Make one for a namespace and hand it around: copies share their lines.
public struct Locks: Sendable {
    /// How long a lease stands where a call does not say it.
    public static let standardLease = Duration.seconds(30)

    /// How long a call waits for a lock where it does not say it.
    public static let standardWait = Duration.seconds(10)

    /// The most permits that a semaphore can have.
    public static let mostPermits = 1_000

    let core: LockCore

    /// Makes locks in a namespace of a store.
    ///
    /// - Parameters:
    ///   - store: Where they live: `.memory()`, `.redis(client)`.
    ///   - namespace: Their part of the store. The same namespace may be a cache's: they do not meet.
    ///   - logger: Where failures are reported that no caller hears of.
    public init(
        _ store: some LockStore,
        namespace: CacheNamespace,
        logger: Logger = Logger(label: "larder.locks")
    ) {
        self.core = LockCore(store.open(namespace), clock: store.clock, logger: logger)
    }

    // MARK: Sections

    /// Runs a section that nobody else runs at the same time, under the same name.
    ///
    /// The section runs in a task of its own, which is cancelled when the lock is lost or the caller is cancelled. The call
    /// returns when it has ended: a section that ignores its cancellation goes on, perhaps beside another holder's.
    /// While a cancelled section cleans up, its lease is still renewed.
    ///
    /// The lock is not reentrant: a section that asks for its own lock on the same ``Locks`` gets an error at once.
    ///
    /// - Parameters:
    ///   - name: What is locked.
    ///   - lease: How long the lock stands when its holder dies; between 10 ms and a day. A holder that is cut off from the
    ///     store is cancelled within this time.
    ///   - wait: How long to wait for the lock; zero for one attempt. The call takes at most this long and as long as
    ///     the store takes to answer or fail.
    ///   - body: The section.
    /// - Returns: What the section returned.
    /// - Throws: ``CacheError`` with ``CacheError/Code/lockNotAcquired`` where the lock was not free in time,
    ///   ``CacheError/Code/lockLost`` where it was lost before the section had ended (whatever the section returned or
    ///   threw, which is the underlying error then), ``CacheError/Code/lockReentered``,
    ///   ``CacheError/Code/unavailable`` where the store could not be asked, ``CacheError/Code/invalidKey``,
    ///   ``CacheError/Code/invalidArgument``; `CancellationError` where the caller was cancelled while it waited; what the
    ///   section throws.
    public func withLock<Value: Sendable>(
        _ name: String,
        lease: Duration = Locks.standardLease,
        wait: Duration = Locks.standardWait,
        _ body: @escaping @Sendable (FencingToken) async throws -> Value
    ) async throws -> Value {
        try await self.run(LockResource(.lock, name), permits: 1, lease, wait, body)
    }

    /// Runs a section that nobody else runs at the same time, or nothing where somebody does.
    ///
    /// For work that one process has to do and the others need not wait for.
    ///
    /// - Parameters:
    ///   - name: What is locked.
    ///   - lease: As in ``withLock(_:lease:wait:_:)``.
    ///   - body: The section.
    /// - Returns: What the section returned; `nil` where somebody else holds the lock.
    /// - Throws: As ``withLock(_:lease:wait:_:)``, but for ``CacheError/Code/lockNotAcquired``.
    public func withLockIfFree<Value: Sendable>(
        _ name: String,
        lease: Duration = Locks.standardLease,
        _ body: @escaping @Sendable (FencingToken) async throws -> Value
    ) async throws -> Value? {
        let resource = LockResource(.lock, name)
        let request = try self.request(resource, permits: 1, lease)
        guard let held = try await self.core.attempt(request) else { return nil }
        return try await self.core.section(request, held, body)
    }

    /// Runs a section that at most so many run at the same time, under the same name.
    ///
    /// A semaphore: everything that ``withLock(_:lease:wait:_:)`` says of the lock holds for the permit.
    ///
    /// - Parameters:
    ///   - name: What the permits are for. Locks of the same name have nothing to do with them.
    ///   - permits: How many may run at the same time, from 1 to ``mostPermits``. All who use the name should say the same
    ///     number; each is let in only while fewer than its own number are.
    ///   - lease: How long the permit stands when its holder dies.
    ///   - wait: How long to wait for a permit; zero for one attempt.
    ///   - body: The section.
    /// - Returns: What the section returned.
    /// - Throws: As ``withLock(_:lease:wait:_:)``.
    public func withPermit<Value: Sendable>(
        _ name: String,
        of permits: Int,
        lease: Duration = Locks.standardLease,
        wait: Duration = Locks.standardWait,
        _ body: @escaping @Sendable (FencingToken) async throws -> Value
    ) async throws -> Value {
        try await self.run(LockResource(.permits, name), permits: permits, lease, wait, body)
    }

    // MARK: Looking and forcing

    /// Whether anybody holds a lock.
    ///
    /// Old news when it arrives: for people and tests, not to decide by.
    ///
    /// - Parameter name: The lock's name.
    /// - Returns: Whether it is held.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` or ``CacheError/Code/invalidKey``.
    public func isLocked(_ name: String) async throws -> Bool { try await self.state(of: name).isHeld }

    /// Who holds a lock, under which token and for how long yet.
    ///
    /// - Parameter name: The lock's name.
    /// - Returns: What the store knows.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` or ``CacheError/Code/invalidKey``.
    public func state(of name: String) async throws -> LockState {
        try await self.core.state(of: LockResource(.lock, name))
    }

    /// Who holds permits.
    ///
    /// - Parameter name: The name that the permits are for.
    /// - Returns: What the store knows.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` or ``CacheError/Code/invalidKey``.
    public func state(ofPermits name: String) async throws -> LockState {
        try await self.core.state(of: LockResource(.permits, name))
    }

    /// Takes a lock away from whoever holds it, and wakes those who wait.
    ///
    /// For people who know that the holder is gone. One that lives learns of it at its next renewal, within a third of its
    /// lease, and runs beside the next holder until then.
    ///
    /// - Parameter name: The lock's name.
    /// - Returns: Whether anybody held it.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` or ``CacheError/Code/invalidKey``.
    @discardableResult
    public func forceRelease(_ name: String) async throws -> Bool {
        try await self.core.releaseAll(LockResource(.lock, name)) > 0
    }

    /// Takes all permits away from whoever holds them, and wakes those who wait.
    ///
    /// - Parameter name: The name that the permits are for.
    /// - Returns: How many were held.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable`` or ``CacheError/Code/invalidKey``.
    @discardableResult
    public func forceRelease(permits name: String) async throws -> Int {
        try await self.core.releaseAll(LockResource(.permits, name))
    }

    // MARK: Parts

    private func run<Value: Sendable>(
        _ resource: LockResource,
        permits: Int,
        _ lease: Duration,
        _ wait: Duration,
        _ body: @escaping @Sendable (FencingToken) async throws -> Value
    ) async throws -> Value {
        let request = try self.request(resource, permits: permits, lease)
        let held = try await self.core.acquire(request, wait: wait)
        return try await self.core.section(request, held, body)
    }

    private func request(_ resource: LockResource, permits: Int, _ lease: Duration) throws -> LockRequest {
        try KeyRules.check(resource.name)
        guard (1...Self.mostPermits).contains(permits) else {
            throw CacheError(.invalidArgument, "there can be 1 to \(Self.mostPermits) permits", key: resource.name)
        }
        guard lease >= .milliseconds(10), lease <= .seconds(86_400) else {
            throw CacheError(.invalidArgument, "a lease is between 10 ms and a day long", key: resource.name)
        }
        try HeldLocks.check(resource, of: ObjectIdentifier(self.core))
        return LockRequest(resource, owner: .random(), permits: permits, lease: lease)
    }
}
