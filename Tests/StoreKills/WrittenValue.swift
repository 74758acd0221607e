/// Values that tell by themselves whether they are whole: a number, and bytes that follow from it.
public enum WrittenValue: Sendable {
    /// The value of a number: 16 bytes to 20 kB.
    public static func bytes(_ number: Int) -> [UInt8] {
        var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 | 1
        func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
        let length = number.isMultiple(of: 7) ? Int(next() % 20_000) : Int(next() % 300)
        var bytes: [UInt8] = []
        for part in [UInt64(number), UInt64(length)] {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: part >> UInt64(shift)))
            }
        }
        for _ in 0..<length { bytes.append(UInt8(truncatingIfNeeded: next())) }
        return bytes
    }

    /// The number of a value; `nil` where the value is not whole.
    public static func number(of bytes: [UInt8]) -> Int? {
        guard bytes.count >= 16 else { return nil }
        var number: UInt64 = 0
        for index in (0..<8).reversed() { number = number << 8 | UInt64(bytes[index]) }
        guard let number = Int(exactly: number), number < 1 << 40, bytes == Self.bytes(number) else { return nil }
        return number
    }
}
