/// SHA-1 (FIPS 180-4), because Redis knows its scripts by it.
///
/// Not for secrets: it has been broken as a cryptographic hash. Written here, in a few lines, so that the client needs no
/// package of cryptography for the names of its scripts.
enum SHA1 {
    /// The digest of bytes, in forty hexadecimal digits.
    static func hexadecimalDigest(of bytes: some Sequence<UInt8>) -> String {
        var message = Array(bytes)
        let bitCount = UInt64(message.count) * 8
        // A one, zeros up to eight bytes short of a block, and the length.
        message.append(0x80)
        while message.count % 64 != 56 { message.append(0) }
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            message.append(UInt8(truncatingIfNeeded: bitCount >> shift))
        }
        var state: (UInt32, UInt32, UInt32, UInt32, UInt32) = (
            0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0
        )
        for start in stride(from: 0, to: message.count, by: 64) {
            Self.process(message[start..<start + 64], into: &state)
        }
        let words = [state.0, state.1, state.2, state.3, state.4]
        return words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.utf8.count) + digits
        }.joined()
    }

    private static func process(
        _ block: ArraySlice<UInt8>,
        into state: inout (UInt32, UInt32, UInt32, UInt32, UInt32)
    ) {
        var schedule: [UInt32] = []
        schedule.reserveCapacity(80)
        for index in stride(from: block.startIndex, to: block.endIndex, by: 4) {
            let high = UInt32(block[index]) << 24 | UInt32(block[index + 1]) << 16
            schedule.append(high | UInt32(block[index + 2]) << 8 | UInt32(block[index + 3]))
        }
        for index in 16..<80 {
            let mixed = schedule[index - 3] ^ schedule[index - 8] ^ schedule[index - 14] ^ schedule[index - 16]
            schedule.append(Self.rotate(mixed, by: 1))
        }
        var (a, b, c, d, e) = state
        for (index, word) in schedule.enumerated() {
            let function: UInt32
            let constant: UInt32
            switch index {
            case ..<20: (function, constant) = (b & c | ~b & d, 0x5A82_7999)
            case ..<40: (function, constant) = (b ^ c ^ d, 0x6ED9_EBA1)
            case ..<60: (function, constant) = (b & c | b & d | c & d, 0x8F1B_BCDC)
            default: (function, constant) = (b ^ c ^ d, 0xCA62_C1D6)
            }
            let next = Self.rotate(a, by: 5) &+ function &+ e &+ constant &+ word
            (e, d, c, b, a) = (d, c, Self.rotate(b, by: 30), a, next)
        }
        state.0 &+= a
        state.1 &+= b
        state.2 &+= c
        state.3 &+= d
        state.4 &+= e
    }

    private static func rotate(_ word: UInt32, by count: UInt32) -> UInt32 {
        word << count | word >> (32 - count)
    }
}
