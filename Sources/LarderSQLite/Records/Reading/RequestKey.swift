import Foundation
import GRDB
import Larder

/// The key of a request, made of everything that decides about its result.
///
/// Each part is preceded by its length, so that no two lists of parts are the same text.
struct RequestKey {
    private var text = ""

    mutating func add(_ part: String) {
        self.text += "\(part.utf8.count):"
        self.text += part
    }

    /// The key.
    var digest: String { SHA256.hexadecimalDigest(of: self.text.utf8) }

    /// The key of a request's result.
    ///
    /// - Parameters:
    ///   - prepared: The request.
    ///   - kind: What is fetched: `all`, `one`.
    ///   - type: What rows are decoded to.
    /// - Returns: The key.
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidArgument`` where the request has parts that cannot be seen from outside.
    static func digest(of prepared: PreparedRequest, kind: String, type: Any.Type) throws -> String {
        var key = RequestKey()
        key.add(kind)
        key.add(String(reflecting: type))
        key.add(prepared.statement.sql)
        guard let arguments = PlainText.describing(prepared.statement.arguments) else {
            throw CacheError(.invalidArgument, "the request's arguments cannot be told apart; give it a key of its own")
        }
        key.add(arguments)
        if let adapter = prepared.adapter {
            guard let text = PlainText.describing(adapter) else {
                throw CacheError(.invalidArgument, "a request with a closure as row adapter needs a key of its own")
            }
            key.add(text)
        }
        guard prepared.isWhole else {
            throw CacheError(
                .invalidArgument,
                "a request that includes all records of an association needs a key of its own: its statement does not tell which"
            )
        }
        return key.digest
    }
}

extension PreparedRequest {
    /// Whether nothing is fetched besides the statement's rows.
    ///
    /// GRDB says it in a property that is not public; where it cannot be found, the answer is no.
    fileprivate var isWhole: Bool {
        guard let fetch = Mirror(reflecting: self).children.first(where: { $0.label == "supplementaryFetch" }) else {
            return false
        }
        let optional = Mirror(reflecting: fetch.value)
        return optional.displayStyle == .optional && optional.children.isEmpty
    }
}

/// A value's whole content as text, where all of it can be seen.
enum PlainText {
    /// - Returns: The text; `nil` where the value has a part that cannot be seen, such as a closure.
    static func describing(_ value: Any) -> String? {
        var key = Writer()
        return key.write(value) ? key.text : nil
    }

    private struct Writer {
        var text = ""

        private mutating func add(_ part: String) {
            self.text += "\(part.utf8.count):"
            self.text += part
        }

        /// - Returns: Whether all of the value could be seen.
        mutating func write(_ value: Any) -> Bool {
            self.add(String(reflecting: Swift.type(of: value)))
            switch value {
            case let value as DatabaseValue: return self.write(value)
            case let value as String: self.add(value)
            case let value as any FixedWidthInteger: self.add("\(value)")
            case let value as Bool: self.add("\(value)")
            case let value as Double: self.add("\(value.bitPattern)")
            // Its mirror is not that of a structure.
            case let value as Range<Int>: self.add("\(value.lowerBound) \(value.upperBound)")
            case let value as Data: self.add(value.base64EncodedString())
            default: return self.writeParts(of: value)
            }
            return true
        }

        private mutating func write(_ value: DatabaseValue) -> Bool {
            switch value.storage {
            case .null: self.add("n")
            case .int64(let number): self.add("i\(number)")
            case .double(let number): self.add("d\(number.bitPattern)")
            case .string(let text): self.add("s" + text)
            case .blob(let data): self.add("b" + data.base64EncodedString())
            }
            return true
        }

        private mutating func writeParts(of value: Any) -> Bool {
            let mirror = Mirror(reflecting: value)
            switch mirror.displayStyle {
            case .struct, .tuple, .optional, .collection:
                break
            case .dictionary:
                return self.write(dictionary: mirror)
            default:
                // A class, a closure, an enumeration: what it is cannot be seen from its parts.
                return false
            }
            self.add("\(mirror.children.count)")
            for child in mirror.children {
                self.add(child.label ?? "")
                guard self.write(child.value) else { return false }
            }
            return true
        }

        /// In the order of the keys: a dictionary has none.
        private mutating func write(dictionary: Mirror) -> Bool {
            var pairs: [String] = []
            for child in dictionary.children {
                var pair = Writer()
                guard pair.write(child.value) else { return false }
                pairs.append(pair.text)
            }
            self.add("\(pairs.count)")
            for pair in pairs.sorted() { self.add(pair) }
            return true
        }
    }
}
