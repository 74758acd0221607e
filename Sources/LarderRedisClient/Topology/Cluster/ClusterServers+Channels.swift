extension ClusterServers {
    /// Where to find the node that serves a slot: the node itself as soon as it is known, so that channels of one node share
    /// a connection.
    func nodeLocator(ofSlot slot: Int) -> any ServerLocator {
        if let index = self.table.load(slot) { return self.members[index].primary.locator }
        return ClusterLocator(self, .slot(slot))
    }
}
