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
        var results: [(member: UInt16, result: Result<RESPValue, RedisError>)] = []
    }
}

extension ClusterPipeline.Split {
    var result: Result<RESPValue, RedisError> {
        do throws(RedisError) {
            var replies: [RESPValue] = []
            for result in self.results {
                guard let result else {
                    throw RedisError(.unexpectedReply, message: "a part of a command got no reply")
                }
                replies.append(try result.get())
            }
            return .success(try self.parts.merge(replies))
        } catch {
            return .failure(error)
        }
    }
}

extension ClusterPipeline.Broadcast {
    var result: Result<RESPValue, RedisError> {
        do throws(RedisError) {
            let ordered = self.results.sorted { $0.member < $1.member }.map(\.result)
            if self.merge == .oneSucceeded, let success = ordered.first(where: { (try? $0.get()) != nil }) {
                return success
            }
            var replies: [RESPValue] = []
            for result in ordered { replies.append(try result.get()) }
            return .success(try self.merge.merge(replies))
        } catch {
            return .failure(error.with(command: self.command.name))
        }
    }
}
