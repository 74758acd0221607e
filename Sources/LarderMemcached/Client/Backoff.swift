import Larder

/// The pauses between attempts to connect: longer each time, shortened by chance.
struct Backoff {
    private let configuration: MemcachedConfiguration.Reconnect
    private(set) var failures = 0

    init(_ configuration: MemcachedConfiguration.Reconnect) {
        self.configuration = configuration
    }

    /// Begins anew: the connection works.
    mutating func reset() {
        self.failures = 0
    }

    /// The pause after one more failure, in nanoseconds.
    ///
    /// - Parameter chance: A random number from 0 to 1.
    /// - Returns: The pause.
    mutating func next(chance: Double) -> Int64 {
        let base = Double(self.configuration.base.wholeNanoseconds)
        let maximum = Double(self.configuration.maximum.wholeNanoseconds)
        // Beyond 2 to the 40th, every sensible base has long reached its maximum.
        let pause = min(base * Double(1 << Int64(min(self.failures, 40))), maximum)
        self.failures += 1
        return Int64(max(pause * (1 - self.configuration.jitter * chance), 1))
    }
}
