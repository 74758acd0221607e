// How a lane lets go of its connection: because the server is not needed any more, because it is silent or gone, or for good.

extension LaneStateMachine {
    // MARK: Losing

    /// What a lost connection leaves to do.
    struct Loss {
        /// Callers whose commands were written: nobody knows whether they were executed.
        var written: [Waiter] = []
        /// Callers whose commands never were, if no other connection will carry them.
        var unwritten: [Waiter] = []
        var reconnectAt: MonotonicTime?
    }

    /// The connection is gone.
    mutating func lost(_ error: RedisError, at now: MonotonicTime, chance: Double) -> Loss {
        guard case .active = self.phase else { return Loss() }
        self.forgetConnection()
        var loss = Loss(written: self.queue.removeWritten())
        guard self.parameters.reconnects, self.shutdownError == nil else {
            loss.unwritten = self.queue.removeUnwritten()
            self.phase = .closed(self.shutdownError ?? error)
            return loss
        }
        // The first attempt follows at once if the connection was of use; else this would be a busy loop with a server
        // that accepts and closes.
        let pause = self.backoff.next(chance: chance)
        if self.queue.isEmpty {
            self.phase = .idle
        } else {
            self.phase = .connecting
            loss.reconnectAt = self.backoff.failures > 1 ? now.advanced(by: pause) : now
        }
        return loss
    }

    // MARK: Retiring

    /// What a server leaves to do that is not needed any more.
    struct Retirement {
        /// Callers whose commands were not written, nor will be: they look for another server.
        var turnedAway: [Waiter] = []
        /// Whether to close the connection now.
        var closesConnection = false
    }

    /// Lets go of a server that is not needed any more, for now or for good.
    ///
    /// Commands under way are waited for, and the connection is closed behind the last of them. The lane connects again
    /// when it is used again.
    ///
    /// - Returns: What to do.
    mutating func retire() -> Retirement {
        switch self.phase {
        case .idle, .closed:
            return Retirement()
        case .connecting, .backingOff:
            self.isRetiring = true
            return Retirement(turnedAway: self.queue.removeUnwritten())
        case .active:
            self.isRetiring = true
            return Retirement(closesConnection: self.finishRetiring())
        }
    }

    /// Ends the connection of a server that is not needed any more, if no reply is due.
    ///
    /// - Returns: Whether to close it.
    mutating func finishRetiring() -> Bool {
        guard self.isRetiring, case .active = self.phase, self.queue.isEmpty, !self.isWritingDirectly else {
            return false
        }
        self.forgetConnection()
        self.phase = .idle
        return true
    }

    // MARK: Health

    enum Health {
        /// Nothing to do before this time.
        case well(checkAt: MonotonicTime)
        /// Idle for long: ask it.
        case ask(checkAt: MonotonicTime)
        case dead
        /// There is no connection to check.
        case none
    }

    /// Judges the connection by its silence.
    mutating func health(at now: MonotonicTime, interval: Int64) -> Health {
        guard case .active = self.phase else { return .none }
        let due = self.lastProgress.advanced(by: interval)
        if now < due { return .well(checkAt: due) }
        if self.queue.awaitsReplies { return .dead }
        return .ask(checkAt: now.advanced(by: interval))
    }

    // MARK: Ending

    /// Refuses new commands from now on.
    ///
    /// - Returns: Whether nobody waits any more, so that the lane can be closed.
    mutating func beginShutdown(_ error: RedisError) -> Bool {
        if self.shutdownError == nil { self.shutdownError = error }
        return self.queue.waiting == 0
    }

    /// Whether shutdown began and nobody waits any more.
    var isDrained: Bool { self.shutdownError != nil && self.queue.waiting == 0 }

    /// Ends the lane.
    ///
    /// - Returns: Everybody who still waited, with those whose commands were written apart.
    mutating func close(_ error: RedisError) -> Loss {
        if case .closed = self.phase { return Loss() }
        self.forgetConnection()
        let loss = Loss(written: self.queue.removeWritten(), unwritten: self.queue.removeUnwritten())
        self.phase = .closed(self.shutdownError ?? error)
        return loss
    }

    /// The error that ended the lane, if it has ended.
    var closeError: RedisError? {
        if case .closed(let error) = self.phase { error } else { nil }
    }
}
