extension HistoryControl {
    /// Waits until those who have called in a disturbance have heard what has become of it, and servers have dealt with what
    /// they have been sent by then, and writes that down.
    ///
    /// - Parameter servers: The servers that may have been sent something and are there.
    /// - Throws: `TestServerError` where one does not answer.
    func settle(on servers: [RedisServer]) async throws {
        // At the history's end all have heard.
        try? await Task.sleep(for: .milliseconds(15))
        let bound = self.now
        for server in servers {
            // Each of these comes on a connection of its own, for which the server looks at all connections at least once. So
            // it has read by the last one what had been sent before the first, unless that is more than half a megabyte.
            for _ in 0..<32 {
                let reply = try await server.command("PING")
                guard reply.hasPrefix("+PONG") else {
                    throw TestServerError(.noAnswer, "Redis answered PING with \(reply.prefix(40)).")
                }
            }
        }
        self.settle(endedBy: bound)
    }
}
