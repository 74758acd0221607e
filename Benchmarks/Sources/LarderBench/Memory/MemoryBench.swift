import ArgumentParser
import Replay

/// `larder-bench memory`: what a hit and a miss cost, beside Caffeine and the dictionary that people write by hand.
struct MemoryBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory",
        abstract: "Measures MemoryCache beside Caffeine and a mutex around a dictionary.",
        discussion: """
            All keys are strings of 20 bytes and all values objects, unless a name says something else. memory.hot reads \
            1,000 keys at random, memory.hot.value-int the same keys with integers as values, memory.hot.int integers by \
            integers; memory.resident reads 100,000 keys in Zipf's order (0.99), all hits; memory.zipf reads a million \
            keys in that order with room for 100,000 and stores what it misses, measured on the second pass. \
            ns_per_op is per operation and thread; cpu_ns_per_op is without the time in which the thread did not run, which \
            says more where the machine is shared, but not how long threads slept waiting for a lock.

            Caffeine runs in a Java process that is started once and takes turns with us, with the same keys in the same \
            order, on its defaults (maintenance on the common ForkJoinPool). Our threads have strings of their own, \
            Caffeine's share theirs, as suits each best. The ratio is of speeds, the median over \
            pairs of measurements: above 1 we are faster.

            memory.bytes is the heap that an entry takes with its key and without its value, in a full cache that \
            evicts. memory.growth is the time of single inserts into a cache that grows from nothing to a million \
            entries; memory.expiry that of single reads and writes while a million entries expire together. Their cpu_ \
            figures, too, are without the time in which the thread did not run.
            """
    )

    @Option(help: "Measurements per line; the line is their median.")
    var runs = 5

    @Option(help: "Numbers of threads, separated by commas.")
    var threads = "1,2"

    @Option(help: "Run only the benchmarks whose name begins so, such as memory.hot.")
    var only = "memory"

    @Option(help: "Where Caffeine is.")
    var caffeine = "/usr/share/java/caffeine.jar"

    func validate() throws {
        if self.runs < 1 { throw ValidationError("--runs must be at least 1") }
        _ = try self.threadCounts()
        if !Self.benchmarks.contains(where: { $0.name.hasPrefix(self.only) }) {
            let names = Self.benchmarks.map(\.name).joined(separator: ", ")
            throw ValidationError("no benchmark's name begins with \(self.only): there are \(names)")
        }
    }

    private func threadCounts() throws -> [Int] {
        try self.threads.split(separator: ",").map { part in
            guard let count = Int(part), (1...64).contains(count) else {
                throw ValidationError("--threads takes numbers from 1 to 64, separated by commas, not \(self.threads)")
            }
            return count
        }
    }

    /// Always run: without it no figure of a shared machine means much.
    private static let calibration = "memory.calibration"

    private static let benchmarks: [(name: String, run: @Sendable (MemoryMeasurement) throws -> Void)] = [
        // First, in a heap that nothing has been in: threads free what they had some time after their work.
        ("memory.bytes", { try $0.bytes() }),
        (Self.calibration, { $0.calibrate() }),
        ("memory.hot", { try $0.hot() }),
        ("memory.hot.value-int", { $0.hotValues() }),
        ("memory.hot.int", { $0.hotIntegers() }),
        ("memory.resident", { try $0.resident() }),
        ("memory.zipf", { try $0.zipf() }),
        ("memory.growth", { $0.growth() }),
        ("memory.expiry", { try $0.expiry() }),
    ]

    func run() throws {
        let peer = CaffeinePeer.start(jar: self.caffeine)
        let measurement = MemoryMeasurement(runs: self.runs, threadCounts: try self.threadCounts(), caffeine: peer)
        for benchmark in Self.benchmarks where benchmark.name.hasPrefix(self.only) || benchmark.name == Self.calibration
        {
            progress(benchmark.name)
            try benchmark.run(measurement)
        }
    }
}

/// What the benchmarks of memory share; each is an extension in a file of its own.
struct MemoryMeasurement {
    let runs: Int
    let threadCounts: [Int]
    let caffeine: CaffeinePeer?

    var mostThreads: Int {
        self.threadCounts.max() ?? 1
    }

    static let byHand = "Mutex<[String: any Sendable]>"

    /// Keys of 20 bytes, as long as a typical one; Caffeine's program makes the same.
    static func keys(_ count: Int) -> [String] {
        (0..<count).map(Self.key)
    }

    static func key(_ index: Int) -> String {
        let digits = String(index)
        return "book:" + String(repeating: "0", count: 15 - digits.count) + digits
    }

    /// A fixed amount of work that no change of Larder touches, to compare runs on machines that are shared.
    func calibrate() {
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
        Self.line("memory.calibration", threads: 1, times).print()
    }

    static func line(_ name: String, threads: Int, _ samples: [Sample]) -> BenchLine {
        var line = BenchLine(name)
        line.set("threads", threads)
        Self.set(samples, threads: threads, prefix: "", in: &line)
        return line
    }

    /// A line beside a peer that was measured in turns with ours.
    static func line(_ name: String, threads: Int, ours: [Sample], peer: String, theirs: [Sample]) -> BenchLine {
        var line = Self.line(name, threads: threads, ours)
        line.set("peer", peer)
        Self.set(theirs, threads: threads, prefix: "peer_", in: &line)
        line.set("ratio", median(zip(ours, theirs).map { $1.nanoseconds / $0.nanoseconds }))
        line.set("cpu_ratio", median(zip(ours, theirs).map { $1.cpuNanoseconds / $0.cpuNanoseconds }))
        return line
    }

    private static func set(_ samples: [Sample], threads: Int, prefix: String, in line: inout BenchLine) {
        let nanoseconds = median(samples.map(\.nanoseconds))
        line.set(prefix + "ns_per_op", nanoseconds)
        line.set(prefix + "cpu_ns_per_op", median(samples.map(\.cpuNanoseconds)))
        line.set(prefix + "ops_per_s", Double(threads) * 1e9 / nanoseconds)
    }
}

/// What the caches hold: an object, as the models of an application often are.
final class Payload: Sendable {
    let number: Int

    init(_ number: Int) {
        self.number = number
    }
}
