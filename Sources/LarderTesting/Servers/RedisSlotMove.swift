/// A slot that is on its way from one shard of a cluster to another.
///
/// Meanwhile the old owner answers for the keys that it still has and sends clients on with ASK for the others, the new owner
/// serves clients that say ASKING, and both answer TRYAGAIN to commands of several keys of which some have moved.
public struct RedisSlotMove: Sendable {
    /// The slot.
    public let slot: Int

    /// The primary that owns the slot until the move ends.
    public let source: RedisServer

    /// The primary that is to own it.
    public let target: RedisServer

    /// The number of the shard that is to own it.
    public let shard: Int
}
