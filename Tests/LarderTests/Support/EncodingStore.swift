import Larder
import LarderTesting

/// A store that hands out bytes, as a server would, around one that keeps values.
struct EncodingStore: CacheStore {
    let base: any CacheStore

    init(_ base: some CacheStore) { self.base = base }

    var kind: String { self.base.kind }

    func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        EncodingNamespace(base: self.base.open(namespace))
    }
}

private struct EncodingNamespace: ForwardingNamespace {
    let base: any NamespaceStore

    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        try await self.base.read(keys, options).map { lookup in
            guard case .found(var entry) = lookup, case .object(let box) = entry.value else { return lookup }
            if let text = box.value(as: String.self) {
                entry.value = .encoded(EncodedValue(codec: .text, bytes: Array(text.utf8)))
            } else if let bytes = box.value(as: [UInt8].self) {
                entry.value = .encoded(EncodedValue(codec: .bytes, bytes: bytes))
            }
            return .found(entry)
        }
    }

    /// Text and bytes stay what they are until they are read: the store around which this one is adds to no other.
    private func encoded(_ write: EntryWrite) throws -> EntryWrite {
        guard case .object(let box) = write.value, box.value(as: String.self) == nil,
            box.value(as: [UInt8].self) == nil
        else { return write }
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
}
