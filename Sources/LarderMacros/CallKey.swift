/// The key of one call of a function, made of what tells it from other calls.
///
/// Each argument is written behind its length in bytes, so that no two lists of arguments read alike. Control characters, which
/// keys must not carry, are written as `\` and two hexadecimal digits for each byte, and so is `\` itself.
///
/// Few arguments are gathered without memory of their own: a hit in memory costs little more than its key.
public struct CallKey: Sendable {
    private let function: String
    private var arguments = ShortBytes()
    private let separator: UInt8

    /// Begins a key.
    ///
    /// - Parameters:
    ///   - function: What the function is called.
    ///   - separator: The ASCII character that stands before each argument.
    public init(_ function: String, separator: Unicode.Scalar = "|") {
        self.function = function
        self.separator = UInt8(ascii: separator)
    }

    /// The text so far.
    public var text: String {
        var function = self.function
        return function.withUTF8 { function in
            self.arguments.withUnsafeBytes { arguments in
                String(unsafeUninitializedCapacity: function.count + arguments.count) { text in
                    let text = UnsafeMutableRawBufferPointer(text)
                    text.copyMemory(from: UnsafeRawBufferPointer(function))
                    UnsafeMutableRawBufferPointer(rebasing: text[function.count...]).copyMemory(from: arguments)
                    return function.count + arguments.count
                }
            }
        }
    }

    /// Adds text as it is.
    public consuming func adding(_ argument: String) -> CallKey {
        self.append(argument)
        return self
    }

    /// Adds an integer in decimal digits, which end where they end.
    @inlinable
    public consuming func adding(_ argument: some FixedWidthInteger & Encodable) -> CallKey {
        if let argument = Int64(exactly: argument) {
            self.append(argument)
        } else {
            self.append(plain: String(argument))
        }
        return self
    }

    /// Adds `true` or `false`.
    public consuming func adding(_ argument: Bool) -> CallKey {
        self.append(plain: argument ? "true" : "false")
        return self
    }

    /// Adds a number by its shortest decimal form that reads back as the same number.
    public consuming func adding(_ argument: Double) -> CallKey {
        self.append(plain: argument.description)
        return self
    }

    /// Adds anything else as text that is much like JSON, and the same for equal arguments in each process.
    ///
    /// The members of objects are sorted by their names, the elements of sets and the members of dictionaries by their texts. Dates are
    /// seconds since 2001, data is base 64, and numbers beyond all numbers are `nan`, `inf` and `-inf`. Only what a type's own encoding
    /// writes in an order that changes has several keys.
    ///
    /// - Throws: What encoding the argument throws.
    public consuming func adding(_ argument: some Encodable) throws -> CallKey {
        self.append(try ArgumentText.of(argument))
        return self
    }

    /// Adds the name of a type, for generic functions.
    ///
    /// What is private has no name that other files see, and at run time one with an address in it, which another process does not
    /// have. In place of that stands the file that the function is in.
    ///
    /// - Parameters:
    ///   - type: The type.
    ///   - file: The module and the file of the function whose call it is.
    /// - Returns: The key with the name.
    public consuming func adding(type: Any.Type, file: String = #fileID) -> CallKey {
        self.append(TypeName.stable(String(reflecting: type), file: file))
        return self
    }

    /// Appends what needs no length, because what comes behind it cannot be taken for a part of it.
    @usableFromInline
    mutating func append(plain argument: String) {
        self.arguments.append(self.separator)
        var argument = argument
        argument.withUTF8 { self.arguments.append($0) }
    }

    @usableFromInline
    mutating func append(_ argument: Int64) {
        self.arguments.append(self.separator)
        if argument < 0 { self.arguments.append(UInt8(ascii: "-")) }
        self.append(digitsOf: argument.magnitude)
    }

    private mutating func append(_ argument: String) {
        var argument = argument
        argument.withUTF8 { bytes in
            if Self.isPlain(bytes) {
                self.append(text: bytes)
            } else {
                Self.escaped(bytes).withUnsafeBufferPointer { self.append(text: $0) }
            }
        }
    }

    private mutating func append(text: UnsafeBufferPointer<UInt8>) {
        self.arguments.append(self.separator)
        self.append(digitsOf: UInt64(text.count))
        self.arguments.append(UInt8(ascii: ":"))
        self.arguments.append(text)
    }

    private mutating func append(digitsOf number: UInt64) {
        guard number >= 10 else {
            self.arguments.append(UInt8(ascii: "0") + UInt8(number))
            return
        }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (rest, first) = (number, digits.count)
            while rest > 0 {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            self.arguments.append(UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }

    /// Whether all bytes stand for themselves.
    ///
    /// Looks at all of them, which is faster than stopping at the first: there hardly ever is one that does not.
    private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var others: UInt8 = 0
        for byte in bytes {
            others |= byte < 0x20 ? 1 : 0
            others |= byte >= 0x7F ? 1 : 0
            others |= byte == UInt8(ascii: "\\") ? 1 : 0
        }
        return others == 0
    }

    private static func escaped(_ argument: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var escaped: [UInt8] = []
        func escape(_ byte: UInt8) {
            escaped.append(UInt8(ascii: "\\"))
            for digit in [byte >> 4, byte & 15] { escaped.append(Self.digits[Int(digit)]) }
        }
        var previous: UInt8 = 0
        for byte in argument {
            if previous == 0xC2, byte < 0xA0 {
                // The C1 controls are C2 80 to C2 9F in UTF-8.
                escaped.removeLast()
                escape(0xC2)
                escape(byte)
            } else if byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\\") {
                escape(byte)
            } else {
                escaped.append(byte)
            }
            previous = byte
        }
        return escaped
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
