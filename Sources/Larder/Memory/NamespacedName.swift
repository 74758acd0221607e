/// A key of the memory store: a name within a version of a namespace.
package struct NamespacedName: Hashable, Sendable {
    package var namespace: UInt32
    package var version: Int
    package var name: String

    package init(namespace: UInt32, version: Int, name: String) {
        self.namespace = namespace
        self.version = version
        self.name = name
    }
}

/// Keeps the UTF-8 of the name beside its two numbers.
///
/// Names are compared as bytes, as in `StringScheme`.
package enum NamespacedNameScheme: KeyScheme {
    package struct Stored: Sendable {
        let bytes: KeyBytes
        let version: Int
        let namespace: UInt32
    }

    // Sendable: as `StringScheme.Probe`.
    package struct Probe: KeyProbe, @unchecked Sendable {
        package let hash: UInt64
        let bytes: UnsafeRawPointer
        let count: Int
        let version: Int
        let namespace: UInt32

        @inline(__always)
        package func matches(_ stored: UnsafePointer<Stored>) -> Bool {
            stored.pointee.version == self.version
                && stored.pointee.namespace == self.namespace
                && KeyBytes.matches(
                    UnsafeRawPointer(stored).assumingMemoryBound(to: KeyBytes.self),
                    self.bytes,
                    count: self.count
                )
        }

        package func store() -> Stored {
            Stored(
                bytes: KeyBytes(self.bytes, count: self.count),
                version: self.version,
                namespace: self.namespace
            )
        }
    }

    @inline(__always)
    package static func withProbe<Result>(
        _ key: NamespacedName,
        seed: HashSeed,
        _ body: (Probe) -> Result
    ) -> Result {
        Self.withProbe(key.namespace, key.version, key.name, seed: seed, body)
    }

    /// The same for a key whose parts nobody has put together: doing so would retain the name.
    @inline(__always)
    package static func withProbe<Result>(
        _ namespace: UInt32,
        _ version: Int,
        _ name: String,
        seed: HashSeed,
        _ body: (Probe) -> Result
    ) -> Result {
        KeyBytes.withBytes(of: name) { bytes, count in
            let numbers = UInt64(truncatingIfNeeded: version) &+ UInt64(namespace) << 40
            return body(
                Probe(
                    hash: seed.hash(bytes, count: count, beside: seed.hash(numbers)),
                    bytes: bytes,
                    count: count,
                    version: version,
                    namespace: namespace
                )
            )
        }
    }

    package static func key(of stored: Stored) -> NamespacedName {
        NamespacedName(namespace: stored.namespace, version: stored.version, name: stored.bytes.string())
    }

    package static func areSame(_ left: NamespacedName, _ right: NamespacedName) -> Bool {
        left.namespace == right.namespace && left.version == right.version
            && StringScheme.areSame(left.name, right.name)
    }

    package static func release(_ stored: Stored) {
        stored.bytes.deallocate()
    }
}
