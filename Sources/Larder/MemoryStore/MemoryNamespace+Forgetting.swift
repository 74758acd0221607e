// At once, for those who hear of changes on a thread that cannot wait.
extension MemoryNamespace {
    /// Removes entries and ends their leases.
    func forget(_ keys: [StoreKey]) {
        var ended = EndedLeases()
        for key in keys { _ = self.remove(self.name(key), &ended) }
        ended.tell()
    }

    /// Leaves whatever is bound to the tags dead, leases included.
    func forget(tags: [String]) {
        self.state.tags.invalidate(tags, .dead)
        self.store.leases.wakeAll(of: self.id)
    }

    /// Leaves all entries dead and all leases void.
    func forgetAll() {
        self.state.clear()
        self.store.leases.wakeAll(of: self.id)
    }
}
