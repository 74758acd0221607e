/// What is wrong with bytes.
struct MessagePackFault: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }

    static let tooShort = MessagePackFault("the bytes end too early")
}

/// One value, or the beginning of a container.
struct MessagePackItem {
    /// What there is.
    enum Kind: UInt8 {
        case null, bool, unsigned, negative, float32, float64, text, binary, timestamp, array, map
    }

    private(set) var kind = Kind.null
    /// The number or the bits of the float.
    private(set) var value: UInt64 = 0
    /// How many bytes, elements or pairs there are.
    private(set) var count = 0
    /// What stands behind the value: of a container, its first element or key.
    private(set) var next: Int

    /// How many values the container has, keys included; of other values 0.
    var valueCount: Int {
        switch self.kind {
        case .array: self.count
        case .map: 2 * self.count
        default: 0
        }
    }

    /// Reads the value at an offset, but not what is in a container.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(MessagePackFault) {
        self.next = offset
        let first = try self.take(UInt8.self, bytes)
        switch first {
        case 0x00...0x7F: self.become(.unsigned, UInt64(first))
        case 0x80...0x8F: self.become(.map, count: Int(first & 0x0F))
        case 0x90...0x9F: self.become(.array, count: Int(first & 0x0F))
        case 0xA0...0xBF: try self.payload(.text, Int(first & 0x1F), bytes)
        case 0xC0: self.become(.null)
        case 0xC1: throw MessagePackFault("there is a byte that the format never uses")
        case 0xC2, 0xC3: self.become(.bool, UInt64(first & 1))
        case 0xC4...0xC6: try self.payload(.binary, self.length(first - 0xC4, bytes), bytes)
        case 0xC7...0xC9: try self.extended(self.length(first - 0xC7, bytes), bytes)
        case 0xCA: self.become(.float32, UInt64(try self.take(UInt32.self, bytes)))
        case 0xCB: self.become(.float64, try self.take(UInt64.self, bytes))
        case 0xCC...0xCF: self.become(.unsigned, try self.unsigned(first, bytes))
        case 0xD0...0xD3: self.become(signed: try self.signed(first, bytes))
        case 0xD4...0xD8: try self.extended(1 << Int(first - 0xD4), bytes)
        case 0xD9...0xDB: try self.payload(.text, self.length(first - 0xD9, bytes), bytes)
        case 0xDC, 0xDD: self.become(.array, count: try self.length(first - 0xDC + 1, bytes))
        case 0xDE, 0xDF: self.become(.map, count: try self.length(first - 0xDE + 1, bytes))
        default: self.become(signed: Int64(Int8(bitPattern: first)))
        }
    }

    private mutating func become(_ kind: Kind, _ value: UInt64 = 0, count: Int = 0) {
        self.kind = kind
        self.value = value
        self.count = count
    }

    private mutating func become(signed value: Int64) {
        self.become(value < 0 ? .negative : .unsigned, UInt64(bitPattern: value))
    }

    /// A number of the input, its most significant byte first.
    private mutating func take<Value: FixedWidthInteger>(
        _ type: Value.Type,
        _ bytes: UnsafeRawBufferPointer
    ) throws(MessagePackFault) -> Value {
        let size = MemoryLayout<Value>.size
        guard bytes.count - self.next >= size else { throw .tooShort }
        defer { self.next += size }
        return bytes.bigEndian(at: self.next, as: type)
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

    private mutating func payload(
        _ kind: Kind,
        _ count: Int,
        _ bytes: UnsafeRawBufferPointer
    ) throws(MessagePackFault) {
        guard bytes.count - self.next >= count else { throw .tooShort }
        self.become(kind, count: count)
        self.next += count
    }

    private mutating func extended(_ count: Int, _ bytes: UnsafeRawBufferPointer) throws(MessagePackFault) {
        let type = try self.take(UInt8.self, bytes)
        guard type == MessagePackFormat.timestamp else {
            throw MessagePackFault("extension type \(Int8(bitPattern: type)) is not known")
        }
        guard [4, 8, 12].contains(count) else { throw MessagePackFault("a timestamp does not have \(count) bytes") }
        try self.payload(.timestamp, count, bytes)
    }
}
