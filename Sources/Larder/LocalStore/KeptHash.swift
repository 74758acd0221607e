/// The number under which a store on disk keeps a record: a hash of its name.
///
/// A number of eight bytes is found in a file's tree more quickly than a name, and needs no index beside it. Two names with
/// one number do no harm: a record carries its name, so the other one is absent, and whoever writes it replaces the record.
/// That costs a miss, once in 2^64 pairs. The seed is the file's, so that nobody outside can choose names that push out
/// others'.
///
/// The hash is kept in files: it must never change. Two words at a time are multiplied to 128 bits and the halves folded
/// together, as wyhash does it (Wang Yi, 2019).
package struct KeptHash: Sendable, Equatable {
    /// The seed's first half.
    package let first: UInt64
    /// The seed's second half.
    package let second: UInt64

    /// Takes a seed that a file has kept.
    package init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// Draws a new seed.
    package static func random() -> Self {
        var generator = SystemRandomNumberGenerator()
        return .init(first: generator.next(), second: generator.next())
    }

    /// The number of a name.
    ///
    /// - Parameters:
    ///   - name: The name.
    ///   - words: Two integers that go with it, such as a namespace's number and a version.
    /// - Returns: The number.
    package func hash(_ name: String, beside words: (Int64, Int64)) -> UInt64 {
        var name = name
        return name.withUTF8 { self.hash(UnsafeRawBufferPointer($0), beside: words) }
    }

    /// The number of bytes.
    package func hash(_ bytes: UnsafeRawBufferPointer, beside words: (Int64, Int64)) -> UInt64 {
        // Neither is small, whatever the seed: a small factor would lose what it is multiplied with.
        let (first, second) = (self.first ^ 0xA076_1D64_78BD_642F, self.second ^ 0xE703_7ED1_A0B4_28DB)
        var state = Self.fold(first ^ UInt64(bitPattern: words.0), second ^ UInt64(bitPattern: words.1))
        var offset = 0
        while bytes.count - offset >= 8 {
            state = Self.fold(bytes.littleEndian(at: offset, as: UInt64.self) ^ second, state ^ first)
            offset += 8
        }
        var rest: UInt64 = 0
        for index in stride(from: bytes.count - 1, through: offset, by: -1) { rest = rest << 8 | UInt64(bytes[index]) }
        state = Self.fold(rest ^ second, state ^ first)
        return Self.fold(state ^ UInt64(bytes.count), second ^ 0xD6E8_FEB8_6659_FD93)
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
