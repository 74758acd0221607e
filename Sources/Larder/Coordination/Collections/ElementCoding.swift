#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How the elements of a collection become bytes, which programs in other languages can read.
///
/// Text is UTF-8, bytes are as they are, integers are decimal digits, and everything else goes through the codec. Equal
/// elements have to have equal bytes: that is how stores find the element to remove.
struct ElementCoding<Element: Codable & Sendable>: Sendable {
    private enum Form: Sendable {
        case text
        case bytes
        case data
        case integer(any (FixedWidthInteger & Sendable).Type)
        case codec
    }

    private let form: Form
    private let codec: any CacheCodec

    init(_ codec: any CacheCodec) {
        self.codec = codec
        self.form =
            if Element.self == String.self {
                .text
            } else if Element.self == [UInt8].self {
                .bytes
            } else if Element.self == Data.self {
                .data
            } else if let type = Element.self as? any (FixedWidthInteger & Sendable).Type {
                .integer(type)
            } else {
                .codec
            }
    }

    /// The bytes of an element.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/encodingFailed``.
    func encode(_ element: Element, for key: CollectionKey) throws -> [UInt8] {
        switch self.form {
        case .text:
            if let text = element as? String { return Array(text.utf8) }
        case .bytes:
            if let bytes = element as? [UInt8] { return bytes }
        case .data:
            if let data = element as? Data { return [UInt8](data) }
        case .integer:
            if let integer = element as? any FixedWidthInteger { return Self.digits(of: integer) }
        case .codec:
            // What a codec throws may repeat the value, so it is not handed on.
            if let bytes = try? self.codec.encode(element) { return bytes }
        }
        throw CacheError(.encodingFailed, "an element of type \(Element.self) could not be encoded", key: key.text)
    }

    /// The element that has these bytes.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed``.
    func decode(_ bytes: [UInt8], of key: CollectionKey) throws -> Element {
        switch self.form {
        case .text:
            if let element = String(validating: bytes, as: UTF8.self) as? Element { return element }
        case .bytes:
            if let element = bytes as? Element { return element }
        case .data:
            if let element = Data(bytes) as? Element { return element }
        case .integer(let type):
            if let element = Self.integer(bytes, as: type) as? Element { return element }
        case .codec:
            if let element = try? self.codec.decode(Element.self, from: bytes) { return element }
        }
        throw CacheError(.decodingFailed, "an element is not a \(Element.self)", key: key.text)
    }

    func encode(_ elements: some Sequence<Element>, for key: CollectionKey) throws -> [[UInt8]] {
        try elements.map { try self.encode($0, for: key) }
    }

    /// The elements that have these bytes, all or none.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed``, which tells which of them it is.
    func decode(_ elements: [[UInt8]], of key: CollectionKey) throws -> [Element] {
        try elements.enumerated().map { index, bytes in
            do {
                return try self.decode(bytes, of: key)
            } catch {
                let which = "element \(index + 1) of \(elements.count)"
                throw CacheError(.decodingFailed, "\(which) is not a \(Element.self)", key: key.text)
            }
        }
    }

    /// The elements that were taken out of a collection, as if that had been done one by one: with the first that does not
    /// decode, taking ends, and what stands behind goes back.
    ///
    /// One that does not decode goes back with the rest where others come before it, which are returned. The next call
    /// finds it at the beginning; it is gone then, and the error tells so.
    ///
    /// - Parameters:
    ///   - elements: The bytes of all that were taken.
    ///   - handle: Where they are from.
    ///   - putBack: Puts elements back, which it gets in the order in which they were taken.
    /// - Returns: The elements.
    /// - Throws: ``CacheError`` with ``CacheError/Code/decodingFailed`` where the first does not decode.
    func decodeTaken(
        _ elements: [[UInt8]],
        of handle: CollectionHandle,
        puttingBack putBack: @escaping @Sendable ([[UInt8]]) async throws -> Void
    ) async throws -> [Element] {
        var decoded: [Element] = []
        decoded.reserveCapacity(elements.count)
        for bytes in elements {
            do {
                decoded.append(try self.decode(bytes, of: handle.key))
            } catch {
                let rest = Array(elements[max(1, decoded.count)...])
                if !rest.isEmpty { await handle.putBack(rest.count) { try await putBack(rest) } }
                if decoded.isEmpty { throw error }
                return decoded
            }
        }
        return decoded
    }

    private static func digits(of integer: some FixedWidthInteger) -> [UInt8] { Array(String(integer).utf8) }

    private static func integer<Integer: FixedWidthInteger>(_ bytes: [UInt8], as type: Integer.Type) -> Integer? {
        String(validating: bytes, as: UTF8.self).flatMap { Integer($0) }
    }
}
