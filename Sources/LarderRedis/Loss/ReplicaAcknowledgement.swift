/// How many replicas have to have an invalidation before it counts as done (`WAIT`).
///
/// A failover can then only forget it where a replica is promoted that was not among them. That holds for the removal of a
/// key that was absent, too: whoever removed it before may still be waiting for the replicas. Each such call writes a
/// small key beside what it invalidates, which lives for ten seconds and for which the replicas are waited for; where the server
/// refuses that (it is out of memory and may not evict), the call throws.
public struct ReplicaAcknowledgement: Sendable, Hashable {
    /// How many replicas have to have it; of each server, where keys lie on several.
    public var replicas: Int

    /// How long to wait for them.
    ///
    /// It should be shorter than the client's timeout for commands.
    public var timeout: Duration

    /// Describes what is asked for.
    ///
    /// - Parameters:
    ///   - replicas: How many replicas have to have it.
    ///   - timeout: How long to wait for them.
    public init(replicas: Int, timeout: Duration = .milliseconds(500)) {
        self.replicas = max(0, replicas)
        self.timeout = timeout
    }
}
