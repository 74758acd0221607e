#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A value as the text that stands for it in a key, much like JSON: the same for equal values, in each process.
///
/// No codec does that. They keep the order that sets and dictionaries happen to have, which differs from process to process, and
/// write dates and numbers beyond all numbers as they are told to, or not at all.
final class ArgumentText {
    private enum Form {
        case empty, plain, list, members
    }

    private var form = Form.empty
    private var plain = ""
    private var elements: [ArgumentText] = []
    private var members: [String: ArgumentText] = [:]

    fileprivate init() {}

    /// - Throws: What the value's own encoding throws.
    static func of(_ value: some Encodable) throws -> String {
        let text = ArgumentText()
        try text.take(value, at: [])
        return text.written
    }

    fileprivate func take(_ value: some Encodable, at path: [any CodingKey]) throws {
        if let known = value as? any KnownArgument, let text = try known.argumentText {
            self.become(plain: text)
        } else {
            try value.encode(to: ArgumentEncoder(text: self, codingPath: path))
        }
    }

    private var written: String {
        switch self.form {
        case .empty: return "{}"
        case .plain: return self.plain
        case .list: return Self.list(self.elements.map(\.written))
        case .members:
            let sorted = self.members.sorted { Self.precedes($0.key, $1.key) }
            return "{\(sorted.map { "\($0.key.quoted):\($0.value.written)" }.joined(separator: ","))}"
        }
    }

    // MARK: What it becomes

    fileprivate func become(plain text: String) {
        self.form = .plain
        self.plain = text
    }

    fileprivate func becomeList() { self.form = .list }

    /// A subclass and its superclass may both write to the same members.
    fileprivate func becomeMembers() { self.form = .members }

    fileprivate var count: Int { self.elements.count }

    /// Makes a place for one more element.
    fileprivate func element() -> ArgumentText {
        let element = ArgumentText()
        self.elements.append(element)
        return element
    }

    /// Makes a place for what is nested under a name, or goes on with what is: a subclass and its superclass may both nest there.
    fileprivate func nestedMember(_ name: String) -> ArgumentText { self.members[name] ?? self.member(name) }

    /// Makes a place for a member.
    fileprivate func member(_ name: String) -> ArgumentText {
        let member = ArgumentText()
        self.members[name] = member
        return member
    }

    // MARK: Orders

    fileprivate static func precedes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8)
    }

    fileprivate static func list(_ texts: [String]) -> String { "[\(texts.joined(separator: ","))]" }
}

extension String {
    fileprivate var quoted: String {
        var quoted = "\""
        for scalar in self.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}

// MARK: - Values whose own encoding is not asked

private protocol KnownArgument {
    /// The text; `nil` where the value's own encoding makes a better one.
    var argumentText: String? { get throws }
}

extension KnownArgument where Self: CustomStringConvertible {
    var argumentText: String? { self.description }
}

extension Bool: KnownArgument {}
// NaN and the infinities have descriptions that are no numbers, and not quoted as text is.
extension Double: KnownArgument {}
extension Float: KnownArgument {}
extension Int: KnownArgument {}
extension Int8: KnownArgument {}
extension Int16: KnownArgument {}
extension Int32: KnownArgument {}
extension Int64: KnownArgument {}
extension Int128: KnownArgument {}
extension UInt: KnownArgument {}
extension UInt8: KnownArgument {}
extension UInt16: KnownArgument {}
extension UInt32: KnownArgument {}
extension UInt64: KnownArgument {}
extension UInt128: KnownArgument {}
// Equal decimals may have several forms, and one description.
extension Decimal: KnownArgument {}

extension String: KnownArgument {
    fileprivate var argumentText: String? { self.quoted }
}

extension Data: KnownArgument {
    fileprivate var argumentText: String? { self.base64EncodedString().quoted }
}

extension URL: KnownArgument {
    fileprivate var argumentText: String? { self.baseURL == nil ? self.absoluteString.quoted : nil }
}

extension Optional: KnownArgument where Wrapped: Encodable {
    fileprivate var argumentText: String? {
        get throws {
            guard let value = self else { return "null" }
            let text = try ArgumentText.of(value)
            // What is there and nil itself is not what is not there.
            return Wrapped.self is any ExpressibleByNilLiteral.Type ? "[\(text)]" : text
        }
    }
}

extension Set: KnownArgument where Element: Encodable {
    fileprivate var argumentText: String? {
        get throws { ArgumentText.list(try self.map { try ArgumentText.of($0) }.sorted(by: ArgumentText.precedes)) }
    }
}

extension Dictionary: KnownArgument where Key: Encodable, Value: Encodable {
    fileprivate var argumentText: String? {
        get throws {
            // Written as members, whose names are sorted in any case.
            if Key.self is any CodingKeyRepresentable.Type { return nil }
            let pairs = try self.map { try ArgumentText.list([ArgumentText.of($0), ArgumentText.of($1)]) }
            return ArgumentText.list(pairs.sorted(by: ArgumentText.precedes))
        }
    }
}

// MARK: - Values that encode themselves

/// Each generic method stands for those of all plain types, too.
private struct ArgumentEncoder: Encoder, SingleValueEncodingContainer {
    let text: ArgumentText
    let codingPath: [any CodingKey]

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        self.text.becomeMembers()
        return KeyedEncodingContainer(ArgumentMembers(text: self.text, codingPath: self.codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        self.text.becomeList()
        return ArgumentElements(text: self.text, codingPath: self.codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    func encodeNil() { self.text.become(plain: "null") }

    func encode(_ value: some Encodable) throws { try self.text.take(value, at: self.codingPath) }
}

private struct ArgumentMembers<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let text: ArgumentText
    let codingPath: [any CodingKey]

    private func encoder(_ key: any CodingKey) -> ArgumentEncoder {
        ArgumentEncoder(text: self.text.member(key.stringValue), codingPath: self.codingPath + [key])
    }

    func encodeNil(forKey key: Key) { self.encoder(key).encodeNil() }

    func encode(_ value: some Encodable, forKey key: Key) throws { try self.encoder(key).encode(value) }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        self.nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        self.nested(key).unkeyedContainer()
    }

    private func nested(_ key: Key) -> ArgumentEncoder {
        ArgumentEncoder(text: self.text.nestedMember(key.stringValue), codingPath: self.codingPath + [key])
    }

    func superEncoder() -> any Encoder { self.encoder(SuperclassKey()) }

    func superEncoder(forKey key: Key) -> any Encoder { self.encoder(key) }
}

private struct ArgumentElements: UnkeyedEncodingContainer {
    let text: ArgumentText
    let codingPath: [any CodingKey]

    var count: Int { self.text.count }

    private func encoder() -> ArgumentEncoder {
        ArgumentEncoder(text: self.text.element(), codingPath: self.codingPath)
    }

    func encodeNil() { self.encoder().encodeNil() }

    func encode(_ value: some Encodable) throws { try self.encoder().encode(value) }

    func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        self.encoder().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { self.encoder().unkeyedContainer() }

    func superEncoder() -> any Encoder { self.encoder() }
}

private struct SuperclassKey: CodingKey {
    let stringValue = "super"
    let intValue: Int? = nil

    init() {}
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
}
