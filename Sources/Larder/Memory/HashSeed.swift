/// The secret that a cache mixes into the hash of its keys, so that nobody outside can choose keys that collide.
///
/// The mixing step is wyhash's: two words, each under a secret word, are multiplied to 128 bits and the halves folded
/// together. Unlike wyhash no constant in it is public: with a public one, a key that equals the constant multiplies by
/// zero and collides with every other such key whatever the seed. A hash costs 2 ns for a key of 20 bytes, the
/// standard library's SipHash 23.
@usableFromInline
package struct HashSeed: Sendable, Equatable {
    @usableFromInline let first: UInt64
    @usableFromInline let second: UInt64
    @usableFromInline let third: UInt64

    @usableFromInline
    init(first: UInt64, second: UInt64, third: UInt64) {
        self.first = first
        self.second = second
        // Odd, so that an integer's product with it loses nothing.
        self.third = third | 1
    }

    /// A seed from the system's random source.
    package static func random() -> HashSeed {
        var generator = SystemRandomNumberGenerator()
        return HashSeed(first: generator.next(), second: generator.next(), third: generator.next())
    }

    @inlinable
    @inline(__always)
    static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// The hash of one word.
    @inlinable
    @inline(__always)
    package func hash(_ word: UInt64) -> UInt64 {
        // Twice: one multiplication leaves the low bits of the product poor in the high bits of the word.
        Self.fold(Self.fold(word ^ self.first, self.third) ^ self.second, self.third)
    }

    /// The hash of `count` bytes and of a word that goes with them, such as a namespace's number.
    @inlinable
    @inline(__always)
    package func hash(_ bytes: UnsafeRawPointer, count: Int, beside word: UInt64 = 0) -> UInt64 {
        var state = self.first ^ word
        let low: UInt64
        let high: UInt64
        if count > 16 {
            var offset = 0
            while offset &+ 16 < count {
                state = Self.fold(
                    bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ self.second,
                    bytes.loadUnaligned(fromByteOffset: offset &+ 8, as: UInt64.self) ^ state
                )
                offset &+= 16
            }
            // The last sixteen bytes, whether the loop has seen some of them or not: cheaper than a tail of its own.
            low = bytes.loadUnaligned(fromByteOffset: count &- 16, as: UInt64.self)
            high = bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        } else if count >= 8 {
            low = bytes.loadUnaligned(as: UInt64.self)
            high = bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        } else if count >= 4 {
            low = UInt64(bytes.loadUnaligned(as: UInt32.self))
            high = UInt64(bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
        } else if count > 0 {
            low =
                UInt64(bytes.load(as: UInt8.self)) << 16
                | UInt64(bytes.load(fromByteOffset: count >> 1, as: UInt8.self)) << 8
                | UInt64(bytes.load(fromByteOffset: count &- 1, as: UInt8.self))
            high = 0
        } else {
            low = 0
            high = 0
        }
        return Self.fold(
            Self.fold(low ^ self.second, high ^ state) ^ UInt64(truncatingIfNeeded: count),
            self.third
        )
    }
}
