import DequeModule
import Logging
import NIOCore
import Synchronization

// MARK: Connection events

extension CommandLane: RedisChannelHandler.Delegate {
    func connection(_ handler: RedisChannelHandler, received replies: inout Deque<RESPValue>) {
        var ready: Deque<(Waiter, CommandOutcome)> = []
        swap(&ready, &self.loop.value.ready)
        let (wereDue, retires) = self.state.withLock { ($0.answer(&replies, ready: &ready), $0.isRetiring) }
        while let (waiter, outcome) = ready.popFirst() { waiter.resume(returning: outcome) }
        self.loop.value.ready = ready
        if retires { self.finishRetiring() }
        if !wereDue {
            handler.close(self.locator.error(.protocolViolation, "the server sent a reply to no command"))
        }
        self.closeIfDrained()
    }

    func connectionMadeProgress(_ handler: RedisChannelHandler) {
        self.state.withLock { $0.noteProgress() }
    }

    func connectionCanWrite(_ handler: RedisChannelHandler) {
        self.serve(handler)
    }

    func connection(_ handler: RedisChannelHandler, closed error: RedisError) {
        self.forgetConnection()
        self.loop.value.health?.cancel()
        let loss = self.state.withLock { $0.lost(error, at: .now, chance: .random(in: 0...1)) }
        self.logger.debug(
            "lost the connection to Redis",
            metadata: ["redis.server": "\(self.locator.name)", "error": "\(error)"]
        )
        self.fail(loss, because: error)
        if let time = loss.reconnectAt {
            let delay = time.nanoseconds - MonotonicTime.now.nanoseconds
            if delay <= 0 {
                self.connect()
            } else {
                self.loop.value.reconnect = self.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay)) {
                    self.connect()
                }
            }
        }
        self.closeIfDrained()
    }
}
