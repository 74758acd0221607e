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
        let section = HeldSection(request, granted.lease, of: ObjectIdentifier(self))
        let task = self.start(section, granted.token, body)
        // One that has ended at once needs no timer.
        let isWatched = !section.isOver
        if isWatched { self.watch(section) { task.cancel() } }
        let result = await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
        if isWatched {
            self.timers.withLock { $0.table.leave() }
            await section.endRenewals()
        }
        var loss = section.loss
        if case .notHeld = await self.release(request), loss == nil { loss = .refused }
        guard let loss else { return try result.get() }
        throw self.lost(request, loss, result)
    }

    /// Begins a section in a task of its own, which can be cancelled when the lock is lost; the caller waits for it.
    private func start<Value: Sendable>(
        _ section: HeldSection,
        _ token: FencingToken,
        _ body: @escaping @Sendable (FencingToken) async throws -> Value
    ) -> Task<Result<Value, any Error>, Never> {
        let isCancelled = Task.isCancelled
        return HeldLocks.$sections.withValue(HeldLocks.adding(section)) { () -> Task<Result<Value, any Error>, Never> in
            // Begun where its caller stands: no other thread has to be woken for it, and most sections are short.
            if #available(macOS 26.0, iOS 26.0, watchOS 26.0, tvOS 26.0, visionOS 26.0, *) {
                return Task.immediate { await self.run(section, token, body, isCancelled: isCancelled) }
            }
            return Task { await self.run(section, token, body, isCancelled: isCancelled) }
        }
    }

    private func run<Value: Sendable>(
        _ section: HeldSection,
        _ token: FencingToken,
        _ body: @Sendable (FencingToken) async throws -> Value,
        isCancelled: Bool
    ) async -> Result<Value, any Error> {
        if isCancelled { withUnsafeCurrentTask { $0?.cancel() } }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(token))
        } catch {
            result = .failure(error)
        }
        section.end(at: self.clock.now)
        return result
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

    // MARK: The lease

    /// Sees to it that the lease of a section is renewed, and that the section is cancelled where it is lost.
    private func watch(_ section: HeldSection, _ cancel: @escaping @Sendable () -> Void) {
        self.timers.withLock { $0.table.enter() }
        self.perform(section.watch(at: self.clock.now, cancel: cancel), section)
    }

    private func perform(_ action: SectionLease.Action, _ section: HeldSection) {
        switch action {
        case .nothing:
            break
        case .wake(let moment):
            self.schedule(section, at: moment)
        case .renew(let moment):
            self.schedule(section, at: moment)
            section.beginRenewal { Task { await self.renew(section) } }
        case .cancel:
            section.cancel()
        }
    }

    private func renew(_ section: HeldSection) async {
        let request = section.request
        let sent = self.clock.now
        var outcome = SectionLease.Renewal.failed
        do {
            let stood = try await self.space.renew(request.resource, owner: request.owner, lease: request.lease)
            outcome = stood ? .confirmed(sent: sent) : .refused
        } catch {
            if !Task.isCancelled {
                self.logger.debug(
                    "The lease of a lock could not be renewed; it is tried again until it ends",
                    metadata: ["larder.lock": "\(request.resource.name)", "larder.error": "\(error)"]
                )
            }
        }
        self.perform(section.endRenewal(outcome, at: self.clock.now), section)
    }

    // MARK: Timers

    /// Wakes a section at a moment.
    ///
    /// One task sleeps for all sections; it stays for those to come until the moment for which it sleeps.
    private func schedule(_ section: HeldSection, at moment: CacheInstant) {
        let replaced = self.timers.withLock { timers -> Task<Void, Never>? in
            guard timers.table.add(section, at: moment, isWanted: { $0.isWoken(at: $1) }) else { return nil }
            timers.generation += 1
            let (generation, clock) = (timers.generation, self.clock)
            defer {
                // Only made here; it runs when the lock is free. It serves others than the section that happens to make it,
                // so it has none of its task-local values.
                timers.sleeper = Task.detached { [weak self] in
                    // It sleeps through, unless it is replaced or nobody has these locks any more.
                    while let moment = self?.nextWake(generation), (try? await clock.sleep(until: moment)) != nil {
                        self?.wakeSections(generation)
                    }
                }
            }
            return timers.sleeper
        }
        replaced?.cancel()
    }

    private func nextWake(_ generation: Int) -> CacheInstant? {
        self.timers.withLock { $0.generation == generation ? $0.table.sleep() : nil }
    }

    private func wakeSections(_ generation: Int) {
        let now = self.clock.now
        let due = self.timers.withLock { $0.generation == generation ? $0.table.wake(at: now) : [] }
        for (section, moment) in due { self.perform(section.wake(for: moment, at: now), section) }
    }
}
