import Dispatch
import Foundation
import Synchronization
import SystemClocks

/// What one of many operations took.
struct Sample {
    /// From the first thread's start to the last one's end.
    var nanoseconds: Double
    /// While the thread ran, the mean over threads.
    ///
    /// What is left of a measurement where others use the machine too. Waiting for a lock is missing in it where the thread
    /// slept.
    var cpuNanoseconds: Double
    var hitRatio = 1.0
}

/// Runs `body` once in each of several threads at the same time.
///
/// - Returns: What one of the `operations` took that each thread does.
func measure(threads: Int, operations: Int, _ body: @escaping @Sendable (Int) -> Int) -> Sample {
    let ready = DispatchSemaphore(value: 0)
    let start = DispatchSemaphore(value: 0)
    let done = DispatchGroup()
    let sum = Mutex(0)
    let cpu = Mutex(0)
    for index in 0..<threads {
        done.enter()
        let thread = Thread {
            ready.signal()
            start.wait()
            let before = thread_cpu_nanoseconds()
            let result = body(index)
            let after = thread_cpu_nanoseconds()
            cpu.withLock { $0 += Int(after - before) }
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
    return Sample(
        nanoseconds: begin.duration(to: clock.now) / .nanoseconds(1) / Double(operations),
        cpuNanoseconds: Double(cpu.withLock(\.self)) / Double(operations * threads)
    )
}
