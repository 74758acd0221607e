#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A container while it is written, or a single value.
///
/// How many elements it has stands before them, and is known when it is complete. Containers that somebody has asked for
/// and may be writing to yet are kept aside, with the place where they belong.
final class MessagePackNode {
    private enum Form {
        case undecided, single, array, map
    }

    private let path: MessagePackPath
    private var form = Form.undecided
    private var count = 0
    private var bytes: [UInt8] = []
    private var open: [(offset: Int, node: MessagePackNode)] = []

    init(_ path: MessagePackPath) {
        self.path = path
    }

    /// All of what single values, each with its own form, have become.
    ///
    /// - Throws: `EncodingError` where containers lie in each other too deep.
    func finish() throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(self.bytes.count + 5)
        try self.write(into: &result)
        return result
    }

    /// Where a container is asked for it is too early: that cannot throw, and nobody knows yet what the node becomes.
    private func checkDepth() throws {
        if self.form != .single, self.path.depth >= self.path.limit { throw Self.tooDeep([Any].self, self.path) }
    }

    /// The same for all containers that have been asked for within.
    private func checkDepths() throws {
        try self.checkDepth()
        for (_, node) in self.open { try node.checkDepths() }
    }

    private func write(into result: inout [UInt8]) throws {
        try self.checkDepth()
        switch self.form {
        case .undecided:
            // A value that has encoded nothing is empty.
            result.append(MessagePackFormat.fixedMap)
        case .single:
            break
        case .array:
            result.appendMessagePackContainer(
                self.count,
                fixed: MessagePackFormat.fixedArray,
                sixteen: MessagePackFormat.array16
            )
        case .map:
            result.appendMessagePackContainer(
                self.count,
                fixed: MessagePackFormat.fixedMap,
                sixteen: MessagePackFormat.map16
            )
        }
        var offset = 0
        for (end, node) in self.open {
            result += self.bytes[offset..<end]
            try node.write(into: &result)
            offset = end
        }
        result += self.bytes[offset...]
    }

    // MARK: What it becomes

    func becomeArray() { self.become(.array) }

    /// A subclass and its superclass may both ask for the same map.
    func becomeMap() { self.become(.map) }

    private func become(_ form: Form) {
        precondition(self.form == .undecided || self.form == form, "a value encodes itself in one form, not in two")
        self.form = form
    }

    /// - Returns: Whether there was nothing yet.
    func becomeSingle() -> Bool {
        guard self.form == .undecided else { return false }
        self.form = .single
        return true
    }

    var elementCount: Int { self.count }

    /// Counts an element of an array.
    func beginElement() { self.count += 1 }

    /// Counts a pair of a map, and writes its key.
    func beginPair(_ key: some CodingKey, asInteger: Bool) {
        self.count += 1
        if asInteger, let integer = key.intValue {
            self.bytes.appendMessagePack(signed: Int64(integer))
        } else {
            self.bytes.appendMessagePack(key.stringValue)
        }
    }

    /// Makes a place for a container that is to be written yet.
    func nested(_ path: MessagePackPath) -> MessagePackEncoding {
        let node = MessagePackNode(path)
        self.open.append((self.bytes.count, node))
        return MessagePackEncoding(node, path)
    }

    /// Writes all of something, or nothing: whoever catches what it throws may go on.
    ///
    /// - Throws: What `body` throws.
    func whole(_ body: () throws -> Void) throws {
        let (form, count, length, openCount) = (self.form, self.count, self.bytes.count, self.open.count)
        do {
            try body()
        } catch {
            self.form = form
            self.count = count
            self.bytes.removeLast(self.bytes.count - length)
            self.open.removeLast(self.open.count - openCount)
            throw error
        }
    }

    // MARK: Values

    func appendNull() { self.bytes.append(MessagePackFormat.null) }
    func append(_ value: Bool) { self.bytes.appendMessagePack(value) }
    func append(_ value: String) { self.bytes.appendMessagePack(value) }
    func append(_ value: Double) { self.bytes.appendMessagePack(value) }
    func append(_ value: Float) { self.bytes.appendMessagePack(value) }

    func append(integer value: some FixedWidthInteger, _ path: MessagePackPath) throws {
        if let signed = Int64(exactly: value) {
            self.bytes.appendMessagePack(signed: signed)
        } else if let unsigned = UInt64(exactly: value) {
            self.bytes.appendMessagePack(unsigned: unsigned)
        } else {
            throw Self.invalid(type(of: value), "MessagePack has integers of up to 64 bits", path)
        }
    }

    /// Appends a value of any type.
    ///
    /// - Throws: `EncodingError` where it nests too deep or has no form; what the value's own encoding throws.
    func append<Value: Encodable>(_ value: Value, at path: MessagePackPath) throws {
        // A switch over types would cast each time; most values are none of these.
        if Value.self == String.self, let value = value as? String { return self.append(value) }
        if Value.self == Int.self, let value = value as? Int {
            return self.bytes.appendMessagePack(signed: Int64(value))
        }
        if Value.self == Double.self, let value = value as? Double { return self.append(value) }
        if Value.self == [UInt8].self, let value = value as? [UInt8] { return try self.append(binary: value, path) }
        if Value.self == Data.self, let value = value as? Data { return try self.append(binary: value, path) }
        if Value.self == Date.self, let value = value as? Date { return try self.append(value, path) }
        if Value.self == URL.self, let value = value as? URL { return self.append(value.absoluteString) }
        guard path.depth <= path.limit, path.wrapperCount <= path.limit else {
            throw Self.tooDeep(Value.self, path)
        }
        let child = MessagePackNode(path)
        try value.encode(
            to: MessagePackEncoding(child, path, integerKeys: Value.self is any IntegerKeyedDictionary.Type)
        )
        if child.open.isEmpty {
            try child.write(into: &self.bytes)
        } else {
            try child.checkDepths()
            self.open.append((self.bytes.count, child))
        }
    }

    private func append(binary: some Collection<UInt8>, _ path: MessagePackPath) throws {
        guard UInt32(exactly: binary.count) != nil else {
            throw Self.invalid(Data.self, "MessagePack has data of up to 4 GiB", path)
        }
        self.bytes.appendMessagePack(binary: binary)
    }

    private func append(_ date: Date, _ path: MessagePackPath) throws {
        let interval = date.timeIntervalSinceReferenceDate
        guard MessagePackTime.isDate(interval) else {
            throw Self.invalid(Date.self, "MessagePack has no form for this date", path)
        }
        let (seconds, nanoseconds) = MessagePackTime.parts(interval)
        self.bytes.appendMessagePackTimestamp(seconds: seconds, nanoseconds: nanoseconds)
    }

    private static func tooDeep(_ type: Any.Type, _ path: MessagePackPath) -> EncodingError {
        self.invalid(type, "values lie in each other more than \(path.limit) deep", path)
    }

    /// An error with the type in place of the value: errors are logged, values are not.
    private static func invalid(_ type: Any.Type, _ message: String, _ path: MessagePackPath) -> EncodingError {
        .invalidValue(type, EncodingError.Context(codingPath: path.keys, debugDescription: message))
    }
}

