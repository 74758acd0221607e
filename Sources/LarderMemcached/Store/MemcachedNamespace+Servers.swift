import Larder
import Logging
import Synchronization

/// What becomes of servers that are lost, and of calls that meet with that.
extension MemcachedNamespace {
    // MARK: Errors

    /// Makes the client's errors a cache's, whatever went wrong there: the store could not be used; and notes which server was lost.
    ///
    /// With failover a call that meets with a lost server is made again within its time, by then on another one. Of what the lost
    /// server has done of it nothing is alive any more.
    ///
    /// - Parameters:
    ///   - isRepeatable: Whether a call that was made for some of its keys may be made again for all.
    ///   - body: The call, which has to end by a deadline.
    /// - Returns: What the call returned.
    /// - Throws: What the call throws; `CacheError` with `.unavailable` for ``MemcachedError``.
    func translatingErrors<Result>(
        isRepeatable: Bool,
        _ body: (MonotonicTime) async throws -> Result
    ) async throws -> Result {
        let deadline = self.client.deadline
        var attempts = 1
        while true {
            do {
                return try await body(deadline)
            } catch let error as MemcachedError {
                if self.noteLoss(error), isRepeatable, attempts < self.client.links.count, MonotonicTime.now < deadline
                {
                    attempts += 1
                    continue
                }
                throw CacheError(.unavailable, "memcached could not be used", underlying: error)
            }
        }
    }

    /// Notes a server that did not answer.
    ///
    /// - Returns: Whether another one is about to take its keys.
    private func noteLoss(_ error: MemcachedError) -> Bool {
        guard error.isLoss, let name = error.server,
            let place = self.client.links.firstIndex(where: { $0.name == name })
        else { return false }
        self.watch.withLock { $0.lose(place) }
        return self.client.configuration.failover && place != self.home.place
    }

    // MARK: Servers that come and go

    /// The roster by which to look for entries, when all has been done that has to be done first.
    func settledRoster(before keys: [StoreKey], _ deadline: MonotonicTime) async throws -> ServerRoster {
        if self.client.links.count == 1, self.watch.withLock({ $0.isCalm }) { return ServerRoster() }
        let (roster, isCalm, hasRead) = self.watch.withLock { ($0.roster, $0.isCalm, $0.hasRead) }
        if hasRead, isCalm { return roster }
        if !hasRead {
            // Others may have found out long ago which servers are lost, and this process need not by itself.
            let view = try await self.home.read([], deadline)
            self.watch.withLock { $0.take(view.roster) }
        }
        var rounds = 0
        while true {
            let roster = self.watch.withLock { $0.roster }
            if try await self.settle(before: Set(keys.map { self.unread($0, roster).place }), deadline) {
                return roster
            }
            try NamespaceHome.checkPatience(&rounds, deadline)
        }
    }

    /// Does what has to be done before servers are asked for entries.
    ///
    /// - Returns: Whether there was nothing to be done that could change the roster.
    @discardableResult
    func settle(before places: Set<Int>, _ deadline: MonotonicTime) async throws -> Bool {
        let now = self.client.links[self.home.place].clock.now
        let links = self.client.links
        let steps = self.watch.withLock {
            $0.steps(before: places, now: now, moment: .coarse) { links[$0].lane.answers }
        }
        var isSettled = true
        for step in steps {
            switch step {
            case .probe(let place):
                links[place].lane.probe(deadline)
            case .takeOut(let place, let epoch):
                isSettled = false
                try await self.revise(place, epoch, deadline) { roster, server, fresh in
                    roster.takeOut(server, epoch: fresh, at: now)
                }
                self.logger.warning(
                    "A memcached server is lost; others have its keys",
                    metadata: ["memcached.server": "\(links[place].name)"]
                )
            case .letIn(let place, let epoch):
                isSettled = false
                // One that does not answer would be lost again under each new epoch. (One that is out has answered already.)
                if !self.watch.withLock({ $0.isOut(place) }) {
                    _ = try await links[place].send(.noop, deadline: deadline)
                }
                try await self.revise(place, epoch, deadline) { roster, server, fresh in
                    roster.letIn(server, epoch: fresh)
                }
                self.logger.notice(
                    "A memcached server is back; what it held is not read",
                    metadata: ["memcached.server": "\(links[place].name)"]
                )
            }
        }
        return isSettled
    }

    /// Gives a server another epoch, unless somebody else has by now.
    private func revise(
        _ place: Int,
        _ epoch: UInt64,
        _ deadline: MonotonicTime,
        _ change: (inout ServerRoster, UInt64, UInt64) -> Void
    ) async throws {
        let server = self.client.numbers[place]
        let roster = try await self.home.revise(deadline) { roster in
            guard roster.epoch(of: server) == epoch else { return false }
            change(&roster, server, NamespaceStamp.random().epoch)
            return true
        }
        self.watch.withLock { $0.take(roster) }
    }
}

extension MemcachedError {
    /// Whether the server was not to be reached, or did not answer in time.
    fileprivate var isLoss: Bool {
        switch self.code {
        case .connectionFailed, .connectionClosed, .timedOut, .fateUnknown, .notSent: true
        default: false
        }
    }
}
