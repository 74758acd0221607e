/// Tasks that do the same thing with one key after the other, each from a place of its own, for a while.
struct SQLiteLoad: Sendable {
    let keys: [String]
    let tasks: Int
    let seconds: Double

    struct Sample: Sendable {
        let operationsPerSecond: Double
        /// Microseconds.
        let p50: Double
        let p99: Double
    }

    func measure(_ operation: @escaping @Sendable (String) async throws -> Void) async throws -> Sample {
        let clock = ContinuousClock()
        let begin = clock.now
        let end = begin.advanced(by: .seconds(self.seconds))
        let results = try await withThrowingTaskGroup(of: (count: Int, times: [Double]).self) { group in
            for task in 0..<self.tasks {
                group.addTask {
                    var place = task * self.keys.count / self.tasks
                    var count = 0
                    var times: [Double] = []
                    while true {
                        let start = clock.now
                        if start >= end { return (count, times) }
                        // The first of sixteen is timed.
                        for step in 0..<16 {
                            // A prime apart, so that neighbours in time are none in the file.
                            place = (place + 7_919) % self.keys.count
                            try await operation(self.keys[place])
                            if step == 0 { times.append(start.duration(to: clock.now) / .microseconds(1)) }
                        }
                        count += 16
                    }
                }
            }
            var results: [(count: Int, times: [Double])] = []
            for try await result in group { results.append(result) }
            return results
        }
        let seconds = begin.duration(to: clock.now) / .seconds(1)
        let times = results.flatMap(\.times).sorted()
        return Sample(
            operationsPerSecond: Double(results.reduce(0) { $0 + $1.count }) / seconds,
            p50: percentile(0.5, of: times),
            p99: percentile(0.99, of: times)
        )
    }
}
