#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The time of day, in milliseconds since 1970: the machine's, or one that a test has set wrong.
package struct WallClock: Sendable {
    private let read: @Sendable () -> Int64

    /// Takes the time from `read`.
    ///
    /// - Parameter read: Says the time, in milliseconds since 1970.
    package init(_ read: @escaping @Sendable () -> Int64) {
        self.read = read
    }

    /// The time.
    package var now: Int64 { self.read() }

    /// The machine's.
    package static let system = WallClock {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000 &+ Int64(time.tv_nsec) / 1_000_000
    }
}
