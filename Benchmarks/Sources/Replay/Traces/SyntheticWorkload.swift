#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#elseif canImport(Darwin)
internal import Darwin
#endif

/// A made-up sequence of requests, the same on every machine.
package struct SyntheticWorkload: Sendable {
    /// What kind of traffic it stands for.
    package enum Kind: String, CaseIterable, Sendable {
        /// Popularity by Zipf's law, never changing.
        case zipf
        /// That, with runs of keys between that nobody asks for again.
        case scan
        /// The same keys round and round.
        case loop
        /// A third `zipf`, a third `loop` over other keys, a third `zipf` with the popularity dealt anew.
        case phase
    }

    package var kind: Kind
    package var keys = 100_000
    package var exponent = 1.0
    package var requests = 1_000_000
    package var seed: UInt64 = 1
    package var scanEvery = 100_000
    package var scanLength = 20_000

    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// The whole sequence.
    package func trace() -> Trace {
        var trace = Trace(keys: [])
        trace.keys.reserveCapacity(self.requests)
        self.forEachKey { trace.keys.append($0) }
        return trace
    }

    /// Calls a closure with each key in turn.
    package func forEachKey(_ body: (UInt64) -> Void) {
        // Ranks are scattered over 64 bits, so that neighbouring ranks are not neighbouring keys.
        self.forEachRank { body(mix($0)) }
    }

    private func forEachRank(_ body: (UInt64) -> Void) {
        if self.kind == .loop {
            for index in 0..<self.requests { body(UInt64(index % self.keys)) }
            return
        }
        let zipf = Zipf(ranks: self.keys, exponent: self.exponent)
        var random = XorShift(seed: self.seed)
        func draw() -> UInt64 { UInt64(zipf.rank(at: random.double())) }

        switch self.kind {
        case .loop:
            break
        case .zipf:
            for _ in 0..<self.requests { body(draw()) }
        case .scan:
            var done = 0
            var fresh: UInt64 = 1 << 40
            while done < self.requests {
                let asked = min(self.scanEvery, self.requests - done)
                for _ in 0..<asked { body(draw()) }
                let scanned = min(self.scanLength, self.requests - done - asked)
                for _ in 0..<scanned {
                    body(fresh)
                    fresh += 1
                }
                done += asked + scanned
            }
        case .phase:
            let third = self.requests / 3
            let others = max(1, self.keys / 5)
            for _ in 0..<third { body(draw()) }
            for index in 0..<third { body(1 << 41 + UInt64(index % others)) }
            for _ in 0..<(self.requests - 2 * third) { body(1 << 42 + draw()) }
        }
    }

    /// The size of a key in bytes: log-normal with a median of 1 KiB and a sigma of 1.5, from 16 bytes to 1 MiB.
    package static func size(of key: UInt64) -> Int {
        let scale = Double(1 << 53)
        let first = (Double(mix(key ^ 0xA5A5_A5A5) >> 11) + 1) / scale
        let second = Double(mix(key ^ 0x5A5A_5A5A) >> 11) / scale
        let normal = sqrt(-2 * log(first)) * cos(2 * Double.pi * second)
        return max(16, min(1 << 20, Int(1024 * exp(1.5 * normal))))
    }
}
