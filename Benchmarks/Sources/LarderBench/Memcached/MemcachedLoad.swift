import LarderMemcached

/// Tasks that each send one request after the other.
struct MemcachedLoad {
    enum Operation: String, CaseIterable {
        case get
        case set
    }

    struct Sample {
        var operationsPerSecond: Double
        var p50: Double
        var p99: Double
        /// What an operation takes of this process' time on all cores, in microseconds.
        var cpu: Double
    }

    static let value = [UInt8](repeating: UInt8(ascii: "v"), count: 64)

    let operation: Operation
    let tasks: Int
    let seconds: Double

    func run(on client: MemcachedClient) async throws -> Sample {
        let clock = ContinuousClock()
        let start = clock.now
        let cpu = ProcessorTime.ofProcess
        let end = start.advanced(by: .seconds(self.seconds))
        // Timing is work too: of many tasks' calls every eighth is timed.
        let untimed = self.tasks == 1 ? 0 : 7
        let (calls, times) = try await withThrowingTaskGroup(of: (Int, [Float]).self) { group in
            for task in 0..<self.tasks {
                group.addTask {
                    let key = "key:\(task % 1_000)"
                    var calls = 0
                    var times: [Float] = []
                    while true {
                        let before = clock.now
                        if before >= end { return (calls, times) }
                        try await self.perform(key, client)
                        times.append(Float(before.duration(to: clock.now).microseconds))
                        for _ in 0..<untimed { try await self.perform(key, client) }
                        calls += 1 + untimed
                    }
                }
            }
            return try await group.reduce(into: (0, [Float]())) { sum, part in
                sum.0 += part.0
                sum.1 += part.1
            }
        }
        let duration = start.duration(to: clock.now)
        let spent = ProcessorTime.ofProcess - cpu
        let sorted = times.sorted().map(Double.init)
        return Sample(
            operationsPerSecond: Double(calls) / duration.microseconds * 1_000_000,
            p50: percentile(0.5, of: sorted),
            p99: percentile(0.99, of: sorted),
            cpu: spent.microseconds / Double(calls)
        )
    }

    @inline(__always)
    private func perform(_ key: String, _ client: MemcachedClient) async throws {
        switch self.operation {
        case .get:
            let item = try await client.get(key)
            precondition(item?.value.count == Self.value.count)
        case .set:
            try await client.set(key, Self.value)
        }
    }
}
