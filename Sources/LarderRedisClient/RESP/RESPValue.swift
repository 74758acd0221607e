public import NIOCore

/// One value of the Redis protocol, in RESP2 or RESP3.
///
/// Attributes (`|`) are parsed and dropped. RESP2's null bulk string and null array are `.null`, as RESP3's null.
public enum RESPValue: Sendable, Equatable {
    /// A short text such as `OK`.
    case simpleString(String)
    /// Bytes. Short ones may share storage of at most 4 kB with other replies.
    case bulkString(ByteBuffer)
    /// A text with a format of three letters, such as `txt` or `mkd`.
    indirect case verbatimString(format: String, ByteBuffer)
    /// An error. At the top level `send` throws it; inside an array, such as `EXEC`'s, it is a value.
    case error(RedisServerError)
    /// A whole number.
    case integer(Int64)
    /// A floating-point number, infinities and NaN included.
    case double(Double)
    /// A truth value.
    case boolean(Bool)
    /// A whole number of any size, in decimal digits.
    case bigNumber(String)
    /// No value.
    case null
    /// An ordered list.
    case array([RESPValue])
    /// Keys with their values, in the server's order. Keys can be of any type and are not checked for doubles.
    case map([RESPMapEntry])
    /// A collection whose order means nothing. Elements are not checked for doubles.
    case set([RESPValue])
    /// A message that is no reply to any command.
    case push([RESPValue])

    /// The name of the kind of value: all that an error may say of one.
    package var kindDescription: String {
        switch self {
        case .simpleString: "a simple string"
        case .bulkString: "a bulk string"
        case .verbatimString: "a verbatim string"
        case .error: "an error"
        case .integer: "an integer"
        case .double: "a double"
        case .boolean: "a boolean"
        case .bigNumber: "a big number"
        case .null: "null"
        case .array: "an array"
        case .map: "a map"
        case .set: "a set"
        case .push: "a push message"
        }
    }
}

/// A key and its value in a RESP map.
public struct RESPMapEntry: Sendable, Equatable {
    /// The entry's key.
    public var key: RESPValue
    /// The entry's value.
    public var value: RESPValue

    /// - Parameters:
    ///   - key: The entry's key.
    ///   - value: The entry's value.
    public init(key: RESPValue, value: RESPValue) {
        self.key = key
        self.value = value
    }
}

/// An error as a Redis server sends it: a first word in capitals that says the kind, and a text.
public struct RedisServerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line that the server sent, kind included, without the arguments that some servers repeat in it.
    public let message: String

    /// - Parameter message: The whole line, kind included, such as `ERR unknown command`.
    public init(_ message: String) {
        // "ERR unknown command 'SETT', with args beginning with: 'key' 'value'": errors end up in logs, values must not.
        if let arguments = message.firstRange(of: ", with args beginning with") {
            self.message = String(message[..<arguments.lowerBound])
        } else {
            self.message = message
        }
    }

    /// The kind of error: the line's first word, such as `ERR`, `WRONGTYPE` or `NOSCRIPT`.
    ///
    /// `ERR` for a line without a word in capitals, so that the variety stays small whatever a script returns.
    public var code: String {
        let word = self.message.prefix { $0 != " " }
        let isCode =
            !word.isEmpty && word.utf8.count <= 24
            && word.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
        return isCode ? String(word) : "ERR"
    }

    /// A text for people.
    public var description: String { self.message }
}
