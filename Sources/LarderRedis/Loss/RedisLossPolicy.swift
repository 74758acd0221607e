/// What becomes of a namespace when a server answers that may have forgotten writes: one that was restarted from a snapshot,
/// or promoted before it had everything.
///
/// Whatever the policy, copies in memory are dropped then, and no fill that was under way is stored.
public struct RedisLossPolicy: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case keep
        case coldAfterLoss
    }

    let kind: Kind

    /// Entries live on.
    ///
    /// Most are still right; one whose removal the server has forgotten may come back until its time to live is over.
    public static let keep = RedisLossPolicy(kind: .keep)

    /// Nothing that an earlier server held is used any more.
    ///
    /// The namespace gets a new generation before the first command that another server answers, once for all processes. It
    /// keeps the identities of its servers in a key of its own. Reading them takes the right to `INFO`: to a client that
    /// may not, each new connection counts as a loss. In a cluster, so does a server that gets its first slots.
    public static let coldAfterLoss = RedisLossPolicy(kind: .coldAfterLoss)
}
