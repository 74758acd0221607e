/// Walks over a command's name and arguments, without copying any.
///
/// The bytes are a command's body, which `RedisCommand` wrote itself: nothing in it can be malformed.
struct CommandElements {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next element's bytes.
    @inline(__always)
    mutating func next() -> UnsafeRawBufferPointer? {
        guard self.position < self.bytes.count else { return nil }
        var start = self.position &+ 1
        var length = 0
        while self.bytes[start] != 0x0D {
            length = length &* 10 &+ Int(self.bytes[start] &- 0x30)
            start &+= 1
        }
        start &+= 2
        let end = start &+ length
        self.position = end &+ 2
        return UnsafeRawBufferPointer(rebasing: self.bytes[start..<end])
    }

    /// The element after the next `count` ones.
    mutating func next(after count: Int) -> UnsafeRawBufferPointer? {
        for _ in 0..<count where self.next() == nil { return nil }
        return self.next()
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes are a word of a command (letters and digits), in capitals or not.
    func isWord(_ word: StaticString) -> Bool {
        guard self.count == word.utf8CodeUnitCount else { return false }
        for (index, byte) in self.enumerated() where byte & 0xDF != word.utf8Start[index] & 0xDF {
            return false
        }
        return true
    }

    /// The whole number that these bytes spell, if it is one from zero to a billion.
    var asCount: Int? {
        guard (1...9).contains(self.count) else { return nil }
        var number = 0
        for byte in self {
            guard (0x30...0x39).contains(byte) else { return nil }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}
