import SystemClocks

/// The machine's own clock: the same for all processes, and never set.
enum SystemTime {
    /// Nanoseconds since some moment before all processes began.
    static var nanoseconds: UInt64 {
        UInt64(monotonic_nanoseconds())
    }

    /// Milliseconds from one moment to another, which may have come first.
    static func milliseconds(from start: UInt64, to end: UInt64) -> Double {
        (Double(end) - Double(start)) / 1e6
    }

    /// Suspends until a moment.
    static func sleep(until moment: UInt64) async throws {
        let now = Self.nanoseconds
        if moment > now { try await Task.sleep(for: .nanoseconds(Int64(moment - now))) }
    }
}
