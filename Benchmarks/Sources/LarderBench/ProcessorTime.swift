import SystemClocks

/// Time that processors have worked.
enum ProcessorTime {
    /// What this process has used so far, all its threads together.
    ///
    /// On a machine whose neighbours take some of its time, what an operation costs in this moves less than how many
    /// there are in a second.
    static var ofProcess: Duration {
        .nanoseconds(process_cpu_nanoseconds())
    }
}
