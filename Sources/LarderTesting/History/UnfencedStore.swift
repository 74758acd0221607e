public import Larder

/// A store that commits without looking at leases and tags, around one that looks: what the history checker has to find
/// violations on.
///
/// Whatever a fill brings is written, under its tags as they are then. A value that was read before an invalidation so
/// comes back after it, as in every cache that has no such fence.
public struct UnfencedStore: CacheStore {
    private let base: any CacheStore

    /// Wraps a store.
    ///
    /// - Parameter base: The store that does the work.
    public init(_ base: some CacheStore) {
        self.base = base
    }

    /// What the wrapped store says.
    public var kind: String { self.base.kind }

    /// What the wrapped store says.
    public var isLocal: Bool { self.base.isLocal }

    /// A namespace of the wrapped store, without its fence.
    ///
    /// - Parameter namespace: The namespace.
    /// - Returns: What a cache reads and writes.
    public func open(_ namespace: CacheNamespace) -> any NamespaceStore {
        UnfencedNamespace(base: self.base.open(namespace))
    }

    /// Does the wrapped store's periodic work.
    public func run() async throws {
        try await self.base.run()
    }

    /// Shuts the wrapped store down.
    public func shutdown() async {
        await self.base.shutdown()
    }
}

/// A namespace without its fence.
private struct UnfencedNamespace: ForwardingNamespace {
    let base: any NamespaceStore

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        let writes = commits.map { commit in
            var write = commit.write
            let tags = commit.lease.marks.map(\.name) + commit.marks.map(\.name) + commit.lateTags
            write.tags = Set(tags).sorted()
            return write
        }
        return try await self.base.write(writes, .always)
    }
}
