/// What became of an attempt to have a command executed.
enum ClusterAnswer: Sendable {
    case reply(RESPValue)
    /// The server that was asked has answered with an error.
    case refused(RedisServerError, at: NodeAddress, isReplica: Bool)
    /// The server that was asked has not answered, or none was found.
    case failed(RedisError, isReplica: Bool)
}

/// The server that an attempt goes to.
struct ClusterPlace: Sendable {
    let node: RedisNode
    let member: ClusterMember
    /// Whether the server has to be told that it does not own the slot yet.
    var isAsking = false
    var isReplica = false
    /// Whether the time that it takes is to be noted, for reads from the nearest.
    var isTimed = false
}

extension ClusterServers {
    /// Goes on with a command whose first attempt failed.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - outcome: What became of it.
    ///   - index: The server that was asked.
    ///   - terms: What the caller asks for.
    ///   - deadline: When the call has to end.
    /// - Returns: The reply, which is never an error.
    /// - Throws: `RedisError`; `CancellationError`.
    func goOn(
        _ command: RedisCommand,
        after outcome: CommandOutcome,
        at index: UInt16,
        _ terms: CallTerms,
        _ deadline: MonotonicTime
    ) async throws -> RESPValue {
        guard let slot = command.soleKeySlot else { return try await self.send(command, terms) }
        let answer = try self.answer(
            outcome,
            at: ClusterPlace(node: self.members[index].primary, member: self.members[index])
        )
        return try await self.send(command, ClusterRoute(.slot(slot)), terms, deadline, after: answer)
    }

    // MARK: Every path

    /// Sends a command where it belongs.
    func send(_ command: RedisCommand, _ terms: CallTerms) async throws -> RESPValue {
        let deadline = MonotonicTime.deadline(after: terms.timeout)
        self.noteUse(at: deadline.nanoseconds &- terms.timeout)
        switch command.clusterRouting {
        case .slot(let slot):
            let route = ClusterRoute(.slot(slot), preference: self.preference(for: command, terms))
            return try await self.send(command, route, terms, deadline)
        case .anyNode:
            return try await self.send(command, ClusterRoute(.anyPrimary), terms, deadline)
        case .scan:
            return try await self.scan(command, terms, deadline)
        case .split, .allPrimaries, .allNodes:
            var pipeline = try ClusterPipeline([command], self, terms, deadline)
            return try await pipeline.run()[0].get()
        }
    }

    /// Sends commands where they belong.
    func pipeline(_ commands: [RedisCommand], _ terms: CallTerms) async throws -> [Result<RESPValue, RedisError>] {
        let deadline = MonotonicTime.deadline(after: terms.timeout)
        self.noteUse(at: deadline.nanoseconds &- terms.timeout)
        var pipeline = try ClusterPipeline(commands, self, terms, deadline)
        return try await pipeline.run()
    }

    /// Sends a command on a route until it has been executed or the policy says that it is not to be sent again.
    func send(
        _ command: RedisCommand,
        _ route: ClusterRoute,
        _ terms: CallTerms,
        _ deadline: MonotonicTime,
        after first: ClusterAnswer? = nil
    ) async throws -> RESPValue {
        var route = route
        var answer: ClusterAnswer
        if let first { answer = first } else { answer = try await self.attempt(command, route, terms, deadline) }
        while true {
            if case .reply(let reply) = answer { return reply }
            switch self.judge(answer, &route, isRepeatable: command.isRepeatable) {
            case .end(let error): throw error.with(command: command.name)
            case .again(let pause, let refreshes):
                try await self.pause(pause, refreshes: refreshes, after: answer.error(command.name), deadline)
            }
            answer = try await self.attempt(command, route, terms, deadline)
        }
    }

    private func attempt(
        _ command: RedisCommand,
        _ route: ClusterRoute,
        _ terms: CallTerms,
        _ deadline: MonotonicTime
    ) async throws -> ClusterAnswer {
        let place: ClusterPlace
        do {
            place = try await self.place(route, deadline)
        } catch let error as RedisError {
            return .failed(error, isReplica: false)
        }
        let start = place.isTimed ? MonotonicTime.now.nanoseconds : 0
        let outcome =
            if place.isAsking {
                await place.node.lane.execute(
                    pipeline: [RedisCommand("ASKING"), command],
                    deadline: deadline,
                    bound: terms.bound
                )
            } else {
                await place.node.lane.execute(command, deadline: deadline, bound: terms.bound)
            }
        let answer = try self.answer(outcome, at: place)
        if place.isTimed, case .reply = answer {
            place.member.readiness.answered(after: MonotonicTime.now.nanoseconds - start)
        }
        return answer
    }

    private func answer(_ outcome: CommandOutcome, at place: ClusterPlace) throws -> ClusterAnswer {
        let reply: RESPValue
        switch outcome {
        case .reply(let single): reply = single
        case .replies(let replies):
            guard let last = replies.last else { throw CancellationError() }
            reply = last
        case .failure(let error):
            if place.isReplica { place.member.readiness.failed(at: .now) }
            return .failed(error, isReplica: place.isReplica)
        case .cancelled:
            throw CancellationError()
        }
        guard case .error(let error) = reply else { return .reply(reply) }
        return .refused(error, at: place.member.address, isReplica: place.isReplica)
    }

