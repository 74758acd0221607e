/// What was asked for, in order.
package struct Trace: Sendable {
    package var keys: [UInt64]
    /// The size of each request's key; empty where all are 1.
    package var sizes: [Int]

    package init(keys: [UInt64], sizes: [Int] = []) {
        self.keys = keys
        self.sizes = sizes
    }

    /// Reads one unsigned number a line, the key; with `sizes` a second one after a blank, its size.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - hasSizes: Whether each line has a size.
    /// - Throws: `TraceError`, which names the first line that is something else.
    package init(parsing bytes: UnsafeRawBufferPointer, sizes hasSizes: Bool) throws(TraceError) {
        self.init(keys: [])
        self.keys.reserveCapacity(bytes.count / 8)
        var position = 0
        var line = 1
        while position < bytes.count {
            guard let key = Self.number(in: bytes, at: &position) else {
                throw TraceError(line: line, expected: "an unsigned number of 64 bits")
            }
            self.keys.append(key)
            if hasSizes {
                Self.skipBlanks(in: bytes, at: &position)
                guard let size = Self.number(in: bytes, at: &position).flatMap(Int.init(exactly:)) else {
                    throw TraceError(line: line, expected: "a key, a blank and a size")
                }
                self.sizes.append(size)
            }
            // A file written on Windows, or with a column that is not asked for, is refused in so many words.
            guard position == bytes.count || bytes[position] == UInt8(ascii: "\n") else {
                throw TraceError(line: line, expected: hasSizes ? "a key and a size" : "one unsigned number")
            }
            position += 1
            line += 1
        }
    }

    private static func skipBlanks(in bytes: UnsafeRawBufferPointer, at position: inout Int) {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") {
            position += 1
        }
    }

    /// The decimal number that begins here, if one does that fits.
    private static func number(in bytes: UnsafeRawBufferPointer, at position: inout Int) -> UInt64? {
        let start = position
        var number: UInt64 = 0
        while position < bytes.count, case let digit = bytes[position] &- UInt8(ascii: "0"), digit < 10 {
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = product.addingReportingOverflow(UInt64(digit))
            if isTooLarge || isStillTooLarge { return nil }
            number = sum
            position += 1
        }
        return position > start ? number : nil
    }
}

/// A line of a trace that cannot be read.
package struct TraceError: Error, Equatable, CustomStringConvertible {
    /// Counted from 1.
    package var line: Int
    package var expected: String

    package var description: String {
        "line \(self.line) is not \(self.expected)"
    }
}
