public import NIOCore

/// A type that a reply can be turned into.
///
/// Conformances give the same result whether the connection speaks RESP2 or RESP3: a `Double` comes from a double or a
/// bulk string, a `Bool` from a boolean or from 0 and 1, a dictionary from a map or a flat array of keys and values.
public protocol RESPDecodable: Sendable {
    /// Turns a reply into this type.
    ///
    /// - Throws: `RedisError` with the code `.unexpectedReply` if the reply is of another type.
    init(resp value: RESPValue) throws(RedisError)
}

extension RESPValue: RESPDecodable {
    /// Turns a reply into this type.
    public init(resp value: RESPValue) {
        self = value
    }

    /// Turns this reply into `type`.
    ///
    /// - Throws: `RedisError` with the code `.unexpectedReply` if the reply is of another type, and the server's error
    ///   if the reply is one.
    public func decode<Value: RESPDecodable>(as type: Value.Type = Value.self) throws(RedisError) -> Value {
        if case .error(let error) = self { throw RedisError(error) }
        return try Value(resp: self)
    }
}

extension String: RESPDecodable {
    /// Takes any string or number.
    ///
    /// - Throws: `RedisError` with the code `.unexpectedReply` for other replies and for bytes that are not UTF-8: ask
    ///   for `ByteBuffer` or `[UInt8]` where bytes may be anything.
    public init(resp value: RESPValue) throws(RedisError) {
        switch value {
        case .simpleString(let text), .bigNumber(let text): self = text
        case .bulkString(let buffer), .verbatimString(_, let buffer):
            guard let text = String(validating: buffer.readableBytesView, as: UTF8.self) else {
                throw RedisError(.unexpectedReply, message: "expected a string, the reply's bytes are not UTF-8")
            }
            self = text
        case .integer(let integer): self = String(integer)
        case .double(let double): self = double.redisDescription
        default: throw .unexpectedReply(value, expected: "a string")
        }
    }
}

extension ByteBuffer: RESPDecodable {
    /// Turns a reply into this type.
    public init(resp value: RESPValue) throws(RedisError) {
        switch value {
        case .bulkString(let buffer), .verbatimString(_, let buffer): self = buffer
        case .simpleString(let text), .bigNumber(let text): self = ByteBuffer(string: text)
        case .integer(let integer): self = ByteBuffer(string: String(integer))
        case .double(let double): self = ByteBuffer(string: double.redisDescription)
        default: throw .unexpectedReply(value, expected: "a string")
        }
    }
}

extension Int64: RESPDecodable {
    /// Turns a reply into this type.
    public init(resp value: RESPValue) throws(RedisError) {
        self = try value.fixedWidthInteger()
    }
}

extension Int: RESPDecodable {
    /// Turns a reply into this type.
    public init(resp value: RESPValue) throws(RedisError) {
        self = try value.fixedWidthInteger()
    }
}

extension UInt64: RESPDecodable {
    /// Turns a reply into this type.
    public init(resp value: RESPValue) throws(RedisError) {
        self = try value.fixedWidthInteger()
    }
}

extension Double: RESPDecodable {
    /// Turns a reply into this type.
    public init(resp value: RESPValue) throws(RedisError) {
        switch value {
        case .double(let double): self = double
        case .integer(let integer): self = Double(integer)
        default:
            guard let text = value.shortText, let double = Double(text) else {
                throw .unexpectedReply(value, expected: "a floating-point number")
            }
            self = double
        }
    }

    /// Redis' own way to write a number: whole ones without a fraction.
    var redisDescription: String {
        if let whole = Int64(exactly: self), abs(whole) < 1 << 53 { return String(whole) }
        return "\(self)"
    }
}

extension Bool: RESPDecodable {
    /// Turns a reply into this type.
    public init(resp value: RESPValue) throws(RedisError) {
        switch value {
        case .boolean(let bool): self = bool
        case .integer(0): self = false
        case .integer(1): self = true
        default: throw .unexpectedReply(value, expected: "a truth value")
        }
    }
}

