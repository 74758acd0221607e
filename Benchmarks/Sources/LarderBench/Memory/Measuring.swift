import Foundation
import Synchronization

/// Runs `body` once in each of several threads at the same time.
///
/// - Returns: Nanoseconds for one of the `operations` that each thread does.
func measure(threads: Int, operations: Int, _ body: @escaping @Sendable (Int) -> Int) -> Double {
    let ready = DispatchSemaphore(value: 0)
    let start = DispatchSemaphore(value: 0)
    let done = DispatchGroup()
    let sum = Mutex(0)
    for index in 0..<threads {
        done.enter()
        let thread = Thread {
            ready.signal()
            start.wait()
            let result = body(index)
            // Used, so that the work cannot be left out.
            sum.withLock { $0 &+= result }
            done.leave()
        }
        thread.start()
    }
    for _ in 0..<threads { ready.wait() }
    let clock = ContinuousClock()
    let begin = clock.now
    for _ in 0..<threads { start.signal() }
    done.wait()
    return begin.duration(to: clock.now) / .nanoseconds(1) / Double(operations)
}
