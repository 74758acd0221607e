#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A value that refuses writes of holders whose lock has passed to somebody else.
///
/// ```swift
/// let stock = locks.fencedValue("stock:42", of: Int.self)
/// try await locks.withLock("stock:42") { token in
///     let left = try await stock.get() ?? 0
///     try await stock.set(left - 1, token: token)
/// }
/// ```
///
/// It keeps the largest token that a write brought along, and refuses smaller ones: a holder that was stopped past its lease
/// cannot overwrite what the next one wrote. What protects a write is that *the next holder has written*: it should write
/// before it relies on being alone.
///
/// In a store that keeps bytes, text is UTF-8, bytes are as they are, integers are decimal digits, and everything else
/// is JSON.
public struct FencedValue<Value: Codable & Sendable>: Sendable {
    /// The value's name.
    public let name: String
    private let space: any LockNamespace
    private let lifetime: Duration
    private let codec: any CacheCodec

    init(_ name: String, in space: any LockNamespace, lifetime: Duration, codec: any CacheCodec) {
        self.name = name
        self.space = space
        self.lifetime = lifetime
        self.codec = codec
    }

    /// Reads the value.
    ///
    /// - Returns: The value; `nil` where there is none.
    /// - Throws: ``CacheError`` with ``CacheError/Code/unavailable``, ``CacheError/Code/decodingFailed`` or
    ///   ``CacheError/Code/invalidKey``.
    public func get() async throws -> Value? {
        try KeyRules.check(self.name)
        return try await self.space.readFenced(self.name)?.bytes.map(self.decode)
    }

    /// Writes the value, unless a write with a larger token has been seen.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - token: The token of the lock that the writer holds.
    /// - Throws: ``CacheError`` with ``CacheError/Code/staleToken`` where it was refused; with
    ///   ``CacheError/Code/unavailable``, ``CacheError/Code/encodingFailed``, ``CacheError/Code/invalidKey``, or
    ///   ``CacheError/Code/invalidArgument`` for a token that no lock granted.
    public func set(_ value: Value, token: FencingToken) async throws {
        try await self.write(FencedBytes(bytes: self.encode(value), token: token))
    }

    /// Removes the value, unless a write with a larger token has been seen; the token is kept.
    ///
    /// - Parameter token: The token of the lock that the writer holds.
    /// - Throws: ``CacheError`` with ``CacheError/Code/staleToken`` where it was refused; with
    ///   ``CacheError/Code/unavailable`` or ``CacheError/Code/invalidKey``.
    public func remove(token: FencingToken) async throws {
        try await self.write(FencedBytes(bytes: nil, token: token))
    }

    private func write(_ write: FencedBytes) async throws {
        try KeyRules.check(self.name)
        guard (1...(1 << 53)).contains(write.token.rawValue) else {
            throw CacheError(.invalidArgument, "a fencing token is positive and exact in a double", key: self.name)
        }
        guard let newest = try await self.space.writeFenced(self.name, write, lifetime: self.lifetime) else { return }
        throw CacheError(
            .staleToken,
            "a write with the token \(write.token) comes after one with \(newest)",
            key: self.name
        )
    }

    // MARK: Bytes

    private func encode(_ value: Value) throws -> [UInt8] {
        if let integer = value as? any FixedWidthInteger { return Array("\(integer)".utf8) }
        return try ValueCoding<Value>(codec: self.codec).encode(value).bytes
    }

    private func decode(_ bytes: [UInt8]) throws -> Value {
        if let type = Value.self as? any FixedWidthInteger.Type {
            let text = String(decoding: bytes, as: UTF8.self)
            guard let value = Self.integer(type, text) else {
                throw CacheError(.decodingFailed, "the bytes are not a \(Value.self)", key: self.name)
            }
            return value
        }
        let id: CodecID =
            if Value.self == String.self { .text } else if Value.self == [UInt8].self || Value.self == Data.self {
                .bytes
            } else { self.codec.id }
        return try ValueCoding<Value>(codec: self.codec).decode(EncodedValue(codec: id, bytes: bytes))
    }

    private static func integer<Integer: FixedWidthInteger>(_ type: Integer.Type, _ text: String) -> Value? {
        Integer(text) as? Value
    }
}

extension Locks {
    /// How long a fenced value is kept where nobody says it.
    public static let fencedLifetime = Duration.seconds(30 * 86_400)

    /// A value that refuses writes of holders whose lock has passed to somebody else.
    ///
    /// - Parameters:
    ///   - name: The value's name within the namespace; it may be the lock's own.
    ///   - type: The value's type, no optional.
    ///   - lifetime: How long value and token are kept after each write; a millisecond or more. A write that comes later
    ///     than that is not refused any more, so it has to be longer than a holder can be stopped.
    ///   - codec: How values become bytes that are neither text nor bytes nor integers.
    /// - Returns: The value, which need not exist yet.
    public func fencedValue<Value: Codable & Sendable>(
        _ name: String,
        of type: Value.Type,
        lifetime: Duration = Locks.fencedLifetime,
        codec: any CacheCodec = JSONCodec()
    ) -> FencedValue<Value> {
        FencedValue(name, in: self.core.space, lifetime: max(lifetime, .milliseconds(1)), codec: codec)
    }
}
