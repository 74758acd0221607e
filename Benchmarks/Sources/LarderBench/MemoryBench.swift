import ArgumentParser
import Foundation
import Larder
import Synchronization

/// `larder-bench memory`: what a hit and a miss cost, beside the dictionary behind a mutex that people write by hand.
struct MemoryBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Measures MemoryCache beside a mutex around a dictionary.",
        discussion: """
            memory.hot reads 1,000 keys of 20 bytes, memory.hot.int as many integers, memory.resident 100,000 keys in \
            Zipf's order (0.99), all hits; memory.zipf reads a million keys in that order with room for 100,000 and \
            stores what it misses. The dictionary never evicts: in memory.zipf it ends up holding everything, so there \
            it has no ratio. ns_per_op is per operation and thread.
            """
    )

    @Option(help: "Measurements per line; the line is their median.")
    var runs = 5

    @Option(help: "Numbers of threads, separated by commas.")
    var threads = "1,2"

    @Option(help: "Run only the benchmarks whose name begins so.")
    var only = "memory"

    func validate() throws {
        if self.runs < 1 { throw ValidationError("--runs must be at least 1") }
        _ = try self.threadCounts()
    }

    private func threadCounts() throws -> [Int] {
        try self.threads.split(separator: ",").map { part in
            guard let count = Int(part), (1...64).contains(count) else {
                throw ValidationError("--threads takes numbers from 1 to 64, separated by commas, not \(self.threads)")
            }
            return count
        }
    }

    func run() throws {
        let counts = try self.threadCounts()
        self.calibrate()
        if "memory.hot".hasPrefix(self.only) { self.hot(counts) }
        if "memory.hot.int".hasPrefix(self.only) { self.hotIntegers(counts) }
        if "memory.resident".hasPrefix(self.only) { self.resident(counts) }
        if "memory.zipf".hasPrefix(self.only) { self.zipf(counts) }
    }

    // MARK: The benchmarks

    private func hot(_ threadCounts: [Int]) {
        let keys = Self.keys(1_000)
        let order = Order.uniform(below: keys.count, count: 1 << 16, seed: 1)
        self.compareHits("memory.hot", keys: keys, order: order, rounds: 40, limit: 10_000, threadCounts)
    }

    private func resident(_ threadCounts: [Int]) {
        let keys = Self.keys(100_000)
        let order = Order.zipf(below: keys.count, exponent: 0.99, count: 1 << 20, seed: 2)
        self.compareHits("memory.resident", keys: keys, order: order, rounds: 2, limit: 200_000, threadCounts)
    }

    private func compareHits(
        _ name: String,
        keys: [String],
        order: [UInt32],
        rounds: Int,
        limit: Int,
        _ threadCounts: [Int]
    ) {
        progress("\(name): filling")
        let cache = MemoryCache<String, Payload>(limit: .entries(limit))
        let dictionary = Mutex<[String: any Sendable]>([:])
        for (index, key) in keys.enumerated() {
            cache.insert(Payload(index), forKey: key)
            dictionary.withLock { $0[key] = Payload(index) }
        }
        for threads in threadCounts {
            var ours: [Double] = []
            var theirs: [Double] = []
            for _ in 0..<self.runs {
                ours.append(
                    measure(threads: threads, operations: rounds * order.count) { thread in
                        var sum = 0
                        for round in 0..<rounds {
                            let start = (thread &* 7_919 &+ round) & (order.count &- 1)
                            for position in order.indices {
                                let key = keys[Int(order[(position &+ start) & (order.count &- 1)])]
                                if let payload = cache.value(forKey: key) { sum &+= payload.number }
                            }
                        }
                        return sum
                    }
                )
                theirs.append(
                    measure(threads: threads, operations: rounds * order.count) { thread in
                        var sum = 0
                        for round in 0..<rounds {
                            let start = (thread &* 7_919 &+ round) & (order.count &- 1)
                            for position in order.indices {
                                let key = keys[Int(order[(position &+ start) & (order.count &- 1)])]
                                let value = dictionary.withLock { $0[key] }
                                if let payload = value as? Payload { sum &+= payload.number }
                            }
                        }
                        return sum
                    }
                )
            }
            self.print(name, threads: threads, ours: ours, theirs: theirs)
        }
    }

    private func hotIntegers(_ threadCounts: [Int]) {
        let name = "memory.hot.int"
        let keys: [Int] = (0..<1_000).map { $0 * 7_919 }
        let order = Order.uniform(below: keys.count, count: 1 << 16, seed: 1)
        let rounds = 40
        let cache = MemoryCache<Int, Int>(limit: .entries(10_000))
        let dictionary = Mutex<[Int: any Sendable]>([:])
        for key in keys {
            cache.insert(key, forKey: key)
            dictionary.withLock { $0[key] = key }
        }
        for threads in threadCounts {
            var ours: [Double] = []
            var theirs: [Double] = []
            for _ in 0..<self.runs {
                ours.append(
                    measure(threads: threads, operations: rounds * order.count) { _ in
                        var sum = 0
                        for _ in 0..<rounds {
                            for index in order { sum &+= cache.value(forKey: keys[Int(index)]) ?? 0 }
                        }
                        return sum
                    }
                )
                theirs.append(
                    measure(threads: threads, operations: rounds * order.count) { _ in
                        var sum = 0
                        for _ in 0..<rounds {
                            for index in order {
                                let value = dictionary.withLock { $0[keys[Int(index)]] }
                                if let number = value as? Int { sum &+= number }
                            }
                        }
                        return sum
                    }
                )
            }
            self.print(name, peer: "Mutex<[Int: any Sendable]>", threads: threads, ours: ours, theirs: theirs)
        }
    }

    private func zipf(_ threadCounts: [Int]) {
        let name = "memory.zipf"
        let room = 100_000
        let keys = Self.keys(1_000_000)
        let operations = 1 << 22
        progress("\(name): drawing \(operations) requests")
        for threads in threadCounts {
            let orders = (0..<threads).map { thread in
                Order.zipf(below: keys.count, exponent: 0.99, count: operations, seed: 10 + UInt64(thread))
            }
            var times: [Double] = []
            var ratios: [Double] = []
            for _ in 0..<self.runs {
                let cache = MemoryCache<String, Payload>(limit: .entries(room))
                let payload = Payload(1)
                // The first pass fills the cache, the second is measured: a service runs for longer than it warms up.
                for isMeasured in [false, true] {
                    let before = cache.statistics
                    let time = measure(threads: threads, operations: operations) { thread in
                        var sum = 0
                        for index in orders[thread] {
                            let key = keys[Int(index)]
                            if let payload = cache.value(forKey: key) {
                                sum &+= payload.number
                            } else {
                                cache.insert(payload, forKey: key)
                            }
                        }
                        return sum
                    }
                    if isMeasured {
                        let after = cache.statistics
                        let hits = Double(after.hits - before.hits)
                        times.append(time)
                        ratios.append(hits / (hits + Double(after.misses - before.misses)))
                    }
                }
            }
            var line = Self.line(name, threads: threads, nanoseconds: median(times))
            line.set("entries", room)
            line.set("hit_ratio", median(ratios))
            line.print()
        }
    }

    /// A fixed amount of work that no change of Larder touches, to compare runs on machines that are shared.
    private func calibrate() {
        let memory = (0..<1 << 20).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }
        let operations = 1 << 22
        let times = (0..<self.runs).map { _ in
            measure(threads: 1, operations: operations) { _ in
                var state: UInt64 = 1
                for _ in 0..<operations {
                    let product = (state ^ 0x2D35_8DCC_AA6C_78A5).multipliedFullWidth(by: 0x8BB8_4B93_962E_ACC9)
                    state = product.high ^ product.low ^ memory[Int(truncatingIfNeeded: state & (1 << 20 - 1))]
                }
                return Int(truncatingIfNeeded: state)
            }
        }
        Self.line("memory.calibration", threads: 1, nanoseconds: median(times)).print()
    }

    // MARK: Lines

    private static func line(_ name: String, threads: Int, nanoseconds: Double) -> BenchLine {
        var line = BenchLine(name)
        line.set("threads", threads)
        line.set("ns_per_op", nanoseconds)
        line.set("ops_per_s", Double(threads) * 1e9 / nanoseconds)
        return line
    }

    private func print(
        _ name: String,
        peer: String = "Mutex<[String: any Sendable]>",
        threads: Int,
        ours: [Double],
        theirs: [Double]
    ) {
        var line = Self.line(name, threads: threads, nanoseconds: median(ours))
        line.set("peer_ns_per_op", median(theirs))
        line.setPeer(
            peer,
            operationsPerSecond: Double(threads) * 1e9 / median(theirs),
            ours: Double(threads) * 1e9 / median(ours)
        )
        line.print()
    }

    /// Keys of 20 bytes, as long as a typical one.
    private static func keys(_ count: Int) -> [String] {
        (0..<count).map { "book:" + String(repeating: "0", count: 15 - String($0).count) + String($0) }
    }
}

