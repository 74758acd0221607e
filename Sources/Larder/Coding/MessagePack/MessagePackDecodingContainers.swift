/// The pairs of a map.
struct MessagePackKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let map: MessagePackMap
    let path: MessagePackPath

    var codingPath: [any CodingKey] { self.path.keys }

    var allKeys: [Key] { self.map.keys() }

    func contains(_ key: Key) -> Bool { self.map.value(of: key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { self.map.document.isNull(try self.index(key)) }

    private func index(_ key: Key) throws -> Int {
        guard let index = self.map.value(of: key) else {
            let context = DecodingError.Context(
                codingPath: self.codingPath,
                debugDescription: "the map has no such key"
            )
            throw DecodingError.keyNotFound(key, context)
        }
        return index
    }

    private func decoder(_ key: Key) throws -> MessagePackDecoding {
        MessagePackDecoding(self.map.document, at: try self.index(key), self.path.appending(key))
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try self.decoder(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try self.decoder(key).string() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try self.decoder(key).double() }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try self.decoder(key).float() }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try self.decoder(key).integer() }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try self.decoder(key).integer() }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try self.decoder(key).integer() }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try self.decoder(key).integer() }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try self.decoder(key).integer() }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try self.decoder(key).integer() }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try self.decoder(key).integer() }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try self.decoder(key).integer() }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try self.decoder(key).integer() }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try self.decoder(key).integer() }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try self.decoder(key).decode(type)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try self.decoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try self.decoder(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        guard let index = self.map.value(of: MessagePackKey.superclass) else {
            let context = DecodingError.Context(
                codingPath: self.codingPath,
                debugDescription: "the map has no such key"
            )
            throw DecodingError.keyNotFound(MessagePackKey.superclass, context)
        }
        return MessagePackDecoding(self.map.document, at: index, self.path.appending(MessagePackKey.superclass))
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try self.decoder(key) }
}

/// The elements of an array.
struct MessagePackUnkeyedDecoding: UnkeyedDecodingContainer {
    let document: MessagePackDocument
    let path: MessagePackPath
    private let elementCount: Int
    private var next: Int

    private(set) var currentIndex = 0

    init(_ document: MessagePackDocument, _ array: MessagePackItem, _ path: MessagePackPath) {
        self.document = document
        self.path = path
        self.elementCount = array.count
        self.next = array.next
    }

    var codingPath: [any CodingKey] { self.path.keys }

    var count: Int? { self.elementCount }

    var isAtEnd: Bool { self.currentIndex >= self.elementCount }

    /// Takes an element only where `body` does not throw, as callers expect who try several types.
    private mutating func take<Value>(
        _ type: Value.Type,
        _ body: (MessagePackDecoding) throws -> Value
    ) throws -> Value {
        let path = self.path.appending(MessagePackKey(index: self.currentIndex))
        guard !self.isAtEnd else {
            let context = DecodingError.Context(
                codingPath: path.keys,
                debugDescription: "the array has no more elements"
            )
            throw DecodingError.valueNotFound(type, context)
        }
        let element = MessagePackDecoding(self.document, at: self.next, path)
        let value = try body(element)
        self.next = element.item.valueCount == 0 ? element.item.next : self.document.end(of: self.next)
        self.currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard !self.isAtEnd else { return try self.take(Never?.self) { _ in nil } == nil }
        guard self.document.isNull(self.next) else { return false }
        return try self.take(Bool.self) { _ in true }
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try self.take(type) { try $0.bool() } }
    mutating func decode(_ type: String.Type) throws -> String { try self.take(type) { try $0.string() } }
    mutating func decode(_ type: Double.Type) throws -> Double { try self.take(type) { try $0.double() } }
    mutating func decode(_ type: Float.Type) throws -> Float { try self.take(type) { try $0.float() } }
    mutating func decode(_ type: Int.Type) throws -> Int { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try self.take(type) { try $0.integer() } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try self.take(type) { try $0.integer() } }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try self.take(type) { try $0.decode(type) }
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try self.take(KeyedDecodingContainer<NestedKey>.self) { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try self.take((any UnkeyedDecodingContainer).self) { try $0.unkeyedContainer() }
    }

    mutating func superDecoder() throws -> any Decoder { try self.take((any Decoder).self) { $0 } }
}
