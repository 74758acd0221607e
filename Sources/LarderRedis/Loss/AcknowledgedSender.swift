import Larder
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

    /// Writes a mark beside the command's keys, and waits until replicas have that.
    ///
    /// `WAIT` waits for what its connection wrote last (since Redis 7.2; before, for all that the server had written by
    /// the connection's last command). A removal that found nothing has written nothing: somebody else has removed the entry,
    /// and that may be on its way to the replicas yet. What is written now comes to them after it.
    private func awaitReplicas(on connection: RedisConnection, _ command: RedisCommand) async throws {
        let timeout = self.acknowledgement.timeout
        let milliseconds = max(1, timeout.wholeNanoseconds / 1_000_000)
        if let key = command.firstKey {
            let mark = RedisCommand("SET", Self.mark(beside: key), "", "PX", Self.markMilliseconds)
            do {
                _ = try await connection.send(mark)
            } catch let error as RedisError where error.code.serverPrefix != nil {
                throw self.notAcknowledged(command, "nothing could be written for replicas to wait for", error)
            }
        }
        let count = try await Int(
            resp: connection.send(
                RedisCommand("WAIT", self.acknowledgement.replicas, milliseconds),
                timeout: timeout + self.client.configuration.commandTimeout
            )
        )
        guard count < self.acknowledgement.replicas else { return }
        throw self.notAcknowledged(command, "only \(count) of \(self.acknowledgement.replicas) replicas in time")
    }

    private func notAcknowledged(
        _ command: RedisCommand,
        _ reason: String,
        _ underlying: RedisError? = nil
    ) -> RedisError {
        RedisError(
            .notAcknowledged,
            message: "the primary has it, but \(reason)",
            command: command.name,
            underlying: underlying
        )
    }

    /// How long a mark lives: nobody ever reads it.
    private static let markMilliseconds = 10_000

    /// The name of the key that is written for `WAIT` to wait for.
    ///
    /// It lies in the slot of the command's key and begins as a lease there does, so whoever may use leases may write it. It
    /// is nothing else's name: a key that ends like a lease is refused, so there is no lease of one.
    ///
    /// - Parameter key: The first key of the command, an entry's or one of the namespace's home.
    /// - Returns: The name.
    static func mark(beside key: String) -> String {
        (EntryKeys.hasHashTag(key) ? key : "{\(key)}") + ":lease:lease"
    }
}
