import Logging
import Synchronization

/// What copies of one ``Locks`` share: the part of the store, the lines in which this process's tasks wait, and the timers
/// of the leases that it holds.
final class LockCore: Sendable {
    struct Timers {
        var table = LeaseTimetable<HeldSection>()
        /// Sleeps until the next section is to be woken.
        var sleeper: Task<Void, Never>?
        /// Tells the sleeper from those that it has replaced.
        var generation = 0
    }

    let space: any LockNamespace
    let lines: LockLines
    let clock: CacheClock
    let logger: Logger
    let timers = Mutex(Timers())

    /// How long it is tried to give a lock back.
    static let releaseLimit = Duration.seconds(2)
    /// How long it is tried to give up; after about as long, stores refuse a question that is still on its way.
    static let abandonLimit = Duration.seconds(1)

    init(_ space: any LockNamespace, clock: CacheClock, logger: Logger) {
        self.space = space
        self.lines = LockLines(clock: clock)
        self.clock = clock
        self.logger = logger
    }

    deinit {
        self.timers.withLock(\.sleeper)?.cancel()
    }

    func state(of resource: LockResource) async throws -> LockState {
        try KeyRules.check(resource.name)
        return try await self.space.state(of: resource)
    }

    func releaseAll(_ resource: LockResource) async throws -> Int {
        try KeyRules.check(resource.name)
        return try await self.space.releaseAll(resource)
    }
}
