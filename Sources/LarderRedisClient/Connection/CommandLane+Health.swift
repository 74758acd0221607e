import Logging
import NIOCore
import Synchronization

// Whether the connection lives.

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
            self.sendUnawaited(RedisCommand("PING"))
            self.scheduleHealthCheck(at: time)
        case .dead:
            self.logger.warning(
                "Redis is silent, closing the connection",
                metadata: ["redis.server": "\(self.locator.name)"]
            )
            connection.close(self.locator.error(.connectionClosed, "the server was silent for too long"))
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
