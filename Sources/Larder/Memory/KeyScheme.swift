/// How one kind of key is hashed, kept and compared.
///
/// The cache itself is the same for all keys; what differs is whether a stored key is the key (integers, anything
/// `Hashable`) or the bytes it consists of (`String`). A key type of this package that wants the speed of a `String`
/// brings a scheme of its own and uses `ShardedCache` with it.
@usableFromInline
package protocol KeyScheme<Key>: Sendable {
    associatedtype Key: Hashable, Sendable

    /// What the cache keeps of a key. It may own memory that only `release` frees.
    associatedtype Stored: Sendable

    /// A key on its way through a look-up, hashed once.
    associatedtype Probe: KeyProbe where Probe.Stored == Stored

    /// Calls `body` with the probe for `key`, which must not outlive the call.
    static func withProbe<Result>(_ key: Key, seed: HashSeed, _ body: (Probe) -> Result) -> Result

    /// The key that was stored.
    static func key(of stored: Stored) -> Key

    /// Whether two keys have one entry.
    ///
    /// That is finer than `==` where the stored key is the bytes of a string.
    static func areSame(_ left: Key, _ right: Key) -> Bool

    /// Frees what a stored key owns beyond what Swift frees by itself.
    static func release(_ stored: Stored)
}

/// A key that is being looked for.
@usableFromInline
package protocol KeyProbe: Sendable {
    associatedtype Stored

    /// The top 16 bits choose the shard, the lower 32 the place in it.
    var hash: UInt64 { get }

    /// Whether the key at `stored` is the one looked for.
    func matches(_ stored: UnsafePointer<Stored>) -> Bool

    /// A copy of the key for the cache to keep.
    func store() -> Stored
}

/// Keeps the key itself; for any `Hashable` type.
///
/// Integers get the fast hash. The comparisons of types below are decided when the compiler specialises the function.
@usableFromInline
package enum HashableScheme<Key: Hashable & Sendable>: KeyScheme {
    @usableFromInline
    package struct Probe: KeyProbe {
        @usableFromInline package let hash: UInt64
        @usableFromInline let key: Key

        @inlinable
        @inline(__always)
        init(hash: UInt64, key: Key) {
            self.hash = hash
            self.key = key
        }

        @inlinable
        @inline(__always)
        package func matches(_ stored: UnsafePointer<Key>) -> Bool {
            stored.pointee == self.key
        }

        @inlinable
        @inline(__always)
        package func store() -> Key {
            self.key
        }
    }

    @inlinable
    @inline(__always)
    package static func withProbe<Result>(_ key: Key, seed: HashSeed, _ body: (Probe) -> Result) -> Result {
        body(Probe(hash: Self.hash(key, seed: seed), key: key))
    }

    @inlinable
    @inline(__always)
    static func hash(_ key: Key, seed: HashSeed) -> UInt64 {
        if Key.self == Int.self {
            return seed.hash(UInt64(truncatingIfNeeded: unsafeBitCast(key, to: Int.self)))
        }
        if Key.self == UInt64.self {
            return seed.hash(unsafeBitCast(key, to: UInt64.self))
        }
        if Key.self == Int64.self {
            return seed.hash(UInt64(truncatingIfNeeded: unsafeBitCast(key, to: Int64.self)))
        }
        if Key.self == UInt.self {
            return seed.hash(UInt64(truncatingIfNeeded: unsafeBitCast(key, to: UInt.self)))
        }
        if Key.self == Int32.self {
            return seed.hash(UInt64(truncatingIfNeeded: unsafeBitCast(key, to: Int32.self)))
        }
        if Key.self == UInt32.self {
            return seed.hash(UInt64(unsafeBitCast(key, to: UInt32.self)))
        }
        // `hashValue` is seeded per process by the standard library; the cache's own seed comes on top, and spreads
        // what a careless `hash(into:)` of an older kind may have left poor in its high bits.
        return seed.hash(UInt64(truncatingIfNeeded: key.hashValue))
    }

    @inlinable
    @inline(__always)
    package static func key(of stored: Key) -> Key {
        stored
    }

    @inlinable
    package static func areSame(_ left: Key, _ right: Key) -> Bool {
        left == right
    }

    @inlinable
    @inline(__always)
    package static func release(_: Key) {}
}

/// Keeps the UTF-8 of a `String`.
///
/// Two strings are the same key when their bytes are. That is finer than `String`'s `==`, for which "é" as one scalar
/// and as "e" with an accent are equal: as cache keys they are two, as they are for Redis, memcached and the rest.
@usableFromInline
package enum StringScheme: KeyScheme {
    // Sendable: the bytes are read only, and only inside `withProbe`, while the caller holds the string.
    @usableFromInline
    package struct Probe: KeyProbe, @unchecked Sendable {
        @usableFromInline package let hash: UInt64
        @usableFromInline let bytes: UnsafeRawPointer
        @usableFromInline let count: Int

        @inlinable
        @inline(__always)
        init(hash: UInt64, bytes: UnsafeRawPointer, count: Int) {
            self.hash = hash
            self.bytes = bytes
            self.count = count
        }

        @inlinable
        @inline(__always)
        package func matches(_ stored: UnsafePointer<KeyBytes>) -> Bool {
            KeyBytes.matches(stored, self.bytes, count: self.count)
        }

        @inlinable
        package func store() -> KeyBytes {
            KeyBytes(self.bytes, count: self.count)
        }
    }

    @inlinable
    @inline(__always)
    package static func withProbe<Result>(_ key: String, seed: HashSeed, _ body: (Probe) -> Result) -> Result {
        KeyBytes.withBytes(of: key) { bytes, count in
            body(Probe(hash: seed.hash(bytes, count: count), bytes: bytes, count: count))
        }
    }

    @inlinable
    package static func key(of stored: KeyBytes) -> String {
        stored.string()
    }

    @inlinable
    package static func areSame(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }

    @inlinable
    package static func release(_ stored: KeyBytes) {
        stored.deallocate()
    }
}

extension KeyBytes {
    /// Calls `body` with the UTF-8 of `string`, in place where it lies in one piece (always, but for strings bridged
    /// from Objective-C).
    @inlinable
    @inline(__always)
    package static func withBytes<Result>(of string: String, _ body: (UnsafeRawPointer, Int) -> Result) -> Result {
        // Not `withUTF8`, which is mutating: the copy that it needs is a retain and a release.
        let result = string.utf8.withContiguousStorageIfAvailable { buffer in
            Self.withBase(of: buffer, body)
        }
        if let result { return result }
        var copy = string
        return copy.withUTF8 { Self.withBase(of: $0, body) }
    }

    @inlinable
    @inline(__always)
    static func withBase<Result>(
        of buffer: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeRawPointer, Int) -> Result
    ) -> Result {
        if let base = buffer.baseAddress { return body(UnsafeRawPointer(base), buffer.count) }
        return withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { empty in
            guard let base = empty.baseAddress else { preconditionFailure("An allocation of one byte has an address") }
            return body(UnsafeRawPointer(base), 0)
        }
    }
}
