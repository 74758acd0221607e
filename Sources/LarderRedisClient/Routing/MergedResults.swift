// Replies that servers gave to parts of a command, or to the same command, where some of them may have failed.

extension CommandSplit {
    /// Puts together what became of the parts.
    ///
    /// - Parameter results: For each part what became of it, in the order of `parts`; nil if nothing did.
    /// - Returns: What one server with all keys would have answered; the first failure, if there is one. Other parts may
    ///   have been executed all the same.
    func merge(_ results: [Result<RESPValue, RedisError>?]) -> Result<RESPValue, RedisError> {
        do throws(RedisError) {
            var replies: [RESPValue] = []
            for result in results {
                guard let result else {
                    throw RedisError(.unexpectedReply, message: "a part of a command got no reply")
                }
                replies.append(try result.get())
            }
            return .success(try self.merge(replies))
        } catch {
            return .failure(error)
        }
    }
}

extension ReplyMerge {
    /// Makes one result of those of several servers.
    ///
    /// - Parameters:
    ///   - results: What became of the command, in the order of the servers.
    ///   - command: The command.
    /// - Returns: The reply for the caller, or the first failure as the rule has it.
    func merge(
        _ results: [Result<RESPValue, RedisError>],
        of command: RedisCommand
    ) -> Result<RESPValue, RedisError> {
        do throws(RedisError) {
            if self == .oneSucceeded, let success = results.first(where: { (try? $0.get()) != nil }) {
                return success
            }
            var replies: [RESPValue] = []
            for result in results { replies.append(try result.get()) }
            return .success(try self.merge(replies))
        } catch {
            return .failure(error.with(command: command.name))
        }
    }
}

extension [Result<RESPValue, RedisError>] {
    /// The results of a pipeline's commands, unless nothing came of any of them: that is the pipeline's failure, as with one
    /// server.
    ///
    /// - Returns: The results.
    /// - Throws: `RedisError` if no command was answered, for no reason that a server gave.
    func unlessNothingWasAnswered() throws(RedisError) -> Self {
        let areFailures = self.allSatisfy {
            if case .failure(let error) = $0 { error.code.serverPrefix == nil } else { false }
        }
        guard areFailures, case .failure(let error)? = self.first else { return self }
        throw self.count == 1 ? error : error.of(command: "pipeline")
    }
}

extension RedisError {
    /// The same error of another command.
    func of(command: String) -> RedisError {
        RedisError(
            self.code,
            message: self.message,
            server: self.server,
            command: command,
            underlying: self.underlying
        )
    }
}
