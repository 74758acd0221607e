/// One value in a document, containers included.
struct MessagePackToken {
    /// What there is.
    enum Kind: UInt8 {
        case null, bool, unsigned, negative, float32, float64, text, binary, timestamp, array, map
    }

    /// The number or the bits of the float; of text, data and timestamps, where their bytes begin.
    var value: UInt64 = 0
    /// How many bytes, elements or pairs there are.
    var count: UInt32 = 0
    /// The token behind this one and all that is in it.
    var next: UInt32 = 0
    var kind: Kind
}

/// MessagePack that was read once: each value with its place, in the order in which they stand.
///
/// Whoever looks for one skips others without reading them again, which keeps bytes from anywhere from costing more than
/// their length. No length in the bytes is believed before there are as many bytes.
final class MessagePackDocument: Sendable {
    let bytes: [UInt8]
    let tokens: [MessagePackToken]

    /// Reads all of some bytes.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - nestingLimit: How deep containers may lie in each other.
    /// - Throws: `DecodingError` where the bytes are not one value of MessagePack.
    init(_ bytes: [UInt8], nestingLimit: Int) throws {
        let tokens = bytes.withUnsafeBytes { bytes in
            Result { () throws(MessagePackFault) in
                guard UInt32(exactly: bytes.count) != nil else { throw MessagePackFault("there are more than 4 GiB") }
                var scanner = MessagePackScanner(nestingLimit: nestingLimit)
                return try scanner.scan(bytes)
            }
        }
        switch tokens {
        case .success(let tokens):
            self.bytes = bytes
            self.tokens = tokens
        case .failure(let fault):
            throw DecodingError.dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: fault.message))
        }
    }

    func isNull(_ index: Int) -> Bool { self.tokens[index].kind == .null }

    /// The bytes of text or data.
    func payload(_ index: Int) -> ArraySlice<UInt8> {
        let start = Int(self.tokens[index].value)
        return self.bytes[start..<start + Int(self.tokens[index].count)]
    }

    /// Seconds since 1970, and nanoseconds.
    func timestamp(_ index: Int) -> (seconds: Int64, nanoseconds: UInt32) {
        self.payload(index).withUnsafeBytes { bytes in
            switch bytes.count {
            case 4:
                return (Int64(bytes.bigEndian(at: 0, as: UInt32.self)), 0)
            case 8:
                let both = bytes.bigEndian(at: 0, as: UInt64.self)
                return (Int64(both & (1 << 34 - 1)), UInt32(both >> 34))
            default:
                return (bytes.bigEndian(at: 4, as: Int64.self), bytes.bigEndian(at: 0, as: UInt32.self))
            }
        }
    }
}

/// What is wrong with bytes.
struct MessagePackFault: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// Reads a document from its beginning to its end, without recursion.
struct MessagePackScanner {
    private let nestingLimit: Int
    private var tokens: [MessagePackToken] = []
    /// The containers that are not complete: their tokens, and how many values they lack.
    private var open: [(token: Int, lacking: Int)] = []
    private var offset = 0

    init(nestingLimit: Int) {
        self.nestingLimit = nestingLimit
    }

    mutating func scan(_ bytes: UnsafeRawBufferPointer) throws(MessagePackFault) -> [MessagePackToken] {
        repeat {
            try self.value(bytes)
            self.close()
        } while !self.open.isEmpty
        guard self.offset == bytes.count else { throw MessagePackFault("something stands behind the value") }
        return self.tokens
    }

    /// Counts a value, and completes the containers whose last one it was.
    private mutating func close() {
        while let last = self.open.indices.last {
            guard self.open[last].lacking == 0 else {
                self.open[last].lacking -= 1
                return
            }
            self.tokens[self.open[last].token].next = UInt32(self.tokens.count)
            self.open.removeLast()
        }
    }

    private mutating func append(_ kind: MessagePackToken.Kind, _ value: UInt64 = 0, count: Int = 0) {
        // There are no more tokens than bytes, so 32 bits are enough for both.
        let next = UInt32(self.tokens.count + 1)
        self.tokens.append(MessagePackToken(value: value, count: UInt32(count), next: next, kind: kind))
    }

    /// A number of the input, its most significant byte first.
    private mutating func take<Value: FixedWidthInteger>(
        _ type: Value.Type,
        _ bytes: UnsafeRawBufferPointer
    ) throws(MessagePackFault) -> Value {
        let size = MemoryLayout<Value>.size
        guard bytes.count - self.offset >= size else { throw MessagePackFault("the bytes end too early") }
        defer { self.offset += size }
        return bytes.bigEndian(at: self.offset, as: type)
    }

