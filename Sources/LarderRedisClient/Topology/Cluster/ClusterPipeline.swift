/// Commands that are sent together to the servers of a cluster.
///
/// They are taken apart by servers, all servers get theirs at the same time, and the replies are put together in the order
/// of the commands. What a server sends on or cannot execute now is sent again, alone and in order. Commands on keys of
/// one slot are executed in their order, unless the slot changes hands between two of them.
struct ClusterPipeline {
    /// What one server executes without anything in between: a command, or a transaction.
    private struct Unit {
        let commands: [RedisCommand]
        let origin: Origin
        var route: ClusterRoute
        /// What kept the last attempt from succeeding.
        var failure: RedisError?
    }

    /// What a unit is in the pipeline.
    private enum Origin {
        case command(Int)
        case transaction(Range<Int>)
        case part(Int, of: Int)
        case everywhere(Int, at: UInt16)
    }

    /// What goes to one server in one go.
    private struct Batch: Sendable {
        let place: ClusterPlace
        var commands: [RedisCommand] = []
        /// The units with the number of replies that come before each one's own.
        var units: [(unit: Int, skipped: Int)] = []
    }

    private let servers: ClusterServers
    private let deadline: MonotonicTime
    private let bound: UInt64
    private let terms: CallTerms
    private let commands: [RedisCommand]
    private var units: [Unit] = []
    /// The units that are to be sent, ascending.
    private var open: [Int] = []
    private var results: [Result<RESPValue, RedisError>?]
    private var splits: [Int: Split] = [:]
    private var broadcasts: [Int: Broadcast] = [:]
    private var scans: [Int] = []

    /// Makes the plan.
    ///
    /// - Throws: `RedisError` with the code `.invalidCommand` for a transaction on keys of several slots.
    init(
        _ commands: [RedisCommand],
        _ servers: ClusterServers,
        _ terms: CallTerms,
        _ deadline: MonotonicTime
    ) throws(RedisError) {
        self.servers = servers
        self.deadline = deadline
        self.bound = terms.bound
        self.terms = terms
        self.commands = commands
        self.results = Array(repeating: nil, count: commands.count)
        var transactions = try commands.transactionSpans()[...]
        // A read behind a write of the same pipeline has to see it.
        let onlyReads = transactions.isEmpty && commands.allSatisfy(\.isRepeatable)
        var index = 0
        while index < commands.count {
            if let span = transactions.first, span.commands.lowerBound == index {
                transactions.removeFirst()
                let target: ClusterRoute.Target = span.group.map { .slot($0) } ?? .anyPrimary
                self.add(Array(commands[span.commands]), .transaction(span.commands), target, .primary)
                index = span.commands.upperBound
            } else {
                let preference = onlyReads ? servers.preference(for: commands[index], terms) : .primary
                self.add(commands[index], index, preference)
                index += 1
            }
        }
    }

    private mutating func add(_ command: RedisCommand, _ index: Int, _ preference: RedisConfiguration.ReadPreference) {
        switch command.clusterRouting {
        case .slot(let slot): self.add([command], .command(index), .slot(slot), preference)
        case .anyNode: self.add([command], .command(index), .anyPrimary, .primary)
        case .scan: self.scans.append(index)
        case .allPrimaries(let merge):
            self.broadcasts[index] = Broadcast(command: command, merge: merge, includesReplicas: false)
        case .allNodes(let merge):
            self.broadcasts[index] = Broadcast(command: command, merge: merge, includesReplicas: true)
        case .split(let split):
            self.splits[index] = Split(parts: split, results: Array(repeating: nil, count: split.parts.count))
            for (number, part) in split.parts.enumerated() {
                self.add([part.command], .part(number, of: index), .slot(part.group), preference)
            }
        }
    }

    private mutating func add(
        _ commands: [RedisCommand],
        _ origin: Origin,
        _ target: ClusterRoute.Target,
        _ preference: RedisConfiguration.ReadPreference
    ) {
        self.open.append(self.units.count)
        self.units.append(Unit(commands: commands, origin: origin, route: ClusterRoute(target, preference: preference)))
    }

    // MARK: Running

