/// The small pieces that commands are encoded from.
enum RESPEncoding {
    /// Hands the decimal digits of `integer` to `body`, without an allocation.
    @inline(__always)
    static func withDigits<Integer: FixedWidthInteger, Result>(
        of integer: Integer,
        _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        // Twenty characters hold the smallest Int64 with its sign.
        var storage: (UInt64, UInt64, UInt64) = (0, 0, 0)
        return withUnsafeMutableBytes(of: &storage) { buffer in
            var start = 24
            var rest = UInt64(truncatingIfNeeded: integer.magnitude)
            repeat {
                start &-= 1
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                buffer[start] = UInt8(truncatingIfNeeded: digit) &+ 0x30
                rest = quotient
            } while rest != 0
            if integer < 0 {
                start &-= 1
                buffer[start] = UInt8(ascii: "-")
            }
            return body(UnsafeRawBufferPointer(rebasing: buffer[start..<24]))
        }
    }

    @inline(__always)
    static func digitCount(of count: Int) -> Int {
        var digits = 1
        var rest = count / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        return digits
    }
}
