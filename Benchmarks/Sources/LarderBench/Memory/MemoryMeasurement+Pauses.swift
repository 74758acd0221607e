import Foundation
import Larder

// The longest that one call takes when there is much to do.
extension MemoryMeasurement {
    private static let million = 1_000_000

    /// From nothing to a million entries.
    func growth() {
        let keys = Self.keys(Self.million)
        let times = (0..<self.runs).map { _ in
            let cache = MemoryCache<String, Int>(limit: .entries(Self.million))
            var times = OperationTimes()
            for (index, key) in keys.enumerated() {
                times.measure { cache.insert(index, forKey: key) }
            }
            return times
        }
        Self.line("memory.growth", times).print()
    }

    /// A million entries that expire at the same moment, while one thread reads them and writes others.
    func expiry() throws {
        let keys = Self.keys(Self.million)
        let order = AccessOrder.uniform(below: Self.million, count: 1 << 20, seed: 3)
        let others = (0..<10_000).map { "other:\($0)" }
        var times: [OperationTimes] = []
        var freed: [Double] = []
        // Long enough to fill the cache; a machine that is slower than that gets longer.
        var lifetime = Duration.seconds(4)
        while times.count < self.runs {
            let cache = MemoryCache<String, Int>(limit: .entries(Self.million))
            let clock = ContinuousClock()
            let deadline = clock.now.advanced(by: lifetime)
            for (index, key) in keys.enumerated() {
                cache.insert(index, forKey: key, ttl: clock.now.duration(to: deadline))
            }
            if clock.now.duration(to: deadline) < lifetime / 8 {
                guard lifetime < .seconds(120) else {
                    throw Failure("a million entries cannot be stored in two minutes")
                }
                lifetime *= 2
                continue
            }
            Thread.sleep(forTimeInterval: max(0, clock.now.duration(to: deadline) / .seconds(1) - 0.1))
            let (measured, duration) = Self.useWhileExpiring(cache, keys, order, others, deadline: deadline)
            times.append(measured)
            freed.append(duration)
        }
        var line = Self.line("memory.expiry", times)
        line.set("freed_after_ms", median(freed))
        line.print()
    }

    /// Reads and writes until the million is gone, and at least for a second; gives up after half a minute.
    private static func useWhileExpiring(
        _ cache: MemoryCache<String, Int>,
        _ keys: [String],
        _ order: [UInt32],
        _ others: [String],
        deadline: ContinuousClock.Instant
    ) -> (OperationTimes, freedAfter: Double) {
        let clock = ContinuousClock()
        var times = OperationTimes()
        var freedAfter: Double?
        var position = 0
        while true {
            let key = keys[Int(order[position & (order.count - 1)])]
            let other = others[position % others.count]
            times.measure { _ = cache.value(forKey: key) }
            times.measure { cache.insert(position, forKey: other, ttl: .seconds(3_600)) }
            position += 1
            // Counting goes through all shards: not after each step.
            guard position.isMultiple(of: 512) else { continue }
            let after = deadline.duration(to: clock.now)
            if freedAfter == nil, after > .zero, cache.count <= others.count {
                freedAfter = after / .milliseconds(1)
            }
            if let freedAfter, after > .seconds(1) { return (times, freedAfter) }
            if after > .seconds(30) { return (times, .nan) }
        }
    }

    /// Medians over the runs; the longest of a million calls is chance on a machine that is shared.
    private static func line(_ name: String, _ times: [OperationTimes]) -> BenchLine {
        func microseconds(_ value: (OperationTimes) -> Int) -> Double {
            median(times.map { Double(value($0)) / 1_000 })
        }
        var line = BenchLine(name)
        line.set("entries", Self.million)
        line.set("operations", times.map(\.wall.count).min() ?? 0)
        line.set("p9999_us", microseconds { $0.wall.percentile(0.9999) })
        line.set("max_us", microseconds(\.wall.longest))
        line.set("over_1ms", median(times.map { Double($0.wall.overOneMillisecond) }))
        line.set("cpu_p9999_us", microseconds { $0.cpu.percentile(0.9999) })
        line.set("cpu_max_us", microseconds(\.cpu.longest))
        line.set("cpu_over_1ms", median(times.map { Double($0.cpu.overOneMillisecond) }))
        return line
    }
}
