import Dispatch
import Synchronization

/// What executes the steps of a store, some of them at a time.
///
/// It is never called by two threads at the same time.
package protocol StepWorker: Sendable {
    /// Does jobs as one step, one after the other, and tells each what has become of it.
    ///
    /// - Parameters:
    ///   - jobs: The jobs.
    ///   - mayWait: Whether it may wait for other processes. If not, and it would have to, it does nothing.
    /// - Returns: What is to be done then.
    func run(_ jobs: [StepJob], mayWait: Bool) -> StepOutcome

    /// Does what ``StepOutcome/done(wantsUpkeep:)`` has asked for; it may wait for the disk.
    func upkeep()
}

/// What has become of an attempt to do a step.
package enum StepOutcome: Sendable {
    /// All jobs have been told what has become of them.
    case done(wantsUpkeep: Bool)
    /// Nothing was done.
    case wouldWait
}

/// Something to be done in a step.
package struct StepJob: Sendable {
    /// Does it, and keeps what comes of it until the step has succeeded.
    package let run: @Sendable (any StoreStep) -> Void
    /// The step has failed: whatever `run` has kept is not true.
    package let fail: @Sendable (any Error) -> Void
    /// What the worker has to know to set up the step: whose namespace it is about.
    package let owner: any Sendable
}

/// Brings the steps of a store one behind the other, and those that come while one is under way together into the next.
///
/// Who comes when nobody is there leads: it does its own step on its own thread, which costs neither a change of threads nor
/// a suspension, and then hands over to the first of those who have come meanwhile, who leads for all of them. So under load
/// a transaction carries as many writes as have waited for the one before it ("group commit"), and without load nobody waits.
///
/// A step on the leader's thread never waits for another process; where it would, it moves to a thread that may, while the
/// leader is suspended. So does what has to wait for the disk.
package final class StepQueue: Sendable {
    private typealias Turn = CheckedContinuation<[Place]?, Never>

    /// A job in the queue, and who waits for it; nobody for the leader's own.
    private struct Place: Sendable {
        let job: StepJob
        var turn: Turn?
    }

    private struct State {
        var isLed = false
        var places: [Place] = []

        mutating func lead() -> Bool {
            if self.isLed { return false }
            self.isLed = true
            return true
        }

        /// Takes those who are to be done next; nobody leads any longer where there are none.
        mutating func takeNext() -> [Place] {
            if self.places.isEmpty { self.isLed = false }
            let next = Array(self.places.prefix(StepQueue.mostJobs))
            self.places.removeFirst(next.count)
            return next
        }
    }

    /// How many jobs a step has at most: each of them waits for all of them.
    private static let mostJobs = 256

    private let worker: any StepWorker
    private let state = Mutex(State())
    private let thread: DispatchQueue

    /// - Parameters:
    ///   - worker: What executes the steps.
    ///   - label: The name of the thread on which it may wait.
    package init(_ worker: any StepWorker, label: String) {
        self.worker = worker
        self.thread = DispatchQueue(label: label)
    }

    /// Does something in a step.
    ///
    /// - Parameters:
    ///   - owner: What the worker has to know.
    ///   - body: What to do.
    /// - Returns: What it returns, when the step has succeeded.
    /// - Throws: What it throws; what the step as a whole has failed with.
    package func perform<Result: Sendable>(
        for owner: any Sendable,
        _ body: @escaping @Sendable (any StoreStep) throws -> Result
    ) async throws -> Result {
        let outcome = JobOutcome<Result>()
        let job = StepJob(
            run: { step in outcome.set(Swift.Result { try body(step) }) },
            fail: { outcome.set(.failure($0)) },
            owner: owner
        )
        if self.state.withLock({ $0.lead() }) {
            await self.lead([Place(job: job, turn: nil)])
        } else {
            let places: [Place]? = await withCheckedContinuation { turn in
                let leadsNow = self.state.withLock { state in
                    if state.lead() { return true }
                    state.places.append(Place(job: job, turn: turn))
                    return false
                }
                if leadsNow { turn.resume(returning: [Place(job: job, turn: nil)]) }
            }
            // Woken to lead for all of these.
            if let places { await self.lead(places) }
        }
        return try outcome.get()
    }

    /// How many wait for the step under way to end.
    package var waiting: Int { self.state.withLock { $0.places.count } }

    private func lead(_ places: [Place]) async {
        let jobs = places.map(\.job)
        var outcome = self.worker.run(jobs, mayWait: false)
        if case .wouldWait = outcome {
            outcome = await withCheckedContinuation { done in
                self.thread.async { done.resume(returning: self.worker.run(jobs, mayWait: true)) }
            }
        }
        for place in places { place.turn?.resume(returning: nil) }
        if case .done(wantsUpkeep: true) = outcome {
            // The leader's own caller does not wait for this, the next steps do.
            self.thread.async {
                self.worker.upkeep()
                self.handOver()
            }
        } else {
            self.handOver()
        }
    }

    /// Lets the first of those who wait lead for all of them.
    private func handOver() {
        var next = self.state.withLock { $0.takeNext() }
        guard let turn = next.first?.turn else { return }
        next[0].turn = nil
        turn.resume(returning: next)
    }

    /// Does something on the thread that may wait for the disk and for other processes.
    package func onThread<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { done in
            self.thread.async { done.resume(with: Swift.Result { try body() }) }
        }
    }
}

/// What has become of a job, between the thread that did it and the task that waits for it.
private final class JobOutcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)

    func set(_ result: Result<Value, any Error>) { self.result.withLock { $0 = result } }

    func get() throws -> Value {
        guard let result = self.result.withLock({ $0 }) else {
            preconditionFailure("A worker tells every job what has become of it")
        }
        return try result.get()
    }
}