    // MARK: Steps

    /// Finds the server for the next attempt.
    ///
    /// - Throws: `RedisError` if none is known by the deadline.
    func place(_ route: ClusterRoute, _ deadline: MonotonicTime) async throws -> ClusterPlace {
        if let place = self.knownPlace(route) { return place }
        if self.members.isSealed { throw self.shutdownError }
        switch route.target {
        case .slot(let slot):
            let member = try await self.owner(of: slot, by: deadline)
            return ClusterPlace(node: member.primary, member: member)
        case .anyPrimary, .primary, .replica:
            let members = try await self.primaries(by: deadline)
            guard let member = members.randomElement() else { throw self.shutdownError }
            return ClusterPlace(node: member.primary, member: member)
        }
    }

    private func knownPlace(_ route: ClusterRoute) -> ClusterPlace? {
        switch route.destination {
        case .member(let index):
            return ClusterPlace(node: self.members[index].primary, member: self.members[index])
        case .asking(let index):
            return ClusterPlace(node: self.members[index].primary, member: self.members[index], isAsking: true)
        case .target:
            break
        }
        switch route.target {
        case .slot(let slot):
            guard let index = self.table.load(slot) else { return nil }
            if route.preference != .primary { return self.reader(of: index, route.preference) }
            return ClusterPlace(node: self.members[index].primary, member: self.members[index])
        case .anyPrimary:
            return self.knownPrimaries.randomElement().map { ClusterPlace(node: $0.primary, member: $0) }
        case .primary(let index):
            return ClusterPlace(node: self.members[index].primary, member: self.members[index])
        case .replica(let index):
            return ClusterPlace(node: self.members[index].replica, member: self.members[index])
        }
    }

    /// Decides what follows from an answer that is no reply, and learns from it.
    func judge(_ answer: ClusterAnswer, _ route: inout ClusterRoute, isRepeatable: Bool) -> ClusterRoute.Step {
        switch answer {
        case .reply:
            preconditionFailure("a reply needs no judgement")
        case .refused(let error, let address, let isReplica):
            let failure = RedisError(error).with(server: address.description)
            if let redirection = Redirection(error, askedHost: address.host) {
                return route.redirected(redirection.kind, to: self.note(redirection), failure)
            }
            return route.failed(failure, atReplica: isReplica, self.retries, isRepeatable: isRepeatable)
        case .failed(let error, let isReplica):
            // A server that hangs is replaced by the others after a while.
            if error.code == .timedOut { self.doubtMap() }
            return route.failed(error, atReplica: isReplica, self.retries, isRepeatable: isRepeatable)
        }
    }

    /// Waits before the next attempt.
    ///
    /// - Throws: `error` if that would come too late; `CancellationError`.
    func pause(_ pause: Int64, refreshes: Bool, after error: RedisError, _ deadline: MonotonicTime) async throws {
        if refreshes { self.doubtMap() }
        guard MonotonicTime.now.advanced(by: pause) < deadline else { throw error }
        if pause > 0 { try await Task.sleep(nanoseconds: UInt64(pause)) }
    }

    /// The node whose connections are lent.
    func lender(for key: String?) async throws -> RedisNode {
        let deadline = MonotonicTime.deadline(after: self.configuration.commandTimeout.wholeNanoseconds)
        let route = ClusterRoute(key.map { .slot(KeySlot.slot(of: $0)) } ?? .anyPrimary)
        return try await self.untilFound(deadline) { try await self.place(route, deadline).node }
    }

    /// Looks for a server again and again until one is found, as the policy says.
    ///
    /// - Throws: `RedisError`, with what failed last if the time is up.
    func untilFound<Found>(_ deadline: MonotonicTime, _ find: () async throws -> Found) async throws -> Found {
        var route = ClusterRoute(.anyPrimary)
        while true {
            do {
                return try await find()
            } catch let error as RedisError {
                switch route.failed(error, self.retries, isRepeatable: true) {
                case .end(let error): throw error
                case .again(let pause, let refreshes):
                    try await self.pause(pause, refreshes: refreshes, after: error, deadline)
                }
            }
        }
    }
}

extension ClusterAnswer {
    /// The answer as an error of a command's.
    func error(_ command: String) -> RedisError {
        switch self {
        case .reply: RedisError(.unexpectedReply, message: "the reply came after all", command: command)
        case .refused(let error, let address, _):
            RedisError(error).with(server: address.description, command: command)
        case .failed(let error, _): error.with(command: command)
        }
    }
}

extension RedisCommand {
    /// The slot of the first argument, if that is the command's only key by the command's name alone.
    @inline(__always)
    var soleKeySlot: Int? {
        self.body.withUnsafeBytes { bytes in
            var elements = CommandElements(bytes)
            guard let name = elements.next(), CommandKeyTable.shape(of: name) == .first, let key = elements.next()
            else {
                return nil
            }
            return KeySlot.slot(of: key)
        }
    }
}
