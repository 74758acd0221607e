/// The key of one call of a function, made of what tells it from other calls.
///
/// Each argument is written behind its length in bytes, so that no two lists of arguments read alike. Control characters, which
/// keys must not carry, are written as `\` and two hexadecimal digits for each byte, and so is `\` itself.
public struct CallKey: Sendable {
    /// The text so far.
    public private(set) var text: String
    private let separator: String

    /// Begins a key.
    ///
    /// - Parameters:
    ///   - function: What the function is called.
    ///   - separator: What stands before each argument.
    public init(_ function: String, separator: String = "|") {
        self.text = function
        self.separator = separator
    }

    /// Adds text as it is.
    public consuming func adding(_ argument: String) -> CallKey {
        self.append(argument)
        return self
    }

    /// Adds an integer in decimal digits, which end where they end.
    public consuming func adding(_ argument: some FixedWidthInteger & Encodable) -> CallKey {
        self.append(plain: String(argument))
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
    private mutating func append(plain argument: String) {
        self.text += self.separator
        self.text += argument
    }

    private mutating func append(_ argument: String) {
        let isPlain = argument.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
        let argument = isPlain ? argument : Self.escaped(argument)
        self.text += self.separator
        self.text += String(argument.utf8.count)
        self.text += ":"
        self.text += argument
    }

    private static func escaped(_ argument: String) -> String {
        var escaped: [UInt8] = []
        func escape(_ byte: UInt8) {
            escaped.append(UInt8(ascii: "\\"))
            for digit in [byte >> 4, byte & 15] { escaped.append(Self.digits[Int(digit)]) }
        }
        var previous: UInt8 = 0
        for byte in argument.utf8 {
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
        return String(decoding: escaped, as: UTF8.self)
    }

    private static let digits = Array("0123456789abcdef".utf8)
}