    private mutating func value(_ bytes: UnsafeRawBufferPointer) throws(MessagePackFault) {
        let first = try self.take(UInt8.self, bytes)
        switch first {
        case 0x00...0x7F: self.append(.unsigned, UInt64(first))
        case 0x80...0x8F: try self.begin(.map, Int(first & 0x0F), bytes)
        case 0x90...0x9F: try self.begin(.array, Int(first & 0x0F), bytes)
        case 0xA0...0xBF: try self.payload(.text, Int(first & 0x1F), bytes)
        case 0xC0: self.append(.null)
        case 0xC1: throw MessagePackFault("there is a byte that the format never uses")
        case 0xC2, 0xC3: self.append(.bool, UInt64(first & 1))
        case 0xC4...0xC6: try self.payload(.binary, self.length(first - 0xC4, bytes), bytes)
        case 0xC7...0xC9: try self.extended(self.length(first - 0xC7, bytes), bytes)
        case 0xCA: self.append(.float32, UInt64(try self.take(UInt32.self, bytes)))
        case 0xCB: self.append(.float64, try self.take(UInt64.self, bytes))
        case 0xCC...0xCF: self.append(.unsigned, try self.unsigned(first, bytes))
        case 0xD0...0xD3: self.append(signed: try self.signed(first, bytes))
        case 0xD4...0xD8: try self.extended(1 << Int(first - 0xD4), bytes)
        case 0xD9...0xDB: try self.payload(.text, self.length(first - 0xD9, bytes), bytes)
        case 0xDC, 0xDD: try self.begin(.array, self.length(first - 0xDC + 1, bytes), bytes)
        case 0xDE, 0xDF: try self.begin(.map, self.length(first - 0xDE + 1, bytes), bytes)
        default: self.append(signed: Int64(Int8(bitPattern: first)))
        }
    }

    /// A length of one, two or four bytes.
    private mutating func length(_ size: UInt8, _ bytes: UnsafeRawBufferPointer) throws(MessagePackFault) -> Int {
        switch size {
        case 0: Int(try self.take(UInt8.self, bytes))
        case 1: Int(try self.take(UInt16.self, bytes))
        default: Int(try self.take(UInt32.self, bytes))
        }
    }

    private mutating func unsigned(
        _ first: UInt8,
        _ bytes: UnsafeRawBufferPointer
    ) throws(MessagePackFault) -> UInt64 {
        switch first {
        case MessagePackFormat.unsigned8: UInt64(try self.take(UInt8.self, bytes))
        case MessagePackFormat.unsigned16: UInt64(try self.take(UInt16.self, bytes))
        case MessagePackFormat.unsigned32: UInt64(try self.take(UInt32.self, bytes))
        default: try self.take(UInt64.self, bytes)
        }
    }

    private mutating func signed(_ first: UInt8, _ bytes: UnsafeRawBufferPointer) throws(MessagePackFault) -> Int64 {
        switch first {
        case MessagePackFormat.signed8: Int64(try self.take(Int8.self, bytes))
        case MessagePackFormat.signed16: Int64(try self.take(Int16.self, bytes))
        case MessagePackFormat.signed32: Int64(try self.take(Int32.self, bytes))
        default: try self.take(Int64.self, bytes)
        }
    }

    private mutating func append(signed value: Int64) {
        self.append(value < 0 ? .negative : .unsigned, UInt64(bitPattern: value))
    }

    private mutating func payload(
        _ kind: MessagePackToken.Kind,
        _ count: Int,
        _ bytes: UnsafeRawBufferPointer
    ) throws(MessagePackFault) {
        guard bytes.count - self.offset >= count else { throw MessagePackFault("the bytes end too early") }
        self.append(kind, UInt64(self.offset), count: count)
        self.offset += count
    }

    private mutating func extended(_ count: Int, _ bytes: UnsafeRawBufferPointer) throws(MessagePackFault) {
        let type = try self.take(UInt8.self, bytes)
        guard type == MessagePackFormat.timestamp else {
            throw MessagePackFault("extension type \(Int8(bitPattern: type)) is not known")
        }
        guard [4, 8, 12].contains(count) else { throw MessagePackFault("a timestamp does not have \(count) bytes") }
        try self.payload(.timestamp, count, bytes)
    }

    private mutating func begin(
        _ kind: MessagePackToken.Kind,
        _ count: Int,
        _ bytes: UnsafeRawBufferPointer
    ) throws(MessagePackFault) {
        let values = kind == .map ? 2 * count : count
        // Each takes a byte at least.
        guard bytes.count - self.offset >= values else { throw MessagePackFault("the bytes end too early") }
        guard self.open.count < self.nestingLimit else {
            throw MessagePackFault("containers lie in each other more than \(self.nestingLimit) deep")
        }
        self.append(kind, count: count)
        self.open.append((self.tokens.count - 1, values))
    }
}
