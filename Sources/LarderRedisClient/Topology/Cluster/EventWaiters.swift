import NIOCore
import Synchronization

/// Tasks that wait for the same event, each until its own deadline.
final class EventWaiters<Outcome: Sendable>: Sendable {
    /// What ended a wait.
    enum Ending: Sendable {
        case outcome(Outcome)
        case timedOut
        case cancelled
    }

    private struct State {
        var waiting: [UInt64: UnsafeContinuation<Ending, Never>] = [:]
        var next: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Waits for the next event.
    ///
    /// - Parameters:
    ///   - deadline: When to wait no longer.
    ///   - eventLoop: Where the time is kept.
    ///   - started: Called once this task is sure to hear of the event.
    /// - Returns: What ended the wait.
    func wait(until deadline: MonotonicTime, on eventLoop: any EventLoop, started: () -> Void) async -> Ending {
        let id = self.state.withLock { state in
            state.next += 1
            return state.next
        }
        let delay = max(deadline.nanoseconds - MonotonicTime.now.nanoseconds, 0)
        var timer: Scheduled<Void>?
        let ending = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                self.state.withLock { $0.waiting[id] = continuation }
                timer = eventLoop.scheduleTask(in: .nanoseconds(delay)) { self.end(id, .timedOut) }
                if Task.isCancelled { self.end(id, .cancelled) }
                started()
            }
        } onCancel: {
            self.end(id, .cancelled)
        }
        timer?.cancel()
        return ending
    }

    private func end(_ id: UInt64, _ ending: Ending) {
        self.state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: ending)
    }

    /// Ends the waiting of all.
    func wake(_ outcome: Outcome) {
        let waiting = self.state.withLock { state in
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(returning: .outcome(outcome)) }
    }
}
