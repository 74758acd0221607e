/// The UTF-8 of a stored key in three words: up to 23 bytes in place, the rest of longer ones in a block of their own.
///
/// Comparing a stored `String` retains and releases it, which costs more than the rest of a look-up (89 ns against 51
/// for a hit); raw bytes are compared where they lie, and take a third of the memory of a `String` with its storage.
///
/// A key of up to 23 bytes costs neither a block, of which the smallest takes 32 bytes of the heap, nor the cache miss
/// of looking into it. Of a longer key the first eight bytes stay here.
///
/// Whoever holds one calls `deallocate()` exactly once: it is a plain value, so that a slab can keep it without
/// knowing of it.
// Sendable: the block is written once, in `init`, and has one owner.
@usableFromInline
package struct KeyBytes: @unchecked Sendable {
    /// The first eight bytes.
    @usableFromInline let head: UInt64
    /// The next eight bytes, or the address of the block with all after the head.
    @usableFromInline let middle: UInt64
    /// The rest of the bytes with their number in the last byte, or their number with the top bit set.
    @usableFromInline let tail: UInt64

    @inlinable static var inlineCapacity: Int { 23 }
    @inlinable static var headBytes: Int { 8 }
    @inlinable static var blockMark: UInt64 { 1 << 63 }

    @inlinable
    package init(_ bytes: UnsafeRawPointer, count: Int) {
        if count <= Self.inlineCapacity {
            var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
            withUnsafeMutableBytes(of: &words) { buffer in
                if let start = buffer.baseAddress {
                    start.copyMemory(from: bytes, byteCount: count)
                }
                buffer[Self.inlineCapacity] = UInt8(truncatingIfNeeded: count)
            }
            self.head = words.0
            self.middle = words.1
            self.tail = words.2
        } else {
            let block = UnsafeMutableRawPointer.allocate(byteCount: count &- Self.headBytes, alignment: 1)
            block.copyMemory(from: bytes + Self.headBytes, byteCount: count &- Self.headBytes)
            self.head = bytes.loadUnaligned(as: UInt64.self)
            self.middle = UInt64(UInt(bitPattern: block))
            self.tail = UInt64(truncatingIfNeeded: count) | Self.blockMark
        }
    }

    @inlinable
    var block: UnsafeMutableRawPointer? {
        self.tail & Self.blockMark == 0 ? nil : UnsafeMutableRawPointer(bitPattern: UInt(self.middle))
    }

    @inlinable
    var count: Int {
        self.tail & Self.blockMark == 0
            ? Int(self.tail >> 56) : Int(truncatingIfNeeded: self.tail & ~Self.blockMark)
    }

    /// Whether the key at `stored` has exactly these bytes.
    @inlinable
    @inline(__always)
    package static func matches(_ stored: UnsafePointer<KeyBytes>, _ bytes: UnsafeRawPointer, count: Int) -> Bool {
        let place = UnsafeRawPointer(stored)
        if count > Self.inlineCapacity {
            guard stored.pointee.tail == UInt64(truncatingIfNeeded: count) | Self.blockMark,
                Self.same(UInt64.self, place, bytes),
                let block = UnsafeRawPointer(bitPattern: UInt(stored.pointee.middle))
            else { return false }
            // Never fewer than 16: two words at a time, the last two overlapping what came before.
            let rest = bytes + Self.headBytes
            let last = count &- Self.headBytes &- 16
            var offset = 0
            while offset < last {
                if !Self.sameSixteen(block + offset, rest + offset) { return false }
                offset &+= 16
            }
            return Self.sameSixteen(block + last, rest + last)
        }
        guard stored.pointee.tail >> 56 == UInt64(truncatingIfNeeded: count) else { return false }
        if count >= 16 {
            return Self.sameSixteen(place, bytes)
                && Self.same(UInt64.self, place + (count &- 8), bytes + (count &- 8))
        }
        if count >= 8 {
            return Self.same(UInt64.self, place, bytes)
                && Self.same(UInt64.self, place + (count &- 8), bytes + (count &- 8))
        }
        if count >= 4 {
            return Self.same(UInt32.self, place, bytes)
                && Self.same(UInt32.self, place + (count &- 4), bytes + (count &- 4))
        }
        for offset in 0..<count where !Self.same(UInt8.self, place + offset, bytes + offset) { return false }
        return true
    }

    @inlinable
    @inline(__always)
    static func same<Word: FixedWidthInteger & BitwiseCopyable>(
        _: Word.Type,
        _ left: UnsafeRawPointer,
        _ right: UnsafeRawPointer
    ) -> Bool {
        left.loadUnaligned(as: Word.self) == right.loadUnaligned(as: Word.self)
    }

    @inlinable
    @inline(__always)
    static func sameSixteen(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer) -> Bool {
        let first = left.loadUnaligned(as: UInt64.self) ^ right.loadUnaligned(as: UInt64.self)
        let second =
            left.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            ^ right.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        return first | second == 0
    }

    /// The bytes as the string that they came from.
    @inlinable
    package func string() -> String {
        let count = self.count
        return withUnsafeBytes(of: self) { words in
            guard let block = self.block else {
                return String(decoding: UnsafeRawBufferPointer(rebasing: words[..<count]), as: UTF8.self)
            }
            return String(unsafeUninitializedCapacity: count) { buffer in
                let rest = UnsafeRawBufferPointer(start: block, count: count - Self.headBytes)
                let bytes = UnsafeMutableRawBufferPointer(buffer)
                bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: words[..<Self.headBytes]))
                UnsafeMutableRawBufferPointer(rebasing: bytes[Self.headBytes...]).copyMemory(from: rest)
                return count
            }
        }
    }

    /// Frees the block, if there is one.
    @inlinable
    package func deallocate() {
        self.block?.deallocate()
    }
}
