import Foundation

/// Runs a closure in so many threads at once, and waits for all.
func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    startThreads(count, body)()
}

/// Starts a closure in so many threads.
///
/// What runs for long, or waits for others, belongs here and not into a task: tasks share a few threads.
///
/// - Returns: Waits until all have ended.
func startThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) -> () -> Void {
    let done = DispatchGroup()
    for thread in 0..<count {
        done.enter()
        Thread {
            body(thread)
            done.leave()
        }.start()
    }
    return { done.wait() }
}
