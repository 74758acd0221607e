import LarderRedisClient

/// Sends commands on connections of their own, and waits until replicas have what they wrote.
///
/// `WAIT` speaks of what its own connection wrote, and makes all wait who share that.
struct AcknowledgedSender: RedisCommandSender {
    let client: RedisClient
    let acknowledgement: ReplicaAcknowledgement

    func send(_ command: RedisCommand) async throws -> RESPValue {
        guard let reply = try await self.pipeline([command]).first else {
            throw RedisError(.unexpectedReply, message: "a command got no reply", command: command.name)
        }
        return try reply.get()
    }

    /// Sends commands one after another, since in a cluster each may belong to another server.
    func pipeline(_ commands: [RedisCommand]) async throws -> [Result<RESPValue, RedisError>] {
        var replies: [Result<RESPValue, RedisError>] = []
        for command in commands {
            let reply = try await self.client.withConnection(for: command.firstKey) { connection in
                let reply: Result<RESPValue, RedisError>
                do {
                    reply = .success(try await connection.send(command))
                } catch let error as RedisError where error.code.serverPrefix != nil {
                    return Result<RESPValue, RedisError>.failure(error)
                }
                do {
                    try await self.awaitReplicas(on: connection, command)
                } catch let error as RedisError where error.code == .notAcknowledged {
                    // The others are sent all the same: their primaries are to have them.
                    return .failure(error)
                }
                return reply
            }
            replies.append(reply)
        }
        return replies
    }

    private func awaitReplicas(on connection: RedisConnection, _ command: RedisCommand) async throws {
        let milliseconds = max(
            1,
            self.acknowledgement.timeout.components.seconds * 1000
                + self.acknowledgement.timeout.components.attoseconds / 1_000_000_000_000_000
        )
        let count = try await Int(
            resp: connection.send(
                RedisCommand("WAIT", self.acknowledgement.replicas, milliseconds),
                timeout: self.acknowledgement.timeout + self.client.configuration.commandTimeout
            )
        )
        guard count < self.acknowledgement.replicas else { return }
        throw RedisError(
            .notAcknowledged,
            message: "the primary has it, but only \(count) of \(self.acknowledgement.replicas) replicas in time",
            command: command.name
        )
    }
}
