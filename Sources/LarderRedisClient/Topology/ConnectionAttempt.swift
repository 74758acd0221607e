import Synchronization

/// An attempt to connect that can be given up from elsewhere, because the server is not the right one any more.
///
/// A server that is frozen takes connections and says nothing; without this, a lane would wait for it until its time to
/// connect is over.
final class ConnectionAttempt: Sendable {
    private struct State {
        var abandon: (@Sendable (RedisError) -> Void)?
        var abandonment: RedisError?
    }

    /// Where the attempt leads.
    let address: RedisConfiguration.Address
    private let state = Mutex(State())

    init(to address: RedisConfiguration.Address) {
        self.address = address
    }

    /// Why the attempt was given up, if it was.
    var abandonment: RedisError? { self.state.withLock { $0.abandonment } }

    /// Notes how to end the attempt, or ends it, if it was given up already.
    func began(_ abandon: @escaping @Sendable (RedisError) -> Void) {
        let error = self.state.withLock { state in
            state.abandon = abandon
            return state.abandonment
        }
        if let error { abandon(error) }
    }

    /// Gives the attempt up.
    func abandon(_ error: RedisError) {
        let abandon = self.state.withLock { state in
            if state.abandonment == nil { state.abandonment = error }
            defer { state.abandon = nil }
            return state.abandon
        }
        abandon?(error)
    }
}
