import Synchronization

/// What a command needs of a cluster whose slots are known: who owns its slot, and whether the map of slots is due.
///
/// Apart from `ClusterServers`, because others hold that one weakly: counting the references to an object that has ever been
/// referred to weakly takes a way that costs several times as much, with every command. Nobody may hold this one weakly.
final class ClusterFastPath: Sendable {
    let table = SlotTable()
    let members = ClusterMembers()
    /// Whether primaries answer everything unless a call says otherwise.
    let readsPrimaries: Bool
    /// From when on the map is old, in nanoseconds of the monotonic clock.
    private let mapIsOldFrom = Atomic<Int64>(.max)

    init(_ configuration: RedisConfiguration) { self.readsPrimaries = configuration.readPreference == .primary }

    /// The lane to the primary of a command whose first argument is its only key, if it is known.
    ///
    /// Most commands are such. No lock, no allocation.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - terms: What the caller asks for.
    /// - Returns: The lane, and the number of the server; nil where the command takes another way.
    @inline(__always)
    func lane(
        for command: borrowing RedisCommand,
        _ terms: borrowing CallTerms
    ) -> (lane: CommandLane, owner: UInt16)? {
        guard terms.preference.map({ $0 == .primary }) ?? self.readsPrimaries,
            let slot = command.soleKeySlot, let owner = self.table.load(slot)
        else {
            return nil
        }
        return (self.members.lane(of: owner), owner)
    }

    /// Whether the map is old, judged by the time at which a call began.
    @inline(__always)
    func isMapOld(at time: Int64) -> Bool { time > self.mapIsOldFrom.load(ordering: .relaxed) }

    /// Says from when on the map is old.
    func setMapIsOld(from time: Int64) { self.mapIsOldFrom.store(time, ordering: .relaxed) }
}
