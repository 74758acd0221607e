#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Time that processors have worked.
enum ProcessorTime {
    /// What this process has used so far, all its threads together.
    ///
    /// On a machine whose neighbours take some of its time, what an operation costs in this moves less than how many
    /// there are in a second.
    static var ofProcess: Duration {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
