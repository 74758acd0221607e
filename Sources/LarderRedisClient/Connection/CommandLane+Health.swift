import Logging
import NIOCore
import Synchronization

// Whether the connection lives, and still leads to the server that it was opened to.

extension CommandLane {
    /// Looks after the connection from now on.
    func scheduleHealthCheck() {
        guard let interval = self.healthInterval else { return }
        self.scheduleHealthCheck(at: MonotonicTime.now.advanced(by: interval))
    }

    private func scheduleHealthCheck(at time: MonotonicTime) {
        self.loop.value.health?.cancel()
        let delay = max(time.nanoseconds - MonotonicTime.now.nanoseconds, 1_000_000)
        self.loop.value.health = self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay)) {
            self.checkHealth()
        }
    }

    private func checkHealth() {
        guard let interval = self.healthInterval, let connection = self.loop.value.connection else { return }
        let health = self.state.withLock { $0.health(at: .now, interval: interval) }
        switch health {
        case .none: break
        case .well(let time): self.scheduleHealthCheck(at: time)
        case .ask(let time):
            // What is lent may be in a transaction, where an answer of its own would be in the way.
            if self.reconnects, connection.connector.purpose.needsPrimary, let identity = connection.identity {
                self.ask(connection, whetherItIs: identity)
            } else {
                self.sendUnawaited(RedisCommand("PING"))
            }
            self.scheduleHealthCheck(at: time)
        case .dead:
            self.logger.warning(
                "Redis is silent, closing the connection",
                metadata: ["redis.server": "\(self.locator.name)"]
            )
            connection.close(self.locator.error(.connectionClosed, "the server was silent for too long"))
        }
    }

    /// Closes the connection if its server has become another than it was.
    ///
    /// A primary that is demoted and promoted again keeps its connections. Who used one meanwhile has been told; who did not
    /// would go on as if nothing had been forgotten.
    private func ask(_ connection: RedisChannelHandler, whetherItIs identity: ServerIdentity) {
        let handle = NIOLoopBound(connection, eventLoop: self.eventLoop)
        let timeout = self.locator.configuration.commandTimeout.wholeNanoseconds
        self.loop.value.question = Task {
            let command = RedisCommand("INFO", "replication")
            guard case .reply(let reply) = await self.execute(command, deadline: .deadline(after: timeout)) else {
                return
            }
            let replication: String
            do {
                replication = try String(resp: reply)
            } catch {
                // It does not say any more who it is, so nothing follows.
                return
            }
            if identity.mayStillBe(replication) { return }
            let error = self.locator.error(.connectionClosed, "the server is not what it was when it was met")
            self.eventLoop.execute { handle.value.close(error) }
        }
    }

    /// Sends a command whose reply nobody waits for.
    private func sendUnawaited(_ command: RedisCommand) {
        let submission = self.state.withLock {
            $0.submit(waiter: nil, deadline: .distantFuture, bound: .max) {
                $0.append(command, waiter: nil, deadline: .distantFuture)
            }
        }
        switch submission {
        case .queued, .queuedNeedsService: self.service()
        // The event loop is a sender like any other: until it has written, nobody else may.
        case .writeDirectly(let write): self.write(write)
        case .refused: break
        }
    }
}
