import SystemClocks

/// The times of single operations, to find the longest: in all, and without what other threads took.
struct OperationTimes {
    private(set) var wall = TimeHistogram()
    private(set) var cpu = TimeHistogram()

    @inline(__always)
    mutating func measure(_ operation: () -> Void) {
        let cpu = thread_cpu_nanoseconds()
        let wall = monotonic_nanoseconds()
        operation()
        self.wall.add(Int(monotonic_nanoseconds() - wall))
        self.cpu.add(Int(thread_cpu_nanoseconds() - cpu))
    }
}

/// How many operations took how long, to a thirty-second, in a fixed amount of memory.
struct TimeHistogram {
    private(set) var longest = 0
    private(set) var count = 0
    private(set) var overOneMillisecond = 0
    private var buckets = [Int](repeating: 0, count: 64 * Self.stepsPerDoubling)

    private static let stepsPerDoubling = 32

    mutating func add(_ nanoseconds: Int) {
        let time = max(1, nanoseconds)
        self.longest = max(self.longest, time)
        self.count += 1
        if time > 1_000_000 { self.overOneMillisecond += 1 }
        self.buckets[Self.bucket(time)] += 1
    }

    /// The nanoseconds that so great a part of the operations, between 0 and 1, did not exceed.
    func percentile(_ fraction: Double) -> Int {
        var remaining = Int(Double(self.count) * (1 - fraction))
        for bucket in self.buckets.indices.reversed() {
            remaining -= self.buckets[bucket]
            if remaining < 0 { return min(self.longest, Self.end(of: bucket)) }
        }
        return 0
    }

    private static func bucket(_ time: Int) -> Int {
        let exponent = Int.bitWidth - 1 - time.leadingZeroBitCount
        let step = ((time - (1 << exponent)) * Self.stepsPerDoubling) >> exponent
        return exponent * Self.stepsPerDoubling + step
    }

    private static func end(of bucket: Int) -> Int {
        let (exponent, step) = bucket.quotientAndRemainder(dividingBy: Self.stepsPerDoubling)
        return (1 << exponent) + ((step + 1) << exponent) / Self.stepsPerDoubling
    }
}
