import Logging
import Synchronization

// Running a section under a lock that was granted.
extension LockCore {
    /// Runs a section, renews its lease meanwhile, and gives the lock back.
    func section<Value: Sendable>(
        _ request: LockRequest,
        _ granted: GrantedLock,
        _ body: @escaping @Sendable (FencingToken) async throws -> Value
    ) async throws -> Value {
        let mark = HeldLock(request.resource, of: ObjectIdentifier(self), within: HeldLocks.innermost)
        let lease = LeaseKeeping(granted.lease)
        // No child of this task: while a cancelled section cleans up, its lease has to be renewed. It ends with the section.
        let keeper = Task { await self.keep(lease, of: request) }
        let (ended, keptUntilLoss) = await HeldLocks.$innermost.withValue(mark) {
            await self.run(granted.token, body, beside: keeper, lease)
        }
        mark.end()
        var loss = keptUntilLoss ?? (ended.wasInTime ? nil : .unconfirmed)
        if case .notHeld = await self.release(request), loss == nil { loss = .refused }
        guard let loss else { return try ended.result.get() }
        throw self.lost(request, loss, ended.result)
    }

    private func lost<Value>(
        _ request: LockRequest,
        _ loss: LockLoss,
        _ result: Result<Value, any Error>
    ) -> CacheError {
        let what = request.resource.kind == .lock ? "the lock" : "the permit"
        var underlying: (any Error)?
        // A cancellation is what the loss brought about.
        if case .failure(let error) = result, !(error is CancellationError) { underlying = error }
        return CacheError(
            .lockLost,
            "\(what) was lost before its section had ended, since \(loss.description)",
            key: request.resource.name,
            underlying: underlying
        )
    }

    // MARK: The section

    /// How a section ended.
    private struct Ended<Value: Sendable>: Sendable {
        var result: Result<Value, any Error>
        /// Whether the lease still stood then.
        var wasInTime: Bool
    }

    private enum Event<Value: Sendable>: Sendable {
        case ended(Ended<Value>)
        case kept(LockLoss?)
    }

    private func run<Value: Sendable>(
        _ token: FencingToken,
        _ body: @escaping @Sendable (FencingToken) async throws -> Value,
        beside keeper: Task<LockLoss?, Never>,
        _ lease: LeaseKeeping
    ) async -> (Ended<Value>, LockLoss?) {
        await withTaskGroup(of: Event<Value>.self) { group in
            group.addTask {
                let result: Result<Value, any Error>
                do {
                    result = .success(try await body(token))
                } catch {
                    result = .failure(error)
                }
                return .ended(Ended(result: result, wasInTime: lease.stands(at: self.clock.now)))
            }
            group.addTask { .kept(await keeper.value) }
            var ended: Ended<Value>?
            var loss: LockLoss?
            for await event in group {
                switch event {
                case .ended(let end):
                    ended = end
                    keeper.cancel()
                case .kept(let kept):
                    loss = kept
                    if kept != nil { group.cancelAll() }
                }
            }
            guard let ended else { preconditionFailure("a group ends when its tasks have") }
            return (ended, loss)
        }
    }

    // MARK: The lease

    /// Renews a lease until the task is cancelled or the lease is lost.
    ///
    /// - Returns: Why it was lost; `nil` where it was not.
    private func keep(_ lease: LeaseKeeping, of request: LockRequest) async -> LockLoss? {
        while !Task.isCancelled {
            switch lease.change({ $0.step(at: self.clock.now) }) {
            case .lost(let loss):
                return loss
            case .sleep(let moment):
                // Cancelled: the section has ended.
                guard (try? await self.clock.sleep(until: moment)) != nil else { return nil }
            case .renew(let end):
                await self.renew(lease, of: request, until: end)
            }
        }
        return nil
    }

    private func renew(_ lease: LeaseKeeping, of request: LockRequest, until end: CacheInstant) async {
        let sent = self.clock.now
        do {
            let stood = try await self.before(end) {
                try await self.space.renew(request.resource, owner: request.owner, lease: request.lease)
            }
            lease.change { if stood { $0.confirm(sent: sent) } else { $0.refuse() } }
        } catch is CancellationError {
            return
        } catch {
            self.logger.debug(
                "The lease of a lock could not be renewed; it is tried again until it ends",
                metadata: ["larder.lock": "\(request.resource.name)", "larder.error": "\(error)"]
            )
            lease.change { $0.fail(at: self.clock.now) }
        }
    }

    /// Waits for an answer, but not beyond a moment.
    ///
    /// - Throws: What the body throws; ``CacheError`` with ``CacheError/Code/unavailable`` at the moment;
    ///   `CancellationError`.
    private func before(
        _ moment: CacheInstant,
        _ body: @escaping @Sendable () async throws -> Bool
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await self.clock.sleep(until: moment)
                return nil
            }
            defer { group.cancelAll() }
            guard case .some(.some(let answer)) = try await group.next() else {
                throw CacheError(.unavailable, "the store did not answer before the lease ended")
            }
            return answer
        }
    }
}

/// What is known of a lease, by the task that renews it and by the one that it is renewed for.
private final class LeaseKeeping: Sendable {
    private let state: Mutex<HeldLease>

    init(_ lease: HeldLease) {
        self.state = Mutex(lease)
    }

    func stands(at moment: CacheInstant) -> Bool { self.state.withLock { $0.stands(at: moment) } }

    func change<Value: Sendable>(_ body: (inout HeldLease) -> Value) -> Value {
        self.state.withLock { lease in body(&lease) }
    }
}
