extension ClusterPipeline {
    /// A command whose keys lie in several slots.
    struct Split {
        let parts: CommandSplit
        var results: [Result<RESPValue, RedisError>?]
    }

    /// A command that goes to all primaries, or to all servers.
    struct Broadcast {
        let command: RedisCommand
        let merge: ReplyMerge
        let includesReplicas: Bool
        /// The members that were asked.
        var asked: Set<UInt16> = []
        var pending = 0
        /// Why it is not known to whom else the command belongs.
        var failure: RedisError?
        var results: [(member: UInt16, result: Result<RESPValue, RedisError>)] = []
    }
}

extension ClusterPipeline.Split {
    var result: Result<RESPValue, RedisError> {
        self.parts.merge(self.results)
    }
}

extension ClusterPipeline.Broadcast {
    var result: Result<RESPValue, RedisError> {
        guard let failure else {
            return self.merge.merge(self.results.sorted { $0.member < $1.member }.map(\.result), of: self.command)
        }
        if self.asked.isEmpty { return .failure(failure.with(command: self.command.name)) }
        let reason = "\(failure.message); servers that were asked before have executed the command"
        return .failure(
            RedisError(
                failure.code,
                message: reason,
                server: failure.server,
                command: self.command.name,
                underlying: failure
            )
        )
    }
}
