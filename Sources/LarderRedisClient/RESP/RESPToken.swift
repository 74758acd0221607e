#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The smallest part of a reply that means something by itself: a short value, or the header of a long one.
enum RESPToken {
    enum Bulk {
        case string
        case error
        case verbatim
    }

    enum Aggregate {
        case array
        case map
        case set
        case push
        case attribute
    }

    /// More bytes are needed.
    case incomplete
    /// A whole value of `consumed` bytes.
    case value(RESPValue, consumed: Int)
    /// The header of a string, whose bytes and line end follow.
    case bulk(Bulk, header: Int, length: Int)
    /// The header of `count` values. A map's keys and values count singly.
    case aggregate(Aggregate, header: Int, count: Int)
    /// The header of an attribute, `count` as a map's.
    case attribute(header: Int, count: Int)

    static func violation(_ what: String) -> RedisError {
        RedisError(.protocolViolation, message: "the server sent what is not RESP: \(what)")
    }

    /// Reads the token at the beginning of `bytes`.
    ///
    /// `searched` says how many bytes were searched for a line end in vain, and is kept from call to call.
    ///
    /// - Returns: The token, `.incomplete` if its last byte has not come.
    /// - Throws: `.protocolViolation` or `.replyTooLarge`.
    static func read(_ bytes: UnsafeRawBufferPointer, searched: inout Int) throws(RedisError) -> RESPToken {
        guard let kind = bytes.first else { return .incomplete }
        switch kind {
        case UInt8(ascii: "$"):
            return try Self.bulk(.string, bytes)
        case UInt8(ascii: ":"):
            guard let (number, consumed) = try Self.number(bytes) else { return .incomplete }
            return .value(.integer(number), consumed: consumed)
        case UInt8(ascii: "*"):
            return try Self.aggregate(.array, bytes)
        case UInt8(ascii: "%"):
            return try Self.aggregate(.map, bytes)
        case UInt8(ascii: "~"):
            return try Self.aggregate(.set, bytes)
        case UInt8(ascii: ">"):
            return try Self.aggregate(.push, bytes)
        case UInt8(ascii: "|"):
            return try Self.aggregate(.attribute, bytes)
        case UInt8(ascii: "="):
            return try Self.bulk(.verbatim, bytes)
        case UInt8(ascii: "!"):
            return try Self.bulk(.error, bytes)
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "#"), UInt8(ascii: ","),
            UInt8(ascii: "("):
            guard let end = try Self.lineEnd(bytes, searched: &searched) else { return .incomplete }
            let line = UnsafeRawBufferPointer(rebasing: bytes[1..<end])
            return .value(try Self.lineValue(kind, line), consumed: end + 2)
        default:
            throw Self.violation("no value begins with byte \(kind)")
        }
    }

    // MARK: Lines

    /// The index of the line end (CR LF), or nil if it has not come yet.
    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, searched: inout Int) throws(RedisError) -> Int? {
        guard let base = bytes.baseAddress, searched < bytes.count else { return nil }
        guard let found = memchr(base + searched, 0x0A, bytes.count - searched) else {
            searched = bytes.count
            return nil
        }
        let end = UnsafeRawPointer(found) - base - 1
        guard end >= 1, bytes[end] == 0x0D else { throw Self.violation("a line ends without a carriage return") }
        return end
    }

    private static func lineValue(_ kind: UInt8, _ line: UnsafeRawBufferPointer) throws(RedisError) -> RESPValue {
        switch kind {
        case UInt8(ascii: "+"):
            // By far the most frequent line.
            if line.count == 2, line[0] == UInt8(ascii: "O"), line[1] == UInt8(ascii: "K") {
                return .simpleString("OK")
            }
            return .simpleString(String(decoding: line, as: UTF8.self))
        case UInt8(ascii: "-"):
            return .error(RedisServerError(String(decoding: line, as: UTF8.self)))
        case UInt8(ascii: "_"):
            guard line.isEmpty else { throw Self.violation("a null with content") }
            return .null
        case UInt8(ascii: "#"):
            guard line.count == 1 else { throw Self.violation("a boolean of \(line.count) letters") }
            switch line[0] {
            case UInt8(ascii: "t"): return .boolean(true)
            case UInt8(ascii: "f"): return .boolean(false)
            default: throw Self.violation("a boolean that is neither t nor f")
            }
        case UInt8(ascii: ","):
            guard let double = Self.double(line) else { throw Self.violation("a double that is not a number") }
            return .double(double)
        default:
            guard Self.isWholeNumber(line) else { throw Self.violation("a big number that is not a number") }
            return .bigNumber(String(decoding: line, as: UTF8.self))
        }
    }

    private static func double(_ line: UnsafeRawBufferPointer) -> Double? {
        guard (1...64).contains(line.count) else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        switch text {
        case "inf": return .infinity
        case "-inf": return -.infinity
        case "nan", "-nan": return .nan
        default:
            // Swift reads hexadecimal numbers and names such as "infinity", too; RESP knows neither.
            let digits = line.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
            return digits ? Double(text) : nil
        }
    }

    private static func isWholeNumber(_ line: UnsafeRawBufferPointer) -> Bool {
        var digits = line[...]
        if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { digits.removeFirst() }
        return !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
    }

    // MARK: Headers

    /// The whole number between the type's byte and the line end, with the number of bytes of all; nil if the line end
    /// has not come yet.
    @inline(__always)
    private static func number(_ bytes: UnsafeRawBufferPointer) throws(RedisError) -> (Int64, consumed: Int)? {
        var position = 1
        var isNegative = false
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
            isNegative = bytes[position] == UInt8(ascii: "-")
            position += 1
        }
        let firstDigit = position
        var value: Int64 = 0
        while position < bytes.count {
            let digit = bytes[position] &- 0x30
            if digit <= 9 {
                // Counted downwards, where the range is larger by one.
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (difference, overflowed) = product.subtractingReportingOverflow(Int64(digit))
                if overflow || overflowed { throw Self.violation("a number that does not fit 64 bits") }
                value = difference
                position += 1
                if position - firstDigit > 32 { throw Self.violation("a number of more than 32 digits") }
                continue
            }
            guard bytes[position] == 0x0D, position > firstDigit else {
                throw Self.violation("a number with something else than digits")
            }
            guard position + 1 < bytes.count else { return nil }
            guard bytes[position + 1] == 0x0A else { throw Self.violation("a carriage return without a line feed") }
            if !isNegative {
                if value == .min { throw Self.violation("a number that does not fit 64 bits") }
                value = -value
            }
            return (value, position + 2)
        }
        return nil
    }

    @inline(__always)
    private static func bulk(_ kind: Bulk, _ bytes: UnsafeRawBufferPointer) throws(RedisError) -> RESPToken {
        guard let (length, header) = try Self.number(bytes) else { return .incomplete }
        if length < 0 {
            guard length == -1, kind == .string else { throw Self.violation("a string of negative length") }
            return .value(.null, consumed: header)
        }
        return .bulk(kind, header: header, length: Int(length))
    }

    @inline(__always)
    private static func aggregate(_ kind: Aggregate, _ bytes: UnsafeRawBufferPointer) throws(RedisError) -> RESPToken {
        guard let (length, header) = try Self.number(bytes) else { return .incomplete }
        if length < 0 {
            guard length == -1, kind == .array else { throw Self.violation("an aggregate of negative length") }
            return .value(.null, consumed: header)
        }
        switch kind {
        case .array, .set, .push:
            return .aggregate(kind, header: header, count: Int(length))
        case .map, .attribute:
            let (count, overflow) = Int(length).multipliedReportingOverflow(by: 2)
            if overflow {
                throw RedisError(.replyTooLarge, message: "the reply claims \(length) entries")
            }
            return kind == .attribute
                ? .attribute(header: header, count: count) : .aggregate(kind, header: header, count: count)
        }
    }
}

extension RESPToken.Aggregate {
    /// The value of this kind made of its elements.
    func assemble(_ elements: [RESPValue]) -> RESPValue {
        switch self {
        case .array, .attribute: .array(elements)
        case .set: .set(elements)
        case .push: .push(elements)
        case .map:
            .map(
                stride(from: 0, to: elements.count, by: 2).map {
                    RESPMapEntry(key: elements[$0], value: elements[$0 + 1])
                }
            )
        }
    }
}
