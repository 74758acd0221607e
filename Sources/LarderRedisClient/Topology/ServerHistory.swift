import Synchronization

/// The servers that a client has met, in the order in which it met them.
///
/// A server that takes the place of another, or comes back as another process, may have forgotten writes that were
/// acknowledged. Whoever has drawn conclusions from earlier answers compares the numbers here.
final class ServerHistory: Sendable {
    /// How far the history has come.
    struct Position: Sendable, Hashable {
        /// How many identities have been met.
        var meetings: UInt64 = 0
        /// The number of the last meeting with one that had taken the place of another; 0 if there was none.
        var lastChange: UInt64 = 0
    }

    /// A connection that is open.
    struct Opening: Sendable {
        /// The number of the meeting at which its server's identity was first seen.
        let number: UInt64
        fileprivate let id: UInt64
    }

    private struct Connection {
        let place: String
        let number: UInt64
        let hearsOfChanges: Bool
        let close: @Sendable (RedisError) -> Void
    }

    private struct State {
        /// The number under which each identity was met.
        var numbers: [ServerIdentity: UInt64] = [:]
        /// The identity that was last met in each place.
        var current: [String: ServerIdentity] = [:]
        /// The places in which nobody stands at the moment.
        var deserted: Set<String> = []
        var connections: [UInt64: Connection] = [:]
        var nextID: UInt64 = 0
    }

    private let state = Mutex(State())
    private let meetings = Atomic<UInt64>(0)
    private let lastChange = Atomic<UInt64>(0)

    /// How far the history has come, for readers on any thread.
    var position: Position {
        // The change first: a reader may take a meeting for newer than it is, never a change for older.
        let lastChange = self.lastChange.load(ordering: .acquiring)
        return Position(meetings: self.meetings.load(ordering: .acquiring), lastChange: lastChange)
    }

    /// The identities of the servers that stand in their places now.
    var currentIdentities: [ServerIdentity] {
        self.state.withLock { state in
            state.current.filter { !state.deserted.contains($0.key) }.map(\.value)
        }
    }

    /// The identity that was last met in a place; nil if nobody said who it is.
    func identity(in place: String) -> ServerIdentity? {
        self.state.withLock { $0.current[place].flatMap { $0.runID.hasPrefix("?") ? nil : $0 } }
    }

    /// Notes that a connection was opened.
    ///
    /// Connections in the same place whose server had another identity are closed: they speak to a process that is gone, or
    /// to one whose part has changed. Where the server does not say who it is, only those are closed on which changes are
    /// heard of, for they may lead to one that nobody writes to any more; they are opened again where this one has been. All
    /// others would close each other for ever.
    ///
    /// - Parameters:
    ///   - identity: Who answered; nil where the server does not say (`INFO` is forbidden). Then each connection counts as
    ///     a meeting with somebody new.
    ///   - place: What the server stands for: an address, or the primary of a set.
    ///   - isFirst: Whether the first identity that is met in this place is no change. In a cluster a node that comes
    ///     later may be the successor of one that is lost.
    ///   - hearsOfChanges: Whether the server tells of changes on the connection.
    ///   - close: Closes the connection.
    /// - Returns: The number under which the connection's server is known, and what to call `closed(_:)` with.
    func opened(
        _ identity: ServerIdentity?,
        place: String,
        isFirst: Bool,
        hearsOfChanges: Bool = false,
        close: @escaping @Sendable (RedisError) -> Void
    ) -> Opening {
        var outdated: [@Sendable (RedisError) -> Void] = []
        let opening = self.state.withLock { state in
            state.nextID += 1
            state.deserted.remove(place)
            let id = state.nextID
            // What does not say who it is gets a name that nobody else has; it may well be who was there before.
            let saysWhoItIs = identity != nil
            let identity = identity ?? ServerIdentity.unknown()
            let number: UInt64
            let former = state.current[place]
            if let known = state.numbers[identity], former == identity {
                number = known
            } else {
                number = self.meetings.load(ordering: .relaxed) + 1
                state.numbers[identity] = number
                state.current[place] = identity
                if let former {
                    if former != identity { state.numbers[former] = nil }
                    let isDoubtful = { (connection: Connection) in
                        saysWhoItIs || (connection.hearsOfChanges && !hearsOfChanges)
                    }
                    outdated = state.connections.values.filter { $0.place == place && isDoubtful($0) }.map(\.close)
                }
                // The change first, so that nobody sees the meeting without it.
                if former != nil || !isFirst { self.lastChange.store(number, ordering: .releasing) }
                self.meetings.store(number, ordering: .releasing)
            }
            state.connections[id] = Connection(
                place: place,
                number: number,
                hearsOfChanges: hearsOfChanges,
                close: close
            )
            return Opening(number: number, id: id)
        }
        if !outdated.isEmpty {
            let error = RedisError(
                .connectionClosed,
                message: "another server has taken the place of the one that this connection led to"
            )
            for close in outdated { close(error) }
        }
        return opening
    }

    /// Notes that nobody stands in a place any more: what it stood for is served elsewhere.
    ///
    /// Who was there is remembered. If the same identity comes back, that is no change.
    func deserted(_ place: String) {
        self.state.withLock { if $0.current[place] != nil { $0.deserted.insert(place) } }
    }

    /// Whether any connection is open.
    var hasConnections: Bool { self.state.withLock { !$0.connections.isEmpty } }

    /// Closes all connections in a place, for it is known that another server stands there now.
    func closeConnections(in place: String, _ error: RedisError) {
        let closes = self.state.withLock { state in
            state.connections.values.filter { $0.place == place }.map(\.close)
        }
        for close in closes { close(error) }
    }

    /// Notes that a connection has ended.
    func closed(_ opening: Opening) {
        self.state.withLock { _ = $0.connections.removeValue(forKey: opening.id) }
    }
}
