import Larder
import LarderTesting

/// A store that keeps bytes, as one in another process would: what it is given is encoded on the way in.
struct EncodingStore: CacheStore {
    let base: any CacheStore

    var kind: String { self.base.kind }

    func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        EncodingNamespace(base: self.base.open(namespace))
    }
}

private struct EncodingNamespace: ForwardingNamespace {
    let base: any NamespaceStore

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        var commits = commits
        for index in commits.indices {
            guard case .object(let box) = commits[index].write.value else { continue }
            let write = commits[index].write
            commits[index].write.value = .encoded(try write.coder.encode(box, for: write.key))
        }
        return try await self.base.commit(commits)
    }
}
