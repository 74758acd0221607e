/// A lock that was granted, and what is known of its lease.
struct GrantedLock: Sendable {
    var token: FencingToken
    var lease: HeldLease
}

// Getting a lock.
extension LockCore {
    /// Asks once.
    ///
    /// - Returns: The lock; `nil` where others hold it.
    func attempt(_ request: LockRequest) async throws -> GrantedLock? {
        do {
            return try await self.ask(request).granted
        } catch {
            // It may have been granted, with the answer lost on its way, or may yet be.
            await self.abandon(request)
            throw error
        }
    }

    /// Asks, and waits in line where others hold it.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/lockNotAcquired`` where it was not free in time, what the store threw
    ///   last where that could not be asked; `CancellationError`.
    func acquire(_ request: LockRequest, wait: Duration) async throws -> GrantedLock {
        guard wait > .zero else {
            if let granted = try await self.attempt(request) { return granted }
            throw Self.notAcquired(request)
        }
        let deadline = self.clock.now.advanced(by: wait)
        let place = self.lines.join(request.resource)
        defer { self.lines.leave(place) }
        // Whoever comes first need not be told.
        while let wake = place.wake, !self.lines.isFirst(place) {
            let left = self.clock.now.duration(to: deadline)
            guard left > .zero else { throw Self.notAcquired(request) }
            try await wake.wait(atMost: left)
        }
        // What decides whether there may be anything to give back.
        var isUnclear = false
        do {
            return try await self.acquire(request, at: place, until: deadline, &isUnclear)
        } catch {
            if isUnclear { await self.abandon(request) }
            throw error
        }
    }

    /// Asks until it is granted, as the first of a line.
    private func acquire(
        _ request: LockRequest,
        at place: LockLines.Place,
        until deadline: CacheInstant,
        _ isUnclear: inout Bool
    ) async throws -> GrantedLock {
        var pacing = LockPacing()
        var failure: CacheError?
        while true {
            var firstEnd: Duration?
            let wasUnclear = isUnclear
            do {
                isUnclear = true
                switch try await self.ask(request) {
                case .granted(let granted): return granted
                case .held(let duration): firstEnd = duration
                }
                // A question before this one may be on its way yet.
                isUnclear = wasUnclear
                failure = nil
                pacing.heard()
            } catch let error as CacheError where error.code == .unavailable {
                failure = error
            }
            let left = self.clock.now.duration(to: deadline)
            guard left > .zero else { throw failure ?? Self.notAcquired(request) }
            let pause: Duration
            if let firstEnd {
                // A moment more than the lease: an answer at its very end would be the same.
                let end = firstEnd + .milliseconds(1)
                if let signal = self.lines.signal(for: place) {
                    try await signal.wait(atMost: min(end, left))
                    continue
                }
                if pacing.shouldListen, let signal = try await self.space.listen(for: request.resource) {
                    // What was given back before this is not told: look again.
                    self.lines.keep(signal, for: place)
                    continue
                }
                pause = min(pacing.isDeaf(), end)
            } else {
                pause = pacing.failed()
            }
            try await self.clock.sleep(until: self.clock.now.advanced(by: min(pause, left)))
        }
    }

    private enum Answer {
        case granted(GrantedLock)
        case held(Duration)

        var granted: GrantedLock? {
            if case .granted(let lock) = self { lock } else { nil }
        }
    }

    private func ask(_ request: LockRequest) async throws -> Answer {
        let sent = self.clock.now
        switch try await self.space.acquire(request) {
        case .held(let duration):
            return .held(duration)
        case .granted(let token):
            let lease = HeldLease(lease: request.lease, sent: sent)
            // What took so long to arrive that it is over already is asked for again.
            guard lease.stands(at: self.clock.now) else {
                throw CacheError(
                    .unavailable,
                    "the lock was granted too late to be of use",
                    key: request.resource.name
                )
            }
            return .granted(GrantedLock(token: token, lease: lease))
        }
    }

    private static func notAcquired(_ request: LockRequest) -> CacheError {
        let what = request.resource.kind == .lock ? "the lock is held by another" : "all permits are taken"
        return CacheError(.lockNotAcquired, what, key: request.resource.name)
    }
}
