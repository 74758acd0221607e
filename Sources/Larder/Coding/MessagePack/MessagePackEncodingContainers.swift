/// The pairs of a map.
struct MessagePackKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: MessagePackNode
    let path: MessagePackPath
    let integerKeys: Bool

    var codingPath: [any CodingKey] { self.path.keys }

    private func begin(_ key: Key) { self.node.beginPair(key, asInteger: self.integerKeys) }

    func encodeNil(forKey key: Key) throws {
        self.begin(key)
        self.node.appendNull()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        self.begin(key)
        self.node.append(value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        self.begin(key)
        self.node.append(value)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        self.begin(key)
        self.node.append(value)
    }

    func encode(_ value: Float, forKey key: Key) throws {
        self.begin(key)
        self.node.append(value)
    }

    func encode(_ value: Int, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try self.encode(integer: value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try self.encode(integer: value, key) }

    private func encode(integer value: some FixedWidthInteger, _ key: Key) throws {
        try self.node.whole {
            self.begin(key)
            try self.node.append(integer: value, self.path)
        }
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try self.node.whole {
            self.begin(key)
            try self.node.append(value, at: self.path.appending(key))
        }
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        self.nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { self.nested(key).unkeyedContainer() }

    func superEncoder() -> any Encoder {
        self.node.beginPair(MessagePackKey.superclass, asInteger: false)
        return self.node.nested(self.path.appending(MessagePackKey.superclass))
    }

    func superEncoder(forKey key: Key) -> any Encoder { self.nested(key) }

    private func nested(_ key: Key) -> MessagePackEncoding {
        self.begin(key)
        return self.node.nested(self.path.appending(key))
    }
}

/// The elements of an array.
struct MessagePackUnkeyedEncoding: UnkeyedEncodingContainer {
    let node: MessagePackNode
    let path: MessagePackPath

    var codingPath: [any CodingKey] { self.path.keys }

    var count: Int { self.node.elementCount }

    func encodeNil() throws {
        self.node.beginElement()
        self.node.appendNull()
    }

    func encode(_ value: Bool) throws {
        self.node.beginElement()
        self.node.append(value)
    }

    func encode(_ value: String) throws {
        self.node.beginElement()
        self.node.append(value)
    }

    func encode(_ value: Double) throws {
        self.node.beginElement()
        self.node.append(value)
    }

    func encode(_ value: Float) throws {
        self.node.beginElement()
        self.node.append(value)
    }

    func encode(_ value: Int) throws { try self.encode(integer: value) }
    func encode(_ value: Int8) throws { try self.encode(integer: value) }
    func encode(_ value: Int16) throws { try self.encode(integer: value) }
    func encode(_ value: Int32) throws { try self.encode(integer: value) }
    func encode(_ value: Int64) throws { try self.encode(integer: value) }
    func encode(_ value: UInt) throws { try self.encode(integer: value) }
    func encode(_ value: UInt8) throws { try self.encode(integer: value) }
    func encode(_ value: UInt16) throws { try self.encode(integer: value) }
    func encode(_ value: UInt32) throws { try self.encode(integer: value) }
    func encode(_ value: UInt64) throws { try self.encode(integer: value) }

    private func encode(integer value: some FixedWidthInteger) throws {
        try self.node.whole {
            self.node.beginElement()
            try self.node.append(integer: value, self.path)
        }
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        let path = self.path.appending(MessagePackKey(index: self.count))
        try self.node.whole {
            self.node.beginElement()
            try self.node.append(value, at: path)
        }
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type
    ) -> KeyedEncodingContainer<NestedKey> {
        self.nested().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self.nested().unkeyedContainer() }

    func superEncoder() -> any Encoder { self.nested() }

    private func nested() -> MessagePackEncoding {
        let path = self.path.appending(MessagePackKey(index: self.count))
        self.node.beginElement()
        return self.node.nested(path)
    }
}