extension Optional: RESPDecodable where Wrapped: RESPDecodable {
    /// `nil` for null.
    public init(resp value: RESPValue) throws(RedisError) {
        if case .null = value {
            self = .none
        } else {
            self = .some(try Wrapped(resp: value))
        }
    }
}

extension Array: RESPDecodable where Element: RESPDecodable {
    /// Takes an array, a set, a push message, or a map as the flat list of keys and values that RESP2 makes of it.
    ///
    /// `[UInt8]` takes a string's bytes.
    public init(resp value: RESPValue) throws(RedisError) {
        if Element.self == UInt8.self {
            let bytes = Array<UInt8>(buffer: try ByteBuffer(resp: value))
            guard let same = bytes as? [Element] else {
                throw .unexpectedReply(value, expected: "bytes")
            }
            self = same
            return
        }
        switch value {
        case .array(let elements), .set(let elements), .push(let elements):
            self = []
            self.reserveCapacity(elements.count)
            for element in elements { self.append(try Element(resp: element)) }
        case .map(let entries):
            self = []
            self.reserveCapacity(entries.count * 2)
            for entry in entries {
                self.append(try Element(resp: entry.key))
                self.append(try Element(resp: entry.value))
            }
        default: throw .unexpectedReply(value, expected: "an array")
        }
    }
}

extension UInt8: RESPDecodable {
    /// Turns a reply into this type.
    public init(resp value: RESPValue) throws(RedisError) {
        self = try value.fixedWidthInteger()
    }
}

extension Dictionary: RESPDecodable where Key: RESPDecodable, Value: RESPDecodable {
    /// Takes a map, a flat array of keys and values, or an array of pairs.
    ///
    /// Of equal keys the last one counts.
    public init(resp value: RESPValue) throws(RedisError) {
        self = [:]
        switch value {
        case .map(let entries):
            self.reserveCapacity(entries.count)
            for entry in entries {
                self[try Key(resp: entry.key)] = .some(try Value(resp: entry.value))
            }
        case .array(let elements):
            try self.insert(flat: elements)
        default: throw .unexpectedReply(value, expected: "a map")
        }
    }

    private mutating func insert(flat elements: [RESPValue]) throws(RedisError) {
        if case .array(let pair)? = elements.first, pair.count == 2 {
            for element in elements {
                guard case .array(let pair) = element, pair.count == 2 else {
                    throw .unexpectedReply(element, expected: "a pair of key and value")
                }
                self[try Key(resp: pair[0])] = .some(try Value(resp: pair[1]))
            }
            return
        }
        guard elements.count.isMultiple(of: 2) else {
            throw RedisError(.unexpectedReply, message: "expected keys and values, the array's length is odd")
        }
        self.reserveCapacity(elements.count / 2)
        for index in stride(from: 0, to: elements.count, by: 2) {
            self[try Key(resp: elements[index])] = .some(try Value(resp: elements[index + 1]))
        }
    }
}

extension RESPValue {
    /// The text of a value that may spell a number; nil for what cannot.
    fileprivate var shortText: String? {
        switch self {
        case .simpleString(let text), .bigNumber(let text): text
        case .bulkString(let buffer), .verbatimString(_, let buffer):
            buffer.readableBytes <= 64 ? String(buffer: buffer) : nil
        default: nil
        }
    }

    fileprivate func fixedWidthInteger<Integer: FixedWidthInteger>() throws(RedisError) -> Integer {
        if case .integer(let integer) = self {
            guard let exact = Integer(exactly: integer) else {
                throw RedisError(.unexpectedReply, message: "the integer in the reply does not fit \(Integer.self)")
            }
            return exact
        }
        guard let text = self.shortText, let integer = Integer(text) else {
            throw .unexpectedReply(self, expected: "an integer")
        }
        return integer
    }
}
