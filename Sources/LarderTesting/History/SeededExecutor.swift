import Dispatch
@_spi(Testing) import Larder
import Synchronization

/// Runs tasks one step at a time on one thread, in an order that a seed decides, and in no real time.
///
/// Whatever can go on waits in a queue; the next one is picked at random, so each seed is another interleaving, and the
/// same seed is always the same one. When nothing can go on, the clock moves to the next one who sleeps on it. So a
/// concurrent program whose tasks all run here, and which waits for nothing but its tasks and ``clock``, does the same in
/// every run:
///
/// ```swift
/// let executor = SeededExecutor(seed: 42)
/// let clock = CacheClock(executor.clock)
/// let answer = try await executor.run {
///     let cache = Cache(MemoryStore(limit: .entries(100), clock: clock), clock: clock)
///     async let first = cache.fetch("k") { 1 }
///     async let second = cache.fetch("k") { 2 }
///     return try await first + second
/// }
/// ```
///
/// The fills of a `Cache` that is used here run here too. Let nothing decide the order of events that differs between runs:
/// the order of a `Dictionary`, a random token, another thread. (What one step makes able to go on is put in the
/// order in which its tasks were made, so the order in which that step woke them does not matter.)
public final class SeededExecutor: TaskExecutor {
    private enum Ready {
        case job(UnownedJob)
        case turn(CheckedContinuation<Void, Never>)
    }

    private struct State {
        var random: SeededGenerator
        var ready: [Ready] = []
        /// What the step under way has made able to go on.
        var arrived: [UnownedJob] = []
        var isIdle = false
        var steps = 0

        mutating func takeNext() -> Ready? {
            if self.arrived.count > 1 { self.arrived.sort { $0.number < $1.number } }
            self.ready += self.arrived.map { .job($0) }
            self.arrived.removeAll(keepingCapacity: true)
            self.isIdle = self.ready.isEmpty
            guard !self.ready.isEmpty else { return nil }
            self.steps += 1
            self.ready.swapAt(Int.random(in: 0..<self.ready.count, using: &self.random), self.ready.count - 1)
            return self.ready.removeLast()
        }
    }

    /// The time of the run: it moves when nothing else can.
    public let clock = ManualClock()

    private let state: Mutex<State>
    private let arrival = DispatchSemaphore(value: 0)
    private let patience: Duration
    private let stepLimit: Int

    /// Makes an executor.
    ///
    /// - Parameters:
    ///   - seed: What decides the order.
    ///   - patience: How long, in real time, a run in which nothing can go on waits for other threads.
    ///   - stepLimit: How many steps a run may take before it counts as one that never ends.
    public init(seed: UInt64, patience: Duration = .seconds(2), stepLimit: Int = 5_000_000) {
        self.state = Mutex(State(random: SeededGenerator(seed: seed)))
        self.patience = patience
        self.stepLimit = stepLimit
    }

    /// How many steps have been taken.
    public var steps: Int { self.state.withLock { $0.steps } }

    /// Takes a step of a task.
    ///
    /// - Parameter job: The step.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wakes = self.state.withLock { state in
            state.arrived.append(job)
            return state.isIdle
        }
        if wakes { self.arrival.signal() }
    }

    /// Lets others go on before the calling task does.
    public func turn() async {
        await withCheckedContinuation { continuation in
            self.state.withLock { $0.ready.append(.turn(continuation)) }
        }
    }

    /// Runs `body` and all that it begins on this executor, on a thread of its own, until `body` has ended and nothing
    /// can go on any more.
    ///
    /// One run at a time.
    ///
    /// - Parameter body: What to run.
    /// - Returns: What it returns.
    /// - Throws: What it throws; ``SeededExecutorError`` where nothing can go on before `body` has ended, or the steps do
    ///   not end.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            // A thread that is running no task: a step cannot be run within another.
            DispatchQueue(label: "larder.seeded-executor").async {
                continuation.resume(with: Result { try self.drive(body) })
            }
        }
    }

    private final class Box<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    private func drive<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let box = Box<Value>()
        Task(executorPreference: self) {
            await TestExecutor.$current.withValue(self) {
                let result: Result<Value, any Error>
                do { result = .success(try await body()) } catch { result = .failure(error) }
                box.result.withLock { $0 = result }
            }
        }
        while true {
            if let next = self.state.withLock({ $0.takeNext() }) {
                switch next {
                case .job(let job): job.runSynchronously(on: self.asUnownedTaskExecutor())
                case .turn(let continuation): continuation.resume()
                }
                if self.steps > self.stepLimit { throw SeededExecutorError.endless(steps: self.stepLimit) }
            } else if let result = box.result.withLock({ $0 }) {
                return try result.get()
            } else if let deadline = self.clock.nextDeadline {
                self.clock.advance(to: deadline)
            } else if self.arrival.wait(timeout: .now() + (self.patience / .seconds(1))) == .timedOut {
                throw SeededExecutorError.stuck
            }
        }
    }
}

/// Why a run on a ``SeededExecutor`` was given up.
public enum SeededExecutorError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nothing can go on, nobody sleeps on the clock, and the run has not ended.
    case stuck
    /// The run took so many steps without ending.
    case endless(steps: Int)

    /// The reason in a sentence.
    public var description: String {
        switch self {
        case .stuck: "nothing can go on: tasks wait for each other, or for something that does not run here"
        case .endless(let steps): "the run has not ended after \(steps) steps"
        }
    }
}

extension UnownedJob {
    /// The number of the job's task: later tasks have greater ones.
    ///
    /// The runtime tells it in the description only.
    fileprivate var number: UInt64 {
        self.description.utf8.reduce(into: 0) { number, byte in
            if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                number = number &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
            }
        }
    }
}
