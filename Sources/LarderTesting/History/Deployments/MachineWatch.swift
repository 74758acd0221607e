import Larder

/// Notes when the machine lets nobody go on: a task that sleeps for some milliseconds again and again wakes up late then, as
/// every other task does.
struct MachineWatch: Sendable {
    /// How long the task sleeps.
    private static let nap = Duration.milliseconds(4)

    /// What is too short to be noted.
    private static let tolerance = Duration.milliseconds(2)

    let history: HistoryControl

    /// Watches until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let due = ContinuousClock.now.advanced(by: Self.nap)
            // Who is cancelled stops at the next look.
            try? await Task.sleep(until: due, tolerance: .zero, clock: .continuous)
            let lateness = due.duration(to: .now)
            if lateness > Self.tolerance, !Task.isCancelled { self.history.noteStall(of: lateness) }
        }
    }
}
