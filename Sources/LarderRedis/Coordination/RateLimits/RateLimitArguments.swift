import Larder
import LarderRedisClient

/// The numbers of a limiter's limits for a call of some cost, as scripts take them: doubles, little-endian, in one string.
enum RateLimitArguments {
    /// The bytes for a call.
    ///
    /// What follows from a limit and a cost alone is worked out here, where integers have all the bits that they need.
    static func bytes(_ terms: [RateLimitTerms], cost: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(terms.count * 56)
        for terms in terms {
            switch terms {
            case .tokenBucket(let bucket):
                // What the bucket cannot hold is never charged, and its time may be no number.
                let (price, room) = (bucket.time(for: min(cost, bucket.burst)), bucket.room(for: cost))
                if bucket.isWhole {
                    bytes.append(price.microseconds, room.microseconds, bucket.fill.microseconds)
                    continue
                }
                bytes.append(price.microseconds, price.parts, room.microseconds, room.parts)
                bytes.append(bucket.fill.microseconds, bucket.fill.parts, bucket.parts)
            case .fixedWindow(let window):
                bytes.append(cost, window.count - cost, window.length)
            case .slidingWindow(let window):
                bytes.append(cost, window.count - cost, window.length, window.grain)
            }
        }
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ numbers: Int64...) {
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
