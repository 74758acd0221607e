import Synchronization

/// All servers of a cluster that a client has heard of, each under a number that is never given to another.
///
/// Whoever has a number finds its member without a lock and without counting references to it: members are appended and
/// stay until the client goes.
final class ClusterMembers: Sendable {
    /// Addresses that a cluster may go through while a client lives; it cannot have more servers at once.
    static let capacity = SlotMap.maximumNodeCount

    /// Room for all members.
    ///
    /// The first `count` places are filled, once each, under the lock, before their numbers are
    /// handed to anybody (by the lock, or by the release of a slot's number); nobody reads a place without its number.
    nonisolated(unsafe) private let places: UnsafeMutablePointer<Unmanaged<ClusterMember>>
    private let state = Mutex(State())

    private struct State {
        var numbers: [NodeAddress: UInt16] = [:]
        var isClosed = false
    }

    init() { self.places = .allocate(capacity: Self.capacity) }

    deinit {
        for index in 0..<self.state.withLock({ $0.numbers.count }) { self.places[index].release() }
        self.places.deallocate()
    }

    /// The member with a number that was handed out.
    subscript(_ index: UInt16) -> ClusterMember { self.places[Int(index)].takeUnretainedValue() }

    /// The lane of a primary whose turn it is.
    @inline(__always)
    func lane(of index: UInt16) -> CommandLane {
        self.places[Int(index)]._withUnsafeGuaranteedRef { $0.primary.lane }
    }

    /// The member at an address.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - make: Makes the member of its number, if there is none yet.
    /// - Returns: The member; nil if it is new and there is no more room, or if all have been closed.
    func member(at address: NodeAddress, make: (UInt16) -> ClusterMember) -> ClusterMember? {
        self.state.withLock { state in
            if state.isClosed { return nil }
            if let index = state.numbers[address] { return self[index] }
            guard state.numbers.count < Self.capacity, let index = UInt16(exactly: state.numbers.count) else {
                return nil
            }
            let member = make(index)
            self.places[Int(index)] = .passRetained(member)
            state.numbers[address] = index
            return member
        }
    }

    /// The member with a number that may never have been handed out.
    func member(ifKnown index: Int) -> ClusterMember? {
        let count = self.state.withLock { $0.numbers.count }
        return index >= 0 && index < count ? self[UInt16(index)] : nil
    }

    /// All members.
    var all: [ClusterMember] {
        let count = self.state.withLock { $0.numbers.count }
        return (0..<UInt16(count)).map { self[$0] }
    }

    /// Takes no new members from now on.
    func seal() { self.state.withLock { $0.isClosed = true } }

    /// Whether no new members are taken.
    var isSealed: Bool { self.state.withLock { $0.isClosed } }
}
