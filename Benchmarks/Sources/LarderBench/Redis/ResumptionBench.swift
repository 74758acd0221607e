import Foundation
import Synchronization

/// What the tasks themselves cost: they wait, a thread resumes all that wait, and so on, with nothing in between.
///
/// No client whose replies are awaited by tasks can do more commands in a second than this, whatever it does else.
/// Beside `redis-benchmark`, which has no tasks, it tells what a machine allows.
struct ResumptionBench {
    private typealias Waiter = UnsafeContinuation<Void, Never>

    private final class Queue: Sendable {
        let waiters = Mutex<[Waiter]>([])
        let left: Atomic<Int>

        init(tasks: Int) {
            self.left = Atomic(tasks)
        }

        func wait() async {
            await withUnsafeContinuation { waiter in
                self.waiters.withLock { $0.append(waiter) }
            }
        }

        /// Resumes whoever waits, until no task is left.
        func serve() {
            var batch: [Waiter] = []
            while self.left.load(ordering: .acquiring) > 0 {
                self.waiters.withLock { swap(&$0, &batch) }
                if batch.isEmpty { usleep(20) }
                for waiter in batch { waiter.resume() }
                batch.removeAll(keepingCapacity: true)
            }
        }
    }

    /// How often in a second so many tasks can be suspended and resumed.
    static func rate(tasks: Int, seconds: Double) async -> Double {
        let queue = Queue(tasks: tasks)
        let thread = Thread { queue.serve() }
        thread.start()
        let clock = ContinuousClock()
        let start = clock.now
        let end = start.advanced(by: .seconds(seconds))
        let rounds = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    var rounds = 0
                    while clock.now < end {
                        for _ in 0..<8 { await queue.wait() }
                        rounds += 8
                    }
                    queue.left.subtract(1, ordering: .releasing)
                    return rounds
                }
            }
            return await group.reduce(0, +)
        }
        return Double(rounds) / start.duration(to: clock.now).microseconds * 1_000_000
    }
}