/// What the caches hold: an object, as the models of an application often are.
private final class Payload: Sendable {
    let number: Int

    init(_ number: Int) {
        self.number = number
    }
}

/// Which keys are asked for, drawn beforehand so that drawing is not measured.
private enum Order {
    static func uniform(below bound: Int, count: Int, seed: UInt64) -> [UInt32] {
        var random = SplitMix(state: seed)
        return (0..<count).map { _ in UInt32(Int.random(in: 0..<bound, using: &random)) }
    }

    /// Zipf's law over ranks, the ranks dealt to the keys at random.
    static func zipf(below bound: Int, exponent: Double, count: Int, seed: UInt64) -> [UInt32] {
        // The same deal for every seed: threads ask for the same keys.
        var dealer = SplitMix(state: 99)
        let keys = (0..<UInt32(bound)).shuffled(using: &dealer)
        var sums: [Double] = []
        sums.reserveCapacity(bound)
        var sum = 0.0
        for rank in 1...bound {
            sum += 1 / pow(Double(rank), exponent)
            sums.append(sum)
        }
        var random = SplitMix(state: seed)
        return (0..<count).map { _ in
            let target = Double.random(in: 0..<sum, using: &random)
            var low = 0
            var high = bound - 1
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] > target { high = middle } else { low = middle + 1 }
            }
            return keys[low]
        }
    }
}

/// A small generator that gives the same numbers everywhere (Steele, Lea and Flood, OOPSLA 2014).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// Runs `body` once in each of several threads at the same time.
///
/// - Returns: Nanoseconds for one of the `operations` that each thread does.
private func measure(threads: Int, operations: Int, _ body: @escaping @Sendable (Int) -> Int) -> Double {
    let ready = DispatchSemaphore(value: 0)
    let start = DispatchSemaphore(value: 0)
    let done = DispatchGroup()
    let sum = Mutex(0)
    for index in 0..<threads {
        done.enter()
        let thread = Thread {
            ready.signal()
            start.wait()
            let result = body(index)
            // Used, so that the work cannot be left out.
            sum.withLock { $0 &+= result }
            done.leave()
        }
        thread.start()
    }
    for _ in 0..<threads { ready.wait() }
    let clock = ContinuousClock()
    let begin = clock.now
    for _ in 0..<threads { start.signal() }
    done.wait()
    let elapsed = begin.duration(to: clock.now)
    return Double(elapsed.components.seconds) * 1e9 / Double(operations)
        + Double(elapsed.components.attoseconds) / 1e9 / Double(operations)
}
