#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// Draws ranks by Zipf's law: that of rank r, counted from 0, with a probability proportional to 1 / (r + 1)^exponent.
package struct Zipf: Sendable {
    /// The probability of each rank or one before it.
    private let cumulative: [Double]

    package init(ranks: Int, exponent: Double) {
        var total = 0.0
        var sums: [Double] = []
        sums.reserveCapacity(ranks)
        for rank in 1...max(1, ranks) {
            total += pow(Double(rank), -exponent)
            sums.append(total)
        }
        // To 40 bits, so that a last digit in which two platforms' pow() differ does not change what is drawn.
        let scale = Double(1 << 40)
        self.cumulative = sums.map { ($0 / total * scale + 0.5).rounded(.down) / scale }
    }

    /// The rank at a number between 0 and 1, drawn uniformly.
    package func rank(at number: Double) -> Int {
        var low = 0
        var high = self.cumulative.count
        while low < high {
            let middle = (low + high) / 2
            if self.cumulative[middle] < number { low = middle + 1 } else { high = middle }
        }
        return min(low, self.cumulative.count - 1)
    }
}

/// A generator of pseudo-random numbers that gives the same ones everywhere: xorshift64* (Vigna, 2016).
package struct XorShift: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        let mixed = mix(seed)
        self.state = mixed == 0 ? 1 : mixed
    }

    package mutating func next() -> UInt64 {
        self.state ^= self.state >> 12
        self.state ^= self.state << 25
        self.state ^= self.state >> 27
        return self.state &* 0x2545_F491_4F6C_DD1D
    }

    /// A number from 0 to 1, without 1.
    package mutating func double() -> Double {
        Double(self.next() >> 11) * (1 / Double(1 << 53))
    }
}

/// A bijection that scatters neighbouring numbers over 64 bits: the finaliser of splitmix64.
func mix(_ number: UInt64) -> UInt64 {
    var word = number &+ 0x9E37_79B9_7F4A_7C15
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
}
