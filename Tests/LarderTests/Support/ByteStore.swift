import Larder
import LarderTesting

/// A store that keeps bytes, as a server would, and that tests can look into and tamper with.
struct ByteStore: CacheStore {
    let base: MemoryStore

    init(_ base: MemoryStore) { self.base = base }

    var kind: String { "bytes" }

    func open(_ namespace: CacheNamespace) -> any NamespaceStore { ByteNamespace(base: self.base.open(namespace)) }

    /// What is kept under a key.
    func raw(_ key: StoreKey, _ namespace: CacheNamespace = "ns") async throws -> EntryValue? {
        let answer = try await self.base.open(namespace).read([key], ReadOptions(coder: RawCoder())).first
        guard case .found(let entry) = answer else { return nil }
        return entry.value
    }

    /// The same, where it is bytes.
    func bytes(_ key: StoreKey, _ namespace: CacheNamespace = "ns") async throws -> EncodedValue? {
        guard case .encoded(let encoded) = try await self.raw(key, namespace) else { return nil }
        return encoded
    }

    /// Puts something under a key, as anybody can who reaches the server.
    func put(_ value: EntryValue, _ key: StoreKey, _ namespace: CacheNamespace = "ns") async throws {
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
