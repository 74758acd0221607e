import Synchronization

/// A clock that stands still until a test moves it.
///
/// Time starts at zero and goes on only by `advance(by:)` and `advance(to:)`. Whoever sleeps on the clock is woken when
/// the clock is moved to or past its deadline, earliest deadline first, and among equal deadlines in the order in which
/// they fell asleep. `waitForSleepers(_:)` tells a test that its subject has reached its sleep, so that moving the clock
/// too early cannot happen:
///
/// ```swift
/// let clock = ManualClock()
/// async let answer = subject.run(clock: clock)
/// try await clock.waitForSleepers()
/// clock.advance(by: .seconds(30))
/// ```
///
/// A task that sleeps again and again is woken once by one move, however far it goes: its next deadline counts from the
/// time it finds when it wakes.
public final class ManualClock: Clock {
    /// A moment on a manual clock, counted from the clock's making.
    public struct Instant: InstantProtocol {
        /// The time from the clock's making to this moment.
        public var offset: Duration

        /// The moment `offset` after the clock's making.
        ///
        /// - Parameter offset: The time from the clock's making.
        public init(offset: Duration) {
            self.offset = offset
        }

        /// The moment `duration` after this one.
        ///
        /// - Parameter duration: How far to go; a negative duration goes back.
        /// - Returns: The moment there.
        public func advanced(by duration: Duration) -> Instant {
            .init(offset: self.offset + duration)
        }

        /// How long it is from this moment to another; positive when `other` is later.
        ///
        /// - Parameter other: The moment to measure to.
        /// - Returns: The time between the two.
        public func duration(to other: Instant) -> Duration {
            other.offset - self.offset
        }

        /// Whether one moment is earlier than another.
        public static func < (left: Instant, right: Instant) -> Bool {
            left.offset < right.offset
        }
    }

    private struct Sleeper {
        var id: UInt64
        var deadline: Instant
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        var id: UInt64
        var count: Int
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Instant(offset: .zero)
        var nextID: UInt64 = 0
        /// By deadline, then by arrival.
        var sleepers: [Sleeper] = []
        var watchers: [Watcher] = []

        mutating func makeID() -> UInt64 {
            defer { self.nextID += 1 }
            return self.nextID
        }

        mutating func add(_ sleeper: Sleeper) {
            let index = self.sleepers.firstIndex { $0.deadline > sleeper.deadline } ?? self.sleepers.endIndex
            self.sleepers.insert(sleeper, at: index)
        }

        mutating func takeDue() -> [Sleeper] {
            let end = self.sleepers.firstIndex { $0.deadline > self.now } ?? self.sleepers.endIndex
            defer { self.sleepers.removeSubrange(..<end) }
            return Array(self.sleepers[..<end])
        }

        mutating func takeSatisfiedWatchers() -> [Watcher] {
            let count = self.sleepers.count
            let satisfied = self.watchers.filter { $0.count <= count }
            self.watchers.removeAll { $0.count <= count }
            return satisfied
        }
    }

    private let state = Mutex(State())

    /// Makes a clock whose time is zero.
    public init() {}

    /// The time to which the clock was last moved.
    public var now: Instant { self.state.withLock { $0.now } }

    /// A nanosecond: the clock shows exactly the time it was moved to.
    public var minimumResolution: Duration { .nanoseconds(1) }

    /// How many tasks sleep on the clock.
    public var sleeperCount: Int { self.state.withLock { $0.sleepers.count } }

    /// The deadline of the sleeper that is woken next; `nil` when nothing sleeps.
    public var nextDeadline: Instant? { self.state.withLock { $0.sleepers.first?.deadline } }

    /// Suspends until the clock is moved to `deadline` or past it; returns at once when it already stands there.
    ///
    /// - Parameters:
    ///   - deadline: When to wake.
    ///   - tolerance: Ignored, the clock is exact.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
        let id = self.state.withLock { $0.makeID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Next {
                    case resume
                    case cancel
                    case wake([Watcher])
                }
                let next = self.state.withLock { state -> Next in
                    // Asked under the lock: a cancellation comes either before, and is seen here, or after, and then
                    // its handler finds the sleeper.
                    if Task.isCancelled { return .cancel }
                    if deadline <= state.now { return .resume }
                    state.add(.init(id: id, deadline: deadline, continuation: continuation))
                    return .wake(state.takeSatisfiedWatchers())
                }
                switch next {
                case .resume: continuation.resume()
                case .cancel: continuation.resume(throwing: CancellationError())
                case .wake(let watchers): for watcher in watchers { watcher.continuation.resume() }
                }
            }
        } onCancel: {
            let sleeper = self.state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else { return nil }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Moves the clock on and wakes who is due.
    ///
    /// - Parameter duration: How far to move; not negative, time does not run backwards.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "A clock does not run backwards.")
        self.move { $0.advanced(by: duration) }
    }

    /// Moves the clock to a moment and wakes who is due.
    ///
    /// - Parameter instant: The moment to move to; one in the past leaves the clock where it is.
    public func advance(to instant: Instant) {
        self.move { max($0, instant) }
    }

    /// Suspends until at least a number of tasks sleep on the clock at the same time.
    ///
    /// - Parameter count: How many sleepers to wait for.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func waitForSleepers(_ count: Int = 1) async throws {
        let id = self.state.withLock { $0.makeID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = self.state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.sleepers.count >= count { return .success(()) }
                    state.watchers.append(.init(id: id, count: count, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let watcher = self.state.withLock { state -> Watcher? in
                guard let index = state.watchers.firstIndex(where: { $0.id == id }) else { return nil }
                return state.watchers.remove(at: index)
            }
            watcher?.continuation.resume(throwing: CancellationError())
        }
    }

    private func move(_ target: (Instant) -> Instant) {
        let due = self.state.withLock { state in
            state.now = target(state.now)
            return state.takeDue()
        }
        for sleeper in due { sleeper.continuation.resume() }
    }
}
