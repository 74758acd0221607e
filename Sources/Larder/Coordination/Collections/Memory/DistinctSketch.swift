#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// How many different hashes have been seen, in 16 kB however many they were: a HyperLogLog.
///
/// Each hash chooses one of 2^14 registers by its lowest bits, and the register remembers the longest run of zeros that the
/// rest of any hash began with (Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog", AofA 2007; with hashes of 64 bits, as
/// Heule, Nunkesser and Hall, "HyperLogLog in Practice", EDBT 2013). The number comes from how many registers have which
/// run, by the estimator of Ertl ("New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284, 2017),
/// which needs no table of corrections and is what Redis has used since version 5. The standard error is
/// 1.04 / √2^14 = 0.81 %.
///
/// Up to a few hundred hashes are kept as they are: then the number is exact, and the sketch is small.
///
/// A register takes a byte, although its 51 possible runs would fit into six bits: 4 kB more, and two sketches are
/// merged sixteen registers at a time.
struct DistinctSketch: Sendable, Equatable {
    private enum Form: Sendable, Equatable {
        case hashes(Set<UInt64>)
        case registers([UInt8])
    }

    private var form = Form.hashes([])

    static let indexBits = 14
    static let registerCount = 1 << Self.indexBits
    /// The longest run that a register can hold is one more than this.
    static let hashBits = 64 - Self.indexBits
    /// From this number of hashes on there are registers: about where they take less memory.
    static let mostHashes = 512

    /// The standard error of the estimate, relative to the number.
    static var standardError: Double { 1.04 / Double(Self.registerCount).squareRoot() }

    // MARK: Adding

    /// Adds a hash, all of whose bits have to be as good as random.
    ///
    /// - Parameter hash: The hash.
    /// - Returns: Whether the sketch has changed.
    @discardableResult
    mutating func insert(_ hash: UInt64) -> Bool {
        switch self.form {
        case .hashes(var hashes):
            // Taken out, so that the set is not copied.
            self.form = .hashes([])
            let isNew = hashes.insert(hash).inserted
            self.form = hashes.count > Self.mostHashes ? .registers(Self.registers(of: hashes)) : .hashes(hashes)
            return isNew
        case .registers(var registers):
            self.form = .hashes([])
            let isHigher = Self.note(hash, in: &registers)
            self.form = .registers(registers)
            return isHigher
        }
    }

    /// Adds all that another sketch has seen.
    mutating func formUnion(_ other: DistinctSketch) {
        switch other.form {
        case .hashes(let hashes):
            for hash in hashes { self.insert(hash) }
        case .registers(let theirs):
            var registers = self.takeRegisters()
            for index in registers.indices { registers[index] = max(registers[index], theirs[index]) }
            self.form = .registers(registers)
        }
    }

    private mutating func takeRegisters() -> [UInt8] {
        defer { self.form = .hashes([]) }
        switch self.form {
        case .hashes(let hashes): return Self.registers(of: hashes)
        case .registers(let registers): return registers
        }
    }

    private static func registers(of hashes: Set<UInt64>) -> [UInt8] {
        var registers = [UInt8](repeating: 0, count: Self.registerCount)
        for hash in hashes { Self.note(hash, in: &registers) }
        return registers
    }

    @discardableResult
    private static func note(_ hash: UInt64, in registers: inout [UInt8]) -> Bool {
        let index = Int(truncatingIfNeeded: hash) & (Self.registerCount - 1)
        // The mark behind the last bit ends a run of nothing but zeros.
        let rest = hash >> UInt64(Self.indexBits) | 1 << UInt64(Self.hashBits)
        let run = UInt8(rest.trailingZeroBitCount + 1)
        guard run > registers[index] else { return false }
        registers[index] = run
        return true
    }

    // MARK: Counting

    /// About how many different hashes have been seen; exactly, while they are few.
    var count: Int {
        switch self.form {
        case .hashes(let hashes): hashes.count
        case .registers(let registers): Self.estimate(registers)
        }
    }

    /// Ertl's estimate: formula 18 with α∞ and the two series for what registers that are empty or full stand for.
    private static func estimate(_ registers: [UInt8]) -> Int {
        var histogram = [Int](repeating: 0, count: Self.hashBits + 2)
        for register in registers { histogram[Int(register)] += 1 }
        let size = Double(Self.registerCount)
        var sum = size * Self.tau((size - Double(histogram[Self.hashBits + 1])) / size)
        for run in stride(from: Self.hashBits, through: 1, by: -1) {
            sum = (sum + Double(histogram[run])) / 2
        }
        sum += size * Self.sigma(Double(histogram[0]) / size)
        return Int((size * size / (2 * log(2) * sum)).rounded())
    }

    /// For empty registers: x plus the sum over k of x^(2^k) · 2^(k−1).
    private static func sigma(_ share: Double) -> Double {
        if share == 1 { return .infinity }
        var (power, weight, sum) = (share, 1.0, share)
        while true {
            power *= power
            let last = sum
            sum += power * weight
            weight += weight
            if sum == last { return sum }
        }
    }

    /// For full registers: a third of 1 − x minus the sum over k of (1 − x^(2^−k))² · 2^−k.
    private static func tau(_ share: Double) -> Double {
        if share == 0 || share == 1 { return 0 }
        var (root, weight, sum) = (share, 1.0, 1 - share)
        while true {
            root = root.squareRoot()
            let last = sum
            weight /= 2
            sum -= (1 - root) * (1 - root) * weight
            if sum == last { return sum / 3 }
        }
    }
}
