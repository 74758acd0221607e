/// The name of an entry together with the type of its value, so that a key always reads what was written under it.
///
/// Give each kind of entry a function, and the compiler knows its type everywhere:
///
/// ```swift
/// extension CacheKey where Value == Book {
///     static func book(_ id: Int) -> Self { "book:\(id)" }
/// }
/// let book = try await cache.get(.book(42))
/// ```
///
/// A key is any text that is not empty and carries no control characters; a call with another one throws
/// ``CacheError/Code/invalidKey``. In the store it reads `namespace:version:key`, as Django's keys do.
public struct CacheKey<Value>: Sendable, Hashable {
    /// The key's own text, without namespace and version.
    public let name: String

    /// The version that the key is bound to; `nil` takes the cache's.
    public let version: Int?

    /// Makes a key from text.
    ///
    /// - Parameters:
    ///   - name: The key's text.
    ///   - version: The version to read and write instead of the cache's own; see ``Cache/incrementVersion(of:by:)``.
    public init(_ name: String, version: Int? = nil) {
        self.name = name
        self.version = version
    }

    /// The same key in another version: another entry.
    ///
    /// - Parameter version: The version to read and write.
    /// - Returns: The key.
    public func version(_ version: Int) -> Self {
        .init(self.name, version: version)
    }

    /// Whether two keys are the same bytes, as stores compare them: text that only looks alike is another key.
    public static func == (left: Self, right: Self) -> Bool {
        left.version == right.version && left.name.hasSameBytes(as: right.name)
    }

    /// Hashes the version and the name's bytes.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.version)
        self.name.hashBytes(into: &hasher)
    }
}

extension CacheKey: ExpressibleByStringInterpolation {
    /// Makes a key from a literal, with or without interpolation.
    ///
    /// - Parameter value: The key's text.
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

extension CacheKey: CustomStringConvertible {
    /// The key's text.
    public var description: String { self.name }
}

/// The rules for keys, checked by every call before it reaches a store.
enum KeyRules {
    /// Refuses a key that no store should see.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/invalidKey``.
    @inline(__always)
    static func check(_ name: String) throws {
        if let fault = self.fault(in: name) {
            throw CacheError(.invalidKey, "a key \(fault)", key: name)
        }
    }

    /// What is wrong with a name, as the end of a sentence; `nil` when nothing is.
    static func fault(in name: String) -> String? {
        if name.isEmpty { return "must not be empty" }
        let found = name.utf8.withContiguousStorageIfAvailable { bytes in
            Self.isPlain(UnsafeRawBufferPointer(bytes)) ? nil : Self.firstControlCharacter(in: bytes)
        }
        guard let index = found ?? Array(name.utf8).withUnsafeBufferPointer(Self.firstControlCharacter) else {
            return nil
        }
        return "must not carry control characters, and this one has one at byte \(index)"
    }

    /// Whether all bytes are ASCII without control characters, as nearly all keys are; eight bytes at a time, since every
    /// call on a cache asks this.
    private static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (ones, tops): (UInt64, UInt64) = (0x0101_0101_0101_0101, 0x8080_8080_8080_8080)
        guard bytes.count >= 8 else {
            return bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
        }
        var offset = 0
        while true {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            // No byte has its top bit; adding 0x60 gives it to those from 0x20 on, adding 1 to 0x7F alone.
            guard word & tops == 0, (word &+ 0x60 &* ones) & tops == tops, (word &+ ones) & tops == 0 else {
                return false
            }
            if offset == bytes.count - 8 { return true }
            // The last eight bytes overlap what came before.
            offset = min(offset + 8, bytes.count - 8)
        }
    }

    /// The offset of the first character of Unicode's class Cc: U+0000 to U+001F, U+007F, U+0080 to U+009F.
    private static func firstControlCharacter(in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var previous: UInt8 = 0
        for (index, byte) in bytes.enumerated() {
            if byte < 0x20 || byte == 0x7F { return index }
            // The C1 controls are C2 80 to C2 9F in UTF-8.
            if previous == 0xC2, byte < 0xA0 { return index - 1 }
            previous = byte
        }
        return nil
    }
}