    /// Sends everything, as often as the policy says.
    ///
    /// - Returns: For each command its reply or its error.
    /// - Throws: `RedisError` if no command was executed, and for no reason that a server gave; `CancellationError`.
    mutating func run() async throws -> [Result<RESPValue, RedisError>] {
        while true {
            try await self.broadcast()
            guard !self.open.isEmpty else { break }
            let (batches, unplaced) = try await self.batches()
            let outcomes = await self.exchange(batches)
            self.open = []
            var pause: Int64 = 0
            var refreshes = false
            func note(_ step: ClusterRoute.Step?) {
                guard case .again(let wait, let doubts)? = step else { return }
                pause = max(pause, wait)
                refreshes = refreshes || doubts
            }
            for (unit, error) in unplaced { note(self.take(.failed(error, isReplica: false), unit)) }
            for (batch, outcome) in zip(batches, outcomes) {
                for step in try self.take(outcome, batch) { note(step) }
            }
            self.sortOpen()
            guard let first = self.open.first, let error = self.units[first].failure else { continue }
            do {
                try await self.servers.pause(pause, refreshes: refreshes, after: error, self.deadline)
            } catch is RedisError {
                for unit in self.open { self.end(unit, with: self.units[unit].failure ?? error) }
                self.open = []
            }
        }
        for index in self.scans {
            do {
                self.results[index] = .success(
                    try await self.servers.scan(self.commands[index], self.terms, self.deadline)
                )
            } catch let error as RedisError {
                self.results[index] = .failure(error)
            }
        }
        return try self.assemble()
    }

    /// Adds units for the servers that a command for all of them has not been sent to.
    ///
    /// Also when it seemed done: a primary that has come meanwhile may hold what was another's. Where the primaries cannot be
    /// found any more, that is the failure of these commands alone: others may have been executed.
    private mutating func broadcast() async throws {
        guard self.broadcasts.values.contains(where: { $0.failure == nil }) else { return }
        let servers = self.servers
        let deadline = self.deadline
        let primaries: [ClusterMember]
        do {
            primaries = try await servers.untilFound(deadline) { try await servers.primaries(by: deadline) }
        } catch let error as RedisError {
            for index in self.broadcasts.keys { self.broadcasts[index]?.failure = error }
            return
        }
        for index in self.broadcasts.keys.sorted() {
            guard var broadcast = self.broadcasts[index], broadcast.pending == 0, broadcast.failure == nil else {
                continue
            }
            for member in primaries where broadcast.asked.insert(member.index).inserted {
                broadcast.pending += 1
                self.add([broadcast.command], .everywhere(index, at: member.index), .primary(member.index), .primary)
            }
            if broadcast.includesReplicas {
                for member in servers.knownReplicas where broadcast.asked.insert(member.index).inserted {
                    broadcast.pending += 1
                    self.add(
                        [broadcast.command],
                        .everywhere(index, at: member.index),
                        .replica(member.index),
                        .primary
                    )
                }
            }
            self.broadcasts[index] = broadcast
        }
        self.sortOpen()
    }

    /// Brings what is to be sent into the order of the commands, which servers keep.
    private mutating func sortOpen() {
        self.open = self.open.map { (unit: $0, position: self.position(of: $0)) }
            .sorted { $0.position < $1.position }
            .map(\.unit)
    }

    private func position(of unit: Int) -> (Int, Int) {
        switch self.units[unit].origin {
        case .command(let index), .part(_, let index), .everywhere(let index, _): (index, unit)
        case .transaction(let range): (range.lowerBound, unit)
        }
    }

    /// Puts together what goes to the same server.
    private func batches() async throws -> (batches: [Batch], unplaced: [(Int, RedisError)]) {
        var batches: [Batch] = []
        var unplaced: [(Int, RedisError)] = []
        var numbers: [ObjectIdentifier: Int] = [:]
        for unit in self.open {
            var place: ClusterPlace
            let route = self.units[unit].route
            do {
                place = try await self.servers.place(route, self.deadline)
            } catch let error as RedisError {
                unplaced.append((unit, error))
                continue
            }
            // What may go anywhere goes along.
            if route.target == .anyPrimary, route.destination == .target, let batch = batches.first {
                place = batch.place
            }
            let number: Int
            if let known = numbers[ObjectIdentifier(place.node)] {
                number = known
            } else {
                number = batches.count
                numbers[ObjectIdentifier(place.node)] = number
                batches.append(Batch(place: place))
            }
            if place.isAsking { batches[number].commands.append(RedisCommand("ASKING")) }
            batches[number].units.append((unit, place.isAsking ? 1 : 0))
            batches[number].commands += self.units[unit].commands
        }
        return (batches, unplaced)
    }

    private func exchange(_ batches: [Batch]) async -> [CommandOutcome] {
        let (deadline, bound) = (self.deadline, self.bound)
        guard batches.count > 1 else {
            guard let batch = batches.first else { return [] }
            return [await batch.place.node.lane.execute(pipeline: batch.commands, deadline: deadline, bound: bound)]
        }
        return await withTaskGroup(of: (Int, CommandOutcome).self) { group in
            for (number, batch) in batches.enumerated() {
                group.addTask {
                    let lane = batch.place.node.lane
                    return (number, await lane.execute(pipeline: batch.commands, deadline: deadline, bound: bound))
                }
            }
            var outcomes = [CommandOutcome](repeating: .cancelled, count: batches.count)
            for await (number, outcome) in group { outcomes[number] = outcome }
            return outcomes
        }
    }

