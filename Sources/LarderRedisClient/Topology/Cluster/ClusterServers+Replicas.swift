extension ClusterServers {
    /// Who may answer a command.
    ///
    /// Only what reads goes to replicas, and nothing that is bound to servers met before: nobody keeps a history of
    /// replicas.
    func preference(for command: RedisCommand, _ terms: CallTerms) -> RedisConfiguration.ReadPreference {
        let preference = terms.preference ?? self.configuration.readPreference
        guard preference != .primary, terms.bound == .max, command.mayBeAnsweredByReplica else { return .primary }
        return preference
    }

    /// Picks a server for a read.
    ///
    /// A replica that could not answer is left alone for a second; the primary answers while no replica can.
    ///
    /// - Parameters:
    ///   - primary: The slot's owner.
    ///   - preference: Who is wanted.
    /// - Returns: The server.
    func reader(of primary: UInt16, _ preference: RedisConfiguration.ReadPreference) -> ClusterPlace {
        let now = MonotonicTime.coarse
        let replicas = self.replicas(of: primary).filter { $0.readiness.isReady(at: now) }
        let owner = self.members[primary]
        switch preference.kind {
        case .primary:
            return ClusterPlace(node: owner.primary, member: owner)
        case .replica:
            guard let replica = replicas.randomElement() else {
                return ClusterPlace(node: owner.primary, member: owner)
            }
            return ClusterPlace(node: replica.replica, member: replica, isReplica: true)
        case .nearest:
            let candidates = replicas + [owner]
            // Now and then another than the nearest, which may have become so.
            let wanders = UInt8.random(in: 0..<16) == 0
            let nearest = candidates.min { $0.readiness.roundTrip < $1.readiness.roundTrip }
            let member = (wanders ? candidates.randomElement() : nearest) ?? owner
            let isReplica = member !== owner
            return ClusterPlace(
                node: isReplica ? member.replica : member.primary,
                member: member,
                isReplica: isReplica,
                isTimed: true
            )
        }
    }
}
