import Larder
import Synchronization
import Testing

/// Writes of one moment become one step, and whoever is alone waits for nobody.
@Suite(.timeLimit(.minutes(10))) struct StepQueueTests {
    @Test func whoIsAloneDoesHisStepByHimself() async throws {
        let worker = RecordingWorker()
        let queue = StepQueue(worker, label: "test")
        let sum = try await queue.perform(for: "a") { _ in 1 + 1 }
        #expect(sum == 2)
        #expect(worker.batches == [.init(jobs: 1, mayWait: false)])
    }

    @Test func thoseWhoComeMeanwhileAreDoneTogether() async throws {
        let worker = RecordingWorker()
        let queue = StepQueue(worker, label: "test")
        let (begun, release) = (DispatchGate(), DispatchGate())
        async let first = queue.perform(for: "first") { _ in
            begun.open()
            release.wait()
            return 0
        }
        await begun.passed()
        let others = Task {
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 1...20 { group.addTask { try await queue.perform(for: "other") { _ in number } } }
                return try await group.reduce(0, +)
            }
        }
        while queue.waiting < 20 { await Task.yield() }
        release.open()
        let results = try await (first, others.value)
        #expect(results == (0, 210))
        #expect(worker.batches == [.init(jobs: 1, mayWait: false), .init(jobs: 20, mayWait: false)])
    }

    @Test func aStepThatWouldWaitMovesToAnotherThread() async throws {
        let worker = RecordingWorker(refusals: 2)
        let queue = StepQueue(worker, label: "test")
        let first = try await queue.perform(for: "a") { _ in 1 }
        let second = try await queue.perform(for: "a") { _ in 2 }
        let third = try await queue.perform(for: "a") { _ in 3 }
        #expect([first, second, third] == [1, 2, 3])
        #expect(worker.batches.map(\.mayWait) == [false, true, false, true, false])
    }

    @Test func whatAStepFailsWithEverybodyIsTold() async throws {
        let worker = RecordingWorker(failure: CacheError(.unavailable, "gone"))
        let queue = StepQueue(worker, label: "test")
        for _ in 0..<3 {
            let error = await #expect(throws: CacheError.self) { try await queue.perform(for: "a") { _ in 1 } }
            #expect(error?.code == .unavailable)
        }
    }

    @Test func anErrorOfOneJobIsItsOwn() async throws {
        let queue = StepQueue(RecordingWorker(), label: "test")
        await #expect(throws: CacheError.self) {
            try await queue.perform(for: "a") { _ -> Int in throw CacheError(.notAnInteger, "text") }
        }
        let next = try await queue.perform(for: "a") { _ in 1 }
        #expect(next == 1)
    }

    @Test func upkeepIsDoneBeforeTheNextStep() async throws {
        let worker = RecordingWorker(wantsUpkeep: true)
        let queue = StepQueue(worker, label: "test")
        for number in 0..<50 {
            let done = try await queue.perform(for: "a") { _ in worker.upkeeps }
            #expect(done == number)
        }
    }

    @Test func manyTasksEndAndEachHasItsOwnAnswer() async throws {
        let worker = RecordingWorker(refusals: 40)
        let queue = StepQueue(worker, label: "test")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for task in 0..<200 {
                group.addTask {
                    for step in 0..<50 {
                        let answer = try await queue.perform(for: "a") { _ in task * 100 + step }
                        if answer != task * 100 + step { return false }
                    }
                    return true
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
        let done = worker.done
        #expect(done == 10_000)
        #expect(queue.waiting == 0)
    }
}

/// Opens once; those who wait on a thread and those who wait in a task all pass.
private final class DispatchGate: Sendable {
    private let isOpen = Atomic(false)

    func open() { self.isOpen.store(true, ordering: .releasing) }

    func wait() {
        while !self.isOpen.load(ordering: .acquiring) {}
    }

    func passed() async {
        while !self.isOpen.load(ordering: .acquiring) { await Task.yield() }
    }
}

/// Does jobs, and remembers how.
private final class RecordingWorker: StepWorker {
    struct Batch: Equatable {
        let jobs: Int
        let mayWait: Bool
    }

    private struct State {
        var batches: [Batch] = []
        var refusals: Int
        var upkeeps = 0
        var done = 0
        var isRunning = false
    }

    private let state: Mutex<State>
    private let failure: CacheError?
    private let wantsUpkeep: Bool

    init(refusals: Int = 0, failure: CacheError? = nil, wantsUpkeep: Bool = false) {
        self.state = Mutex(State(refusals: refusals))
        self.failure = failure
        self.wantsUpkeep = wantsUpkeep
    }

    var batches: [Batch] { self.state.withLock { $0.batches } }
    var upkeeps: Int { self.state.withLock { $0.upkeeps } }
    var done: Int { self.state.withLock { $0.done } }

    func run(_ jobs: [StepJob], mayWait: Bool) -> StepOutcome {
        let isRefused = self.state.withLock { state in
            precondition(!state.isRunning, "two steps at the same time")
            state.batches.append(Batch(jobs: jobs.count, mayWait: mayWait))
            guard !mayWait, state.refusals > 0 else {
                state.isRunning = true
                return false
            }
            state.refusals -= 1
            return true
        }
        if isRefused { return .wouldWait }
        let step = EmptyStep()
        for job in jobs {
            job.run(step)
            if let failure { job.fail(failure) }
        }
        self.state.withLock { state in
            state.isRunning = false
            state.done += jobs.count
        }
        return .done(wantsUpkeep: self.wantsUpkeep)
    }

    func upkeep() { self.state.withLock { $0.upkeeps += 1 } }
}

/// A step in a store where nothing is and nothing stays.
private final class EmptyStep: StoreStep {
    let now: Int64 = 0
    var endedLeases: [StoreKey] = []
    var voidsLeases = false

    func stamp() throws -> KeptStamp? { nil }
    func put(_ stamp: KeptStamp) throws {}
    func tag(_ name: String) throws -> KeptTag? { nil }
    func put(_ tag: KeptTag, for name: String) throws {}
    func entry(_ key: StoreKey) throws -> KeptEntry? { nil }
    func hasEntry(_ key: StoreKey) throws -> Bool { false }
    func put(_ entry: KeptEntry, for key: StoreKey) throws {}
    func removeEntry(_ key: StoreKey) throws -> Bool { false }
    func lease(_ key: StoreKey) throws -> KeptLease? { nil }
    func put(_ lease: KeptLease, for key: StoreKey) throws {}
    func removeLease(_ key: StoreKey) throws -> Bool { false }
    func keys(after position: Int64?) throws -> (keys: [StoreKey], next: Int64?) { ([], nil) }
    func noteForTending(_ key: StoreKey) {}
}