    // MARK: Answers

    /// Takes what became of a batch.
    private mutating func take(_ outcome: CommandOutcome, _ batch: Batch) throws -> [ClusterRoute.Step?] {
        let place = batch.place
        switch outcome {
        case .cancelled, .reply:
            throw CancellationError()
        case .failure(let error):
            if place.isReplica { place.member.readiness.failed(at: .now) }
            return batch.units.map { self.take(.failed(error, isReplica: place.isReplica), $0.unit) }
        case .replies(let replies):
            var steps: [ClusterRoute.Step?] = []
            var position = 0
            for (unit, skipped) in batch.units {
                let first = position + skipped
                position = first + self.units[unit].commands.count
                guard position <= replies.count else { throw CancellationError() }
                let own = replies[first..<position]
                if let refusal = Self.refusal(in: own) {
                    let answer = ClusterAnswer.refused(refusal, at: place.member.address, isReplica: place.isReplica)
                    steps.append(self.take(answer, unit, own))
                } else {
                    self.end(unit, with: own, at: place)
                }
            }
            return steps
        }
    }

    /// The error for which a unit may have to be sent again.
    ///
    /// A transaction was not executed if its last command failed; the first error says why.
    private static func refusal(in replies: ArraySlice<RESPValue>) -> RedisServerError? {
        guard case .error(let last)? = replies.last else { return nil }
        for case .error(let error) in replies { return error }
        return last
    }

    /// Takes an answer that is no success; nil for one that was the last.
    private mutating func take(
        _ answer: ClusterAnswer,
        _ unit: Int,
        _ replies: ArraySlice<RESPValue>? = nil
    ) -> ClusterRoute.Step? {
        let isRepeatable = self.units[unit].commands.allSatisfy(\.isRepeatable)
        switch self.servers.judge(answer, &self.units[unit].route, isRepeatable: isRepeatable) {
        case .end(let error):
            if let replies, replies.count > 1 {
                self.end(unit, with: replies, at: nil)
            } else {
                self.end(unit, with: error)
            }
            return nil
        case .again(let pause, let refreshes):
            if self.isNeedless(unit) {
                self.drop(unit)
                return nil
            }
            self.units[unit].failure = answer.error(self.units[unit].commands[0].name)
            self.open.append(unit)
            return .again(after: pause, refreshes: refreshes)
        }
    }

    /// Whether the server that a command for all of them did not reach is none of them any more.
    private func isNeedless(_ unit: Int) -> Bool {
        guard case .everywhere(let index, let member) = self.units[unit].origin, !self.servers.isPrimary(member) else {
            return false
        }
        guard self.broadcasts[index]?.includesReplicas == true else { return true }
        return !self.servers.knownReplicas.contains { $0.index == member }
    }

    private mutating func drop(_ unit: Int) {
        guard case .everywhere(let index, _) = self.units[unit].origin else { return }
        self.broadcasts[index]?.pending -= 1
    }

    private mutating func end(_ unit: Int, with replies: ArraySlice<RESPValue>, at place: ClusterPlace?) {
        let server = place?.member.address.description ?? self.servers.name
        let results = zip(self.units[unit].commands, replies).map { $1.result(of: $0, at: server) }
        self.end(unit, with: results)
    }

    private mutating func end(_ unit: Int, with error: RedisError) {
        self.end(unit, with: self.units[unit].commands.map { .failure(error.with(command: $0.name)) })
    }

    private mutating func end(_ unit: Int, with results: [Result<RESPValue, RedisError>]) {
        switch self.units[unit].origin {
        case .command(let index):
            self.results[index] = results[0]
        case .transaction(let range):
            for (index, result) in zip(range, results) { self.results[index] = result }
        case .part(let number, let index):
            self.splits[index]?.results[number] = results[0]
        case .everywhere(let index, let member):
            self.broadcasts[index]?.pending -= 1
            self.broadcasts[index]?.results.append((member, results[0]))
        }
    }

    // MARK: Putting together

    private mutating func assemble() throws -> [Result<RESPValue, RedisError>] {
        for (index, split) in self.splits { self.results[index] = split.result }
        for (index, broadcast) in self.broadcasts { self.results[index] = broadcast.result }
        let missing = RedisError(.unexpectedReply, message: "a command of the pipeline got no reply")
        return try self.results.map { $0 ?? .failure(missing) }.unlessNothingWasAnswered()
    }
}