/// Moments between `Date`, whose seconds begin in 2001, and timestamps, whose seconds begin in 1970.
enum MessagePackTime {
    /// Three million years: any date with a meaning is nearer, and Foundation ends the program where it is to print one that
    /// is much further.
    private static let furthest = 1e14

    /// Whether an interval is a date that has a form here; neither infinity nor NaN is one.
    static func isDate(_ interval: Double) -> Bool { abs(interval) <= self.furthest }

    private static let secondsUntil2001: Int64 = 978_307_200

    static func parts(_ interval: Double) -> (seconds: Int64, nanoseconds: UInt32) {
        let whole = interval.rounded(.down)
        let nanoseconds = ((interval - whole) * 1e9).rounded()
        // What rounds up to a second is the next one.
        let carry: Int64 = nanoseconds >= 1e9 ? 1 : 0
        return (Int64(whole) + self.secondsUntil2001 + carry, carry == 1 ? 0 : UInt32(nanoseconds))
    }

    static func interval(seconds: Int64, nanoseconds: UInt32) -> Double {
        Double(seconds.subtractingReportingOverflow(self.secondsUntil2001).partialValue) + Double(nanoseconds) / 1e9
    }
}

/// What a value encodes itself to.
struct MessagePackEncoding: Encoder {
    let node: MessagePackNode
    let path: MessagePackPath
    let integerKeys: Bool

    init(_ node: MessagePackNode, _ path: MessagePackPath, integerKeys: Bool = false) {
        self.node = node
        self.path = path
        self.integerKeys = integerKeys
    }

    var codingPath: [any CodingKey] { self.path.keys }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        self.node.becomeMap()
        return KeyedEncodingContainer(
            MessagePackKeyedEncoding(node: self.node, path: self.path, integerKeys: self.integerKeys)
        )
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        self.node.becomeArray()
        return MessagePackUnkeyedEncoding(node: self.node, path: self.path)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension MessagePackEncoding: SingleValueEncodingContainer {
    /// A second value in a place for one would shift all that follows.
    private func begin() throws {
        guard self.node.becomeSingle() else {
            let context = EncodingError.Context(
                codingPath: self.codingPath,
                debugDescription: "one value, encoded twice"
            )
            throw EncodingError.invalidValue(Self.self, context)
        }
    }

    func encodeNil() throws {
        try self.begin()
        self.node.appendNull()
    }

    func encode(_ value: Bool) throws {
        try self.begin()
        self.node.append(value)
    }

    func encode(_ value: String) throws {
        try self.begin()
        self.node.append(value)
    }

    func encode(_ value: Double) throws {
        try self.begin()
        self.node.append(value)
    }

    func encode(_ value: Float) throws {
        try self.begin()
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
            try self.begin()
            try self.node.append(integer: value, self.path)
        }
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        try self.node.whole {
            try self.begin()
            try self.node.append(value, at: self.path.wrapping)
        }
    }
}
