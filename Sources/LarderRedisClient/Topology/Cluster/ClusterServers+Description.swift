extension ClusterServers {
    /// What is known of the cluster: nothing before the first use.
    var description: RedisTopologyDescription {
        let primaries = self.knownPrimaries.sorted { $0.index < $1.index }
        var slots: [UInt16: Int] = [:]
        for slot in 0..<KeySlot.count {
            if let owner = self.table.load(slot) { slots[owner, default: 0] += 1 }
        }
        let nodes = primaries.map { member in
            RedisTopologyDescription.Node(
                address: member.address.description,
                role: .primary,
                isConnected: member.primary.isConnected,
                slots: slots[member.index] ?? 0
            )
        }
        let replicas = self.knownReplicas.sorted { $0.index < $1.index }.map { member in
            RedisTopologyDescription.Node(
                address: member.address.description,
                role: .replica,
                isConnected: member.isConnectedAsReplica
            )
        }
        return RedisTopologyDescription(kind: .cluster, nodes: nodes + replicas)
    }
}
