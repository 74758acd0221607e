import Logging

/// What copies of one ``Locks`` share: the part of the store, and the lines in which this process's tasks wait.
final class LockCore: Sendable {
    let space: any LockNamespace
    let lines: LockLines
    let clock: CacheClock
    let logger: Logger

    /// How long it is tried to give a lock back.
    static let releaseLimit = Duration.seconds(2)

    init(_ space: any LockNamespace, clock: CacheClock, logger: Logger) {
        self.space = space
        self.lines = LockLines(clock: clock)
        self.clock = clock
        self.logger = logger
    }

    func state(of resource: LockResource) async throws -> LockState {
        try KeyRules.check(resource.name)
        return try await self.space.state(of: resource)
    }

    func releaseAll(_ resource: LockResource) async throws -> Int {
        try KeyRules.check(resource.name)
        return try await self.space.releaseAll(resource)
    }

    // MARK: Giving back

    /// What became of an attempt to give a lock back.
    enum Release {
        case done
        /// The store says that it was not held.
        case notHeld
        /// Nobody knows; its lease ends by itself.
        case unknown
    }

    /// Gives a lock back, also when the caller is cancelled; ends within ``releaseLimit`` and one answer of the store.
    func release(_ request: LockRequest) async -> Release {
        // A task of its own is what the caller's cancellation does not reach; it is waited for here.
        await Task { await self.tryToRelease(request) }.value
    }

    /// Gives back what may have been granted with an answer that was lost, also when the caller is cancelled.
    ///
    /// Tries once: mostly there is nothing to give back, and what there is ends with its lease.
    func releaseInDoubt(_ request: LockRequest) async {
        await Task {
            do {
                _ = try await self.space.release(request.resource, owner: request.owner)
            } catch {
                self.logger.debug(
                    "A lock that may have been granted could not be released",
                    metadata: ["larder.lock": "\(request.resource.name)", "larder.error": "\(error)"]
                )
            }
        }.value
    }

    private func tryToRelease(_ request: LockRequest) async -> Release {
        let limit = self.clock.now.advanced(by: min(request.lease, Self.releaseLimit))
        var pause = Duration.milliseconds(5)
        var isRepetition = false
        while true {
            do {
                let wasHeld = try await self.space.release(request.resource, owner: request.owner)
                // An earlier attempt may have been carried out although its answer was lost.
                return wasHeld || isRepetition ? .done : .notHeld
            } catch {
                let next = self.clock.now.advanced(by: pause)
                // Slept through, for lack of anybody to cancel it.
                guard next < limit, (try? await self.clock.sleep(until: next)) != nil else {
                    self.logger.warning(
                        "A lock could not be released; its lease ends by itself",
                        metadata: ["larder.lock": "\(request.resource.name)", "larder.error": "\(error)"]
                    )
                    return .unknown
                }
                pause = min(pause * 2, .milliseconds(200))
                isRepetition = true
            }
        }
    }
}
