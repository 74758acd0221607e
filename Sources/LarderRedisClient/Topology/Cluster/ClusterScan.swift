import Synchronization

extension ClusterServers {
    /// How long to wait before servers are asked again that contradict each other on who has a slot, in nanoseconds.
    private static let disputePause: UInt64 = 10_000_000

    /// Asks for one page of a scan over the keys of all primaries.
    ///
    /// The scan is at its end when all slots have stood still, or have gone one way only, while it was at the servers where
    /// their keys can be (`SlotPlaces`). So it sees every key that is there from its beginning to its end, whatever is moved
    /// meanwhile.
    ///
    /// - Returns: What a server answers to `SCAN`, with a cursor of the cluster.
    /// - Throws: `RedisError` with the code `.invalidCommand` for a cursor that is none of a cluster's, and with `.timedOut` if
    ///   slots never stood still.
    func scan(_ command: RedisCommand, _ terms: CallTerms, _ deadline: MonotonicTime) async throws -> RESPValue {
        var position = try command.scanPosition(at: self.name) { self.members.member(ifKnown: $0) != nil }
        if position.round == nil {
            try await self.surveySlots(by: deadline)
            position.begin(.all, changes: self.slotPlaces.withLock { $0.number })
        }
        while let index = try await self.advance(&position, deadline) {
            let page: RESPValue
            do {
                let route = ClusterRoute(.primary(UInt16(index)))
                let reply = try await self.send(command.scanning(from: position.cursor), route, terms, deadline)
                let cursor: String
                (cursor, page) = try ClusterScanPosition.page(reply)
                position.answered(cursor, on: self.itinerary(of: position))
            } catch let error as RedisError {
                // What it had is somewhere else, or cannot be found.
                do { try await self.surveySlots(by: deadline) } catch is RedisError { throw error }
                if self.itinerary(of: position).includes(index) { throw error }
                position.leave()
                continue
            }
            // Whether there is more to do, the next page would have to find out: there is no end in the middle.
            let next = try await self.advance(&position, deadline) == nil ? "0" : position.text
            return .array([.simpleString(next), page])
        }
        return ClusterScanPosition.end
    }

    /// Goes to the next server, in another round if slots have changed hands during this one.
    ///
    /// - Returns: The member to scan; nil at the end of the scan.
    private func advance(_ position: inout ClusterScanPosition, _ deadline: MonotonicTime) async throws -> Int? {
        while true {
            if let index = position.advance(on: self.itinerary(of: position)) { return index }
            guard let round = position.round else { return nil }
            try await self.surveySlots(by: deadline)
            let (open, changes) = self.slotPlaces.withLock {
                ($0.changed(among: round.slots, since: round.changes), $0.number)
            }
            if open.isEmpty { return nil }
            guard round.number < ClusterScanPosition.Round.most else {
                throw RedisError(
                    .timedOut,
                    message: "slots of the cluster changed hands for as long as the scan went on: keys may be missing",
                    server: self.name,
                    command: "SCAN"
                )
            }
            position.begin(open, changes: changes)
            // None of these slots has an owner, by what the servers say of themselves.
            if self.itinerary(of: position).owners.isEmpty { try await Task.sleep(nanoseconds: Self.disputePause) }
        }
    }

    private func itinerary(of position: ClusterScanPosition) -> ScanItinerary {
        guard let round = position.round else { return ScanItinerary() }
        return self.slotPlaces.withLock { $0.itinerary(of: round.slots, since: round.changes) }
    }

    // MARK: Surveys

    /// Asks all primaries which slots they have, and which are on their way.
    ///
    /// - Throws: `RedisError` if one of them cannot be asked by the deadline; `CancellationError`.
    func surveySlots(by deadline: MonotonicTime) async throws {
        try await self.untilFound(deadline) {
            let survey = self.surveys.wrappingAdd(1, ordering: .relaxed).newValue
            var views: [UInt16: ClusterNodesView] = [:]
            var numbers: [String: UInt16] = [:]
            var open = [try await self.place(ClusterRoute(.anyPrimary), deadline).member]
            while !open.isEmpty {
                for (member, view) in try await self.views(of: open, deadline) { views[member.index] = view }
                numbers = try self.numbers(in: views)
                open = Set(numbers.values).subtracting(views.keys).map { self.members[$0] }
            }
            let differs = self.slotPlaces.withLock { places in
                places.take(views, survey: survey) { numbers[$0] }
                return places.differs { self.table.load($0) }
            }
            if differs { self.doubtMap() }
        }
    }

    private func views(
        of members: [ClusterMember],
        _ deadline: MonotonicTime
    ) async throws -> [(ClusterMember, ClusterNodesView)] {
        try await withThrowingTaskGroup(of: (ClusterMember, ClusterNodesView).self) { group in
            for member in members {
                group.addTask {
                    let command = RedisCommand("CLUSTER", "NODES")
                    switch await member.primary.lane.execute(command, deadline: deadline) {
                    case .reply(let reply):
                        do throws(RedisError) {
                            return (member, try ClusterNodesView(nodes: reply))
                        } catch {
                            throw error.with(server: member.address.description, command: "CLUSTER")
                        }
                    case .failure(let error): throw error.with(command: "CLUSTER")
                    case .replies, .cancelled: throw CancellationError()
                    }
                }
            }
            var views: [(ClusterMember, ClusterNodesView)] = []
            for try await view in group { views.append(view) }
            return views
        }
    }

    /// Who may have keys: whoever has slots by anybody's account, and whoever is to get some.
    ///
    /// - Returns: The members by their ids.
    /// - Throws: `RedisError` if one of them has no address, or there are more than a cluster can have.
    private func numbers(in views: [UInt16: ClusterNodesView]) throws(RedisError) -> [String: UInt16] {
        var known = self.numbersByID
        // Who has been asked is who has answered, whatever the map says.
        for (index, view) in views { if let myself = view.myself { known[myself.id] = index } }
        var primaries: [String: ClusterNodesView.Primary] = [:]
        for view in views.values { for primary in view.primaries { primaries[primary.id] = primary } }
        // Servers may be told to go by their names; then those that the map names do.
        let goByNames = primaries.values.contains { primary in
            known[primary.id].map { self.members[$0].address.host == primary.name } ?? false
        }
        var numbers: [String: UInt16] = [:]
        for id in Set(views.values.flatMap(\.wantedIDs)) {
            if let number = known[id] {
                numbers[id] = number
                continue
            }
            guard let primary = primaries[id], primary.port > 0,
                let host = [goByNames ? primary.name : nil, primary.host].compactMap(\.self).first(where: {
                    !$0.isEmpty
                })
            else {
                throw RedisError(
                    .connectionFailed,
                    message: "nobody knows the address of a server that has slots of the cluster",
                    server: self.name,
                    command: "CLUSTER"
                )
            }
            guard let member = self.member(at: NodeAddress(host: host, port: primary.port), isFirst: false) else {
                if self.members.isSealed { throw self.shutdownError }
                throw RedisError(.unexpectedReply, message: "the cluster has too many servers", server: self.name)
            }
            numbers[id] = member.index
        }
        return numbers
    }
}
