import Larder
import LarderRedisClient

/// The numbers of a limiter's limits, and of calls of some cost, as scripts take them: doubles, little-endian, in one string.
///
/// What follows from limits and a cost alone is worked out here, where integers have all the bits that they need.
struct RateLimitArguments: Sendable {
    private let terms: [RateLimitTerms]

    /// The numbers of the limits, and in what steps keys live.
    let constants: [UInt8]

    /// The numbers of a call that costs 1, as nearly all do.
    private let usual: [UInt8]

    init(_ terms: [RateLimitTerms]) {
        self.terms = terms
        var bytes: [UInt8] = []
        for terms in terms {
            switch terms {
            case .tokenBucket(let bucket):
                bytes.append(bucket.fill.microseconds)
                if !bucket.isWhole { bytes.append(bucket.fill.parts, bucket.parts) }
            case .fixedWindow(let window): bytes.append(window.length)
            case .slidingWindow(let window): bytes.append(window.length, window.grain)
            }
        }
        bytes.append(Self.stretch(terms))
        self.constants = bytes
        self.usual = Self.numbers(terms, 1)
    }

    /// The numbers of a call.
    func call(_ cost: Int64) -> [UInt8] { cost == 1 ? self.usual : Self.numbers(self.terms, cost) }

    private static func numbers(_ terms: [RateLimitTerms], _ cost: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(terms.count * 32)
        for terms in terms {
            switch terms {
            case .tokenBucket(let bucket):
                // What the bucket cannot hold is never charged, and its time may be no number.
                let (price, room) = (bucket.time(for: min(cost, bucket.burst)), bucket.room(for: cost))
                if bucket.isWhole {
                    bytes.append(price.microseconds, room.microseconds)
                } else {
                    bytes.append(price.microseconds, price.parts, room.microseconds, room.parts)
                }
            case .fixedWindow(let window): bytes.append(cost, window.count - cost)
            case .slidingWindow(let window): bytes.append(cost, window.count - cost)
            }
        }
        return bytes
    }

    /// In what steps of the clock keys end, in microseconds: an eighth of the longest time for which a state can say
    /// anything, at least a second.
    ///
    /// So a busy subject's key ends later only every so often. Fixed windows alone say nothing any more at the same
    /// moment whatever is charged.
    private static func stretch(_ terms: [RateLimitTerms]) -> Int64 {
        var longest: Int64 = 0
        for terms in terms {
            switch terms {
            case .tokenBucket(let bucket): longest = max(longest, bucket.fill.microseconds)
            case .slidingWindow(let window): longest = max(longest, window.length)
            case .fixedWindow: break
            }
        }
        return longest == 0 ? 1 : max(1_000_000, longest / 8)
    }
}

extension [UInt8] {
    /// Appends numbers as scripts take them.
    mutating func append(_ numbers: Int64...) {
        for number in numbers {
            var bits = Double(number).bitPattern.littleEndian
            Swift.withUnsafeBytes(of: &bits) { self.append(contentsOf: $0) }
        }
    }
}

extension TokenBucket {
    /// Whether a token takes a whole number of microseconds to come back.
    var isWhole: Bool { self.parts == 1 }
}
