import Synchronization

/// The servers of a cluster that a client has heard of, each under a number.
///
/// Whoever has a number finds its member without a lock and without counting references to it. Numbers are as many as a
/// cluster can have servers; where addresses come and go, as those of containers do, there will be more of these. Then the
/// number of a server that has left the cluster long ago is given to the next. Who still has it from before, such as a call
/// that has waited ever since, asks the wrong server and is sent on.
final class ClusterMembers: Sendable {
    /// Servers that a client can know at once: a cluster cannot have more.
    static let capacity = SlotMap.maximumNodeCount
    /// How long a server has to be out of the cluster until its number is free, in nanoseconds: longer than calls take.
    static let quarantine: Int64 = 600_000_000_000

    /// Room for all members.
    ///
    /// The first `count` places are initialised, once each, under the lock, before their numbers are handed to anybody (by
    /// the lock, or by the release of a slot's number); nobody reads a place without its number. They are atomic, so a place
    /// may change while it is read. What was in it is kept until nobody has the members any more, for a reader may hold it
    /// without a reference.
    nonisolated(unsafe) private let places: UnsafeMutablePointer<Atomic<Unmanaged<ClusterMember>>>
    private let capacity: Int
    private let state = Mutex(State())

    private struct State {
        var count = 0
        var numbers: [NodeAddress: UInt16] = [:]
        /// Since when servers are in the cluster no more.
        var gone: [UInt16: MonotonicTime] = [:]
        /// Members whose numbers others have now.
        var former: [ClusterMember] = []
        /// How many of them have been closed.
        var closed = 0
        var isClosed = false
    }

    /// - Parameter capacity: How many members there can be at once.
    init(capacity: Int = ClusterMembers.capacity) {
        self.capacity = capacity
        self.places = .allocate(capacity: capacity)
    }

    deinit {
        let count = self.state.withLock { $0.count }
        for index in 0..<count { self.places[index].load(ordering: .acquiring).release() }
        self.places.deinitialize(count: count)
        self.places.deallocate()
    }

    /// The member with a number that was handed out.
    subscript(_ index: UInt16) -> ClusterMember {
        self.places[Int(index)].load(ordering: .acquiring).takeUnretainedValue()
    }

    /// The lane of a primary whose turn it is.
    @inline(__always)
    func lane(of index: UInt16) -> CommandLane {
        self.places[Int(index)].load(ordering: .acquiring)._withUnsafeGuaranteedRef { $0.primary.lane }
    }

    /// The member at an address.
    ///
    /// - Parameters:
    ///   - address: The address.
    ///   - now: The time.
    ///   - make: Makes the member of its number, if there is none yet.
    /// - Returns: The member; nil if it is new and there is no more room, or if all have been closed.
    func member(at address: NodeAddress, now: MonotonicTime, make: (UInt16) -> ClusterMember) -> ClusterMember? {
        self.state.withLock { state in
            if state.isClosed { return nil }
            if let index = state.numbers[address] {
                state.gone[index] = nil
                return self[index]
            }
            if state.count < self.capacity, let index = UInt16(exactly: state.count) {
                let member = make(index)
                (self.places + state.count).initialize(to: Atomic(Unmanaged.passRetained(member)))
                state.count += 1
                state.numbers[address] = index
                return member
            }
            guard let (index, since) = state.gone.min(by: { $0.value < $1.value }),
                since.advanced(by: Self.quarantine) <= now
            else { return nil }
            let member = make(index)
            let place = Unmanaged.passRetained(member)
            let former = self.places[Int(index)].exchange(place, ordering: .acquiringAndReleasing).takeRetainedValue()
            state.former.append(former)
            state.gone[index] = nil
            state.numbers[former.address] = nil
            state.numbers[address] = index
            return member
        }
    }

    /// Closes the members whose numbers others have now.
    func closeFormer() {
        let former = self.state.withLock { state in
            defer { state.closed = state.former.count }
            return state.former[state.closed...]
        }
        for member in former { member.close() }
    }

    /// Notes which members are in the cluster, and that the others are not.
    func areInCluster(_ indexes: Set<UInt16>, at now: MonotonicTime) {
        self.state.withLock { state in
            for index in 0..<UInt16(state.count) {
                if indexes.contains(index) {
                    state.gone[index] = nil
                } else if state.gone[index] == nil {
                    state.gone[index] = now
                }
            }
        }
    }

    /// The member with a number that may never have been handed out.
    func member(ifKnown index: Int) -> ClusterMember? {
        let count = self.state.withLock { $0.count }
        return index >= 0 && index < count ? self[UInt16(index)] : nil
    }

    /// All members.
    var all: [ClusterMember] {
        let count = self.state.withLock { $0.count }
        return (0..<UInt16(count)).map { self[$0] }
    }

    /// Takes no new members from now on.
    func seal() { self.state.withLock { $0.isClosed = true } }

    /// Whether no new members are taken.
    var isSealed: Bool { self.state.withLock { $0.isClosed } }
}
