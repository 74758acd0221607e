extension RedisClient {
    /// How often the client has learned that a key may be served elsewhere than it was; 0 but in a cluster.
    ///
    /// Raised before a reply is handed out that came from elsewhere. So whoever compares it before and after a read knows
    /// whether all of it came from servers that were known before.
    package var routeChanges: UInt64 {
        if case .cluster(let servers) = self.servers { servers.routeChanges } else { 0 }
    }

    /// Where to find each of the present primaries.
    ///
    /// - Returns: The locators with what they look for.
    /// - Throws: `RedisError` if the servers of a cluster could not be asked within the time for a command.
    func primaryLocators() async throws -> [(name: String, locator: any ServerLocator)] {
        if case .cluster(let servers) = self.servers {
            let deadline = MonotonicTime.deadline(after: self.configuration.commandTimeout.wholeNanoseconds)
            return try await servers.untilFound(deadline) { try await servers.primaries(by: deadline) }
                .sorted { $0.index < $1.index }
                .map { ($0.primary.locator.name, $0.primary.locator) }
        }
        if case .sharded(let servers) = self.servers { return servers.nodes.map { ($0.locator.name, $0.locator) } }
        return self.servers.onlyPrimary.map { [($0.locator.name, $0.locator)] } ?? []
    }

    /// Hears each time that other servers than before are primaries of a cluster.
    ///
    /// - Parameter listener: Called on any thread, at once: it should not do much.
    /// - Returns: What to keep as long as the listener is to be called. Nothing ever happens to it but in a cluster.
    package func onPrimariesChanged(_ listener: @escaping @Sendable () -> Void) -> PrimaryRegistration {
        if case .cluster(let servers) = self.servers { servers.listeners.add(listener) } else { PrimaryRegistration {} }
    }

    /// Where to find the owner of a slot; the only primary but in a cluster.
    func locator(forSlot slot: Int) -> any ServerLocator {
        if case .cluster(let servers) = self.servers { return ClusterLocator(servers, .slot(slot)) }
        return self.servers.subscriptionLocator
    }
}
