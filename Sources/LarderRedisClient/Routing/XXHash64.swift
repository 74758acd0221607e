/// XXH64 by Yann Collet: a fast hash of bytes with good distribution, the same in every process and on every machine.
///
/// Swift's `Hasher` has another seed in each process. Not for secrets.
///
/// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
enum XXHash64 {
    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64 = 0) -> UInt64 {
        var position = 0
        var hash: UInt64
        if bytes.count >= 32 {
            var lanes = (
                seed &+ Self.prime1 &+ Self.prime2, seed &+ Self.prime2, seed, seed &- Self.prime1
            )
            while position + 32 <= bytes.count {
                lanes.0 = Self.round(lanes.0, Self.word(bytes, position))
                lanes.1 = Self.round(lanes.1, Self.word(bytes, position + 8))
                lanes.2 = Self.round(lanes.2, Self.word(bytes, position + 16))
                lanes.3 = Self.round(lanes.3, Self.word(bytes, position + 24))
                position += 32
            }
            hash =
                Self.rotate(lanes.0, 1) &+ Self.rotate(lanes.1, 7) &+ Self.rotate(lanes.2, 12)
                &+ Self.rotate(lanes.3, 18)
            hash = Self.merge(hash, lanes.0)
            hash = Self.merge(hash, lanes.1)
            hash = Self.merge(hash, lanes.2)
            hash = Self.merge(hash, lanes.3)
        } else {
            hash = seed &+ Self.prime5
        }
        hash &+= UInt64(bytes.count)
        while position + 8 <= bytes.count {
            hash ^= Self.round(0, Self.word(bytes, position))
            hash = Self.rotate(hash, 27) &* Self.prime1 &+ Self.prime4
            position += 8
        }
        if position + 4 <= bytes.count {
            let half = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
            hash ^= UInt64(half) &* Self.prime1
            hash = Self.rotate(hash, 23) &* Self.prime2 &+ Self.prime3
            position += 4
        }
        while position < bytes.count {
            hash ^= UInt64(bytes[position]) &* Self.prime5
            hash = Self.rotate(hash, 11) &* Self.prime1
            position += 1
        }
        hash ^= hash >> 33
        hash &*= Self.prime2
        hash ^= hash >> 29
        hash &*= Self.prime3
        return hash ^ hash >> 32
    }

    @inline(__always)
    private static func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
    }

    @inline(__always)
    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 { word << count | word >> (64 - count) }

    @inline(__always)
    private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
        Self.rotate(lane &+ word &* Self.prime2, 31) &* Self.prime1
    }

    @inline(__always)
    private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
    }
}
