package import Larder

/// A store that keeps bytes, as a server would, and that tests can look into and tamper with.
package struct ByteStore: CacheStore {
    private let base: MemoryStore

    /// Makes a store that keeps its bytes in another.
    ///
    /// - Parameter base: The other store.
    package init(_ base: MemoryStore) { self.base = base }

    /// `bytes`.
    package var kind: String { "bytes" }

    /// A namespace whose values are bytes.
    package func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        ByteNamespace(base: self.base.open(namespace))
    }

    /// What is kept under a key.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - namespace: The namespace.
    /// - Returns: Bytes, an integer or an absence; `nil` where there is nothing.
    /// - Throws: What the store below throws.
    package func raw(_ key: StoreKey, _ namespace: CacheNamespace = "ns") async throws -> EntryValue? {
        let answer = try await self.base.open(namespace).read([key], ReadOptions(coder: RawCoder())).first
        guard case .found(let entry) = answer else { return nil }
        return entry.value
    }

    /// The bytes that are kept under a key.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - namespace: The namespace.
    /// - Returns: The bytes with their marks; `nil` where there is something else, or nothing.
    /// - Throws: What the store below throws.
    package func bytes(_ key: StoreKey, _ namespace: CacheNamespace = "ns") async throws -> EncodedValue? {
        guard case .encoded(let encoded) = try await self.raw(key, namespace) else { return nil }
        return encoded
    }

    /// Puts something under a key, as anybody can who reaches the server.
    ///
    /// - Parameters:
    ///   - value: What to put there.
    ///   - key: The key.
    ///   - namespace: The namespace.
    /// - Throws: What the store below throws.
    package func put(_ value: EntryValue, _ key: StoreKey, _ namespace: CacheNamespace = "ns") async throws {
        let lifetime = EntryLifetime(freshFor: .seconds(1_000))
        let write = EntryWrite(key: key, value: value, coder: RawCoder(), lifetime: lifetime)
        _ = try await self.base.open(namespace).write([write], .always)
    }
}

private struct RawCoder: EntryCoder {
    func encode(_ box: ValueBox, for key: StoreKey) throws -> EncodedValue {
        throw CacheError(.encodingFailed, "what is put past the caches is bytes already")
    }

    func decode(_ encoded: EncodedValue, of key: StoreKey) throws -> EntryValue { .encoded(encoded) }
}

private struct ByteNamespace: ForwardingNamespace {
    let base: any NamespaceStore

    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }

    private func encoded(_ write: EntryWrite) throws -> EntryWrite {
        guard case .object(let box) = write.value else { return write }
        var write = write
        write.value = .encoded(try write.coder.encode(box, for: write.key))
        return write
    }

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        try await self.base.write(writes.map(self.encoded), condition)
    }

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        try await self.base.commit(
            commits.map { commit in
                var commit = commit
                commit.write = try self.encoded(commit.write)
                return commit
            }
        )
    }

    /// A server could; no test here needs it.
    func append(_ write: EntryWrite) async throws -> Int {
        throw CacheError(.appendFailed, "bytes cannot be added to here", key: write.key.name)
    }
}
