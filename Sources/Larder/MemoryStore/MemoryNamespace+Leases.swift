// Leases and tags by themselves, without an entry.
extension MemoryNamespace {
    func release(_ leases: [Lease]) async throws {
        var ended = EndedLeases()
        for lease in leases { self.store.leases.release(self.name(lease.key), lease.token, &ended) }
        ended.tell()
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        leases.map { lease in
            self.store.leases.renew(self.name(lease.key), lease, self.state.stamp, for: duration)
        }
    }

    func listen(for key: StoreKey) async throws -> (any LeaseSignal)? {
        self.store.leases.listen(self.name(key))
    }

    /// They are kept as long as somebody holds the marks, whatever the duration.
    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        self.state.tags.records(tags).map(\.mark)
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        self.state.tags.invalidate(tags, manner)
        // Of leases that named one of the tags: they are void.
        if manner == .dead { self.store.leases.wakeAll(of: self.id) }
    }

    func report(on key: StoreKey) async throws -> [EntryReport] {
        let name = self.name(key)
        let stamp = self.state.stamp
        let holder = self.store.leases.holder(name, stamp)
        guard let entry = self.entries.peek(name) else {
            return [EntryReport(tier: self.store.kind, state: .absent, holder: holder)]
        }
        return [entry.value.report(self.store.kind, stamp.generation, self.clock, holder: holder)]
    }
}
