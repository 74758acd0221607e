import Larder

/// What the transforms of tests refuse.
enum TransformFailure: Error {
    case malformed, tooLong, broken, unwilling
}

/// Run lengths: each run of a byte becomes its length, up to 255, and the byte.
///
/// Text without repetition becomes twice as long.
struct RunLengthCompressor: ByteCompressor {
    var id = CompressionID(custom: 200)

    func compress(_ bytes: [UInt8]) throws -> [UInt8] {
        var runs: [UInt8] = []
        for byte in bytes {
            if runs.last == byte, runs[runs.count - 2] < .max {
                runs[runs.count - 2] += 1
            } else {
                runs += [1, byte]
            }
        }
        return runs
    }

    func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] {
        guard bytes.count.isMultiple(of: 2) else { throw TransformFailure.malformed }
        var result: [UInt8] = []
        for index in stride(from: 0, to: bytes.count, by: 2) {
            guard bytes[index] > 0 else { throw TransformFailure.malformed }
            guard limit - result.count >= Int(bytes[index]) else { throw TransformFailure.tooLong }
            result += repeatElement(bytes[index + 1], count: Int(bytes[index]))
        }
        return result
    }
}

/// Fails at everything.
struct UnwillingCompressor: ByteCompressor {
    let id = CompressionID(custom: 201)

    func compress(_ bytes: [UInt8]) throws -> [UInt8] { throw TransformFailure.unwilling }

    func decompress(_ bytes: [UInt8], limit: Int) throws -> [UInt8] { throw TransformFailure.unwilling }
}

/// Turns all bits over and puts a checksum with a key before them (FNV-1a: Fowler, Noll and Vo): no protection against anybody,
/// and enough to tell what a cache binds its seals to.
struct ChecksumSealer: EntrySealer {
    var id = SealID(custom: 210)
    var key: UInt64 = 1

    private func checksum(_ bytes: [UInt8], _ context: [UInt8]) -> [UInt8] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ self.key
        for byte in context + [0xFF] + bytes {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * UInt64($0))) }
    }

    func seal(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8] {
        self.checksum(bytes, context) + bytes.map(~)
    }

    func open(_ bytes: [UInt8], boundTo context: [UInt8]) throws -> [UInt8] {
        let opened = bytes.dropFirst(8).map(~)
        guard bytes.count >= 8, self.checksum(opened, context) == Array(bytes.prefix(8)) else {
            throw TransformFailure.broken
        }
        return opened
    }
}
