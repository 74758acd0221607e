import Larder

/// Where what belongs to a namespace as a whole lies: the stamp, and the records of its tags, all on one server.
///
/// Each is an item of its own, changed by its number (CAS), so no step takes two of them at once. What makes up for that is their
/// order on one connection, which the server keeps: who reads takes the tags before the stamp, and who invalidates raises the serial
/// in the stamp before it writes the tags. See `docs/protocol.md`.
struct NamespaceHome: Sendable {
    let client: MemcachedClient
    let names: ItemNames

    /// How long a tag's record is kept that nobody reads, in seconds.
    private static let tagLifetime: Int64 = 90 * 86_400

    /// The server.
    var place: Int { self.client.ring.server(of: self.names.stamp) }

    private var link: ServerLink { self.client.links[self.place] }

    // MARK: Reading

    /// What reads the generations, for a batch to this server.
    ///
    /// - Parameter tags: The tags that are wanted, each once.
    /// - Returns: A request for each tag, and one for the stamp behind them.
    func requests(_ tags: [String]) -> [MetaRequest] {
        var requests: [MetaRequest] = []
        requests.reserveCapacity(tags.count + 1)
        if !tags.isEmpty {
            let expiry = self.tagExpiry
            for tag in tags {
                var request = MetaRequest.get(self.names.tag(tag), wants: " v c")
                // Reading puts off its end.
                request.expiry = expiry
                requests.append(request)
            }
        }
        requests.append(.get(self.names.stamp, wants: " v c"))
        return requests
    }

    private var tagExpiry: Int64 { ServerSecond.fit(self.link.clock.now / 1_000 &+ Self.tagLifetime) }

    /// What the answers to ``requests(_:)`` say.
    ///
    /// - Parameters:
    ///   - replies: The answers.
    ///   - tags: The tags.
    ///   - connection: The connection that they came on.
    /// - Returns: The view.
    /// - Throws: ``MemcachedError`` where the server refused one.
    func view(_ replies: ArraySlice<MetaReply>, _ tags: [String], on connection: UInt64) throws -> GenerationView {
        var view = GenerationView()
        view.connection = connection
        for (tag, reply) in zip(tags, replies) {
            if let error = reply.error(at: self.link.name) { throw error }
            view.note(TagItem(reply.value), version: reply.cas, of: tag)
        }
        guard let reply = replies.last, replies.count == tags.count + 1 else { return view }
        if let error = reply.error(at: self.link.name) { throw error }
        view.stampVersion = reply.cas
        if let item = StampItem(reply.value) {
            view.stamp = item.stamp
            view.serial = item.serial
            view.roster = item.roster
        }
        return view
    }

    /// Reads the generations.
    func read(_ tags: [String], _ deadline: MonotonicTime) async throws -> GenerationView {
        let answers = try await self.link.send(self.requests(tags), deadline: deadline)
        return try self.view(answers.replies[...], tags, on: answers.connection)
    }

    // MARK: Making what is missing

    /// Makes the stamp if there is none, and records of tags that have none.
    ///
    /// A record says which serial the namespace had when it was made. That is read after the record is there, and noted in it then, or
    /// an invalidation between the two would go unnoticed whose own record was lost: until it is noted, the record counts for late
    /// tags as if there were none.
    ///
    /// - Parameters:
    ///   - view: What was read.
    ///   - tags: The tags that the view has, or is to have.
    ///   - taken: Those of them that have to have records.
    ///   - deadline: When the call has to end.
    /// - Returns: A view with all of that, and the tags whose records were made.
    /// - Throws: ``MemcachedError``; `CacheError`; `CancellationError`.
    func complete(
        _ view: GenerationView,
        _ tags: [String],
        taking taken: [String],
        _ deadline: MonotonicTime
    ) async throws -> (view: GenerationView, made: Set<TagName>) {
        var view = view
        var made = Set<TagName>()
        var rounds = 0
        while true {
            guard let stamp = view.stamp else {
                view = try await self.makeStamp(view, tags, deadline)
                try Self.checkPatience(&rounds, deadline)
                continue
            }
            let missing = taken.filter { view.record(of: $0)?.item == nil }
            if missing.isEmpty { return (view, made) }
            try Self.checkPatience(&rounds, deadline)
            made.formUnion(missing.map { TagName($0) })
            if let made = try await self.make(missing, view, stamp, tags, deadline) {
                view = made
            } else {
                view = try await self.read(tags, deadline)
            }
        }
    }

    private func makeStamp(
        _ view: GenerationView,
        _ tags: [String],
        _ deadline: MonotonicTime
    ) async throws -> GenerationView {
        let item = StampItem(stamp: .random(), serial: 0)
        let request = Self.request(self.names.stamp, item.bytes, version: view.stampVersion, expiry: 0)
        let answers = try await self.sendUnlessChanged([request] + self.requests(tags), view.connection, deadline)
        guard let answers else { return try await self.read(tags, deadline) }
        if let error = answers.replies[0].error(at: self.link.name) { throw error }
        return try self.view(answers.replies.dropFirst(), tags, on: answers.connection)
    }

    /// - Returns: What there is then; `nil` where the connection has changed meanwhile.
    private func make(
        _ missing: [String],
        _ view: GenerationView,
        _ stamp: NamespaceStamp,
        _ tags: [String],
        _ deadline: MonotonicTime
    ) async throws -> GenerationView? {
        let items = missing.map { _ in TagItem.random(serial: TagItem.unknownSerial, namespace: stamp.generation) }
        let expiry = self.tagExpiry
        var requests = zip(missing, items).map { tag, item in
            var request = Self.request(
                self.names.tag(tag),
                item.bytes,
                version: view.record(of: tag)?.version ?? 0,
                expiry: expiry
            )
            request.flags = " c"
            return request
        }
        requests += self.requests([])
        guard let added = try await self.sendUnlessChanged(requests, view.connection, deadline) else { return nil }
        let after = try self.view(added.replies.suffix(1), [], on: added.connection)
        guard let current = after.stamp else { return nil }
        var notes: [MetaRequest] = []
        for (index, reply) in added.replies.dropLast().enumerated() {
            if let error = reply.error(at: self.link.name) { throw error }
            guard reply.status == .done, let version = reply.knownCAS else { continue }
            var item = items[index]
            item.serial = after.serial
            item.namespace = current.generation
            notes.append(.set(self.names.tag(missing[index]), item.bytes, cas: version, expiry: expiry))
        }
        let answers = try await self.sendUnlessChanged(notes + self.requests(tags), added.connection, deadline)
        guard let answers else { return nil }
        return try self.view(answers.replies.dropFirst(notes.count), tags, on: answers.connection)
    }

    // MARK: Invalidating

    /// Draws new generations for tags, and raises the serial.
    ///
    /// - Throws: ``MemcachedError``; `CacheError`; `CancellationError`.
    func invalidate(_ tags: [String], _ manner: TagInvalidation, _ deadline: MonotonicTime) async throws {
        var rest = tags
        var rounds = 0
        while !rest.isEmpty {
            var view = try await self.read(rest, deadline)
            view = try await self.complete(view, rest, taking: [], deadline).view
            guard let stamp = view.stamp else { continue }
            let serial = view.serial &+ 1
            var requests = [
                MetaRequest.set(
                    self.names.stamp,
                    StampItem(stamp: stamp, serial: serial, roster: view.roster).bytes,
                    cas: view.stampVersion
                )
            ]
            var written: [String] = []
            let expiry = self.tagExpiry
            for tag in rest {
                let found = view.record(of: tag)
                var item = TagItem.random(serial: serial, namespace: stamp.generation)
                if manner == .stale {
                    // Without a record nothing under it is alive.
                    guard let old = found?.item else { continue }
                    item.generation = old.generation
                }
                requests.append(
                    Self.request(self.names.tag(tag), item.bytes, version: found?.version ?? 0, expiry: expiry)
                )
                written.append(tag)
            }
            if let answers = try await self.sendUnlessChanged(requests, view.connection, deadline) {
                for reply in answers.replies {
                    if let error = reply.error(at: self.link.name) { throw error }
                }
                if answers.replies[0].status == .done {
                    rest = zip(written, answers.replies.dropFirst()).filter { $0.1.status != .done }.map(\.0)
                }
            }
            if !rest.isEmpty { try await Self.pause(&rounds, deadline) }
        }
    }

    /// Gives the namespace a new stamp, whatever it had.
    func clear(_ deadline: MonotonicTime) async throws {
        let item = StampItem(stamp: .random(), serial: 0)
        let answers = try await self.link.send([.set(self.names.stamp, item.bytes)], deadline: deadline)
        if let error = answers.replies[0].error(at: self.link.name) { throw error }
    }

    /// Gives the namespace a new fill epoch, which leaves every lease void.
    ///
    /// - Returns: The roster of servers.
    @discardableResult
    func raiseEpoch(_ deadline: MonotonicTime) async throws -> ServerRoster {
        try await self.revise(deadline) { _ in true }
    }

    /// Changes the roster of servers, and with it the fill epoch, which leaves every lease void.
    ///
    /// - Parameters:
    ///   - deadline: When the call has to end.
    ///   - change: Changes the roster as it was read; false, nothing is to be changed. May be asked several times.
    /// - Returns: The roster as it is then.
    /// - Throws: ``MemcachedError``; `CacheError` where others have been in the way for too long; `CancellationError`.
    func revise(
        _ deadline: MonotonicTime,
        _ change: (inout ServerRoster) -> Bool
    ) async throws -> ServerRoster {
        var rounds = 0
        while true {
            var view = try await self.read([], deadline)
            if view.stamp == nil { view = try await self.complete(view, [], taking: [], deadline).view }
            guard var stamp = view.stamp else { continue }
            var roster = view.roster
            guard change(&roster) else { return roster }
            stamp.epoch = NamespaceStamp.random().epoch
            let bytes = StampItem(stamp: stamp, serial: view.serial, roster: roster).bytes
            let request = MetaRequest.set(self.names.stamp, bytes, cas: view.stampVersion)
            let answers = try await self.sendUnlessChanged([request], view.connection, deadline)
            if let reply = answers?.replies.first {
                if let error = reply.error(at: self.link.name) { throw error }
                if reply.status == .done { return roster }
            }
            try await Self.pause(&rounds, deadline)
        }
    }

    // MARK: Steps

    /// A change that is made only if the item is as it was read: absent, or of a version.
    private static func request(_ name: String, _ bytes: [UInt8], version: UInt64, expiry: Int64) -> MetaRequest {
        version == 0
            ? .set(name, bytes, mode: .add, expiry: expiry) : .set(name, bytes, cas: version, expiry: expiry)
    }

    /// Sends what goes by versions that were read on a connection.
    ///
    /// - Returns: `nil` where that is gone: the server may have been started anew since, and count from the beginning.
    private func sendUnlessChanged(
        _ requests: [MetaRequest],
        _ connection: UInt64,
        _ deadline: MonotonicTime
    ) async throws -> ServerLink.Answers? {
        do {
            return try await self.link.send(requests, deadline: deadline, bound: connection)
        } catch let error as MemcachedError where error.code == .notSent {
            return nil
        }
    }

    /// - Throws: `CacheError` with `.unavailable` where others have been in the way for too long.
    static func checkPatience(_ rounds: inout Int, _ deadline: MonotonicTime) throws {
        try Task.checkCancellation()
        rounds += 1
        guard MonotonicTime.now < deadline else {
            throw CacheError(.unavailable, "an item was changed again and again by others")
        }
    }

    /// Steps aside for others who change the same.
    ///
    /// - Throws: `CacheError` with `.unavailable` where they have been in the way for too long; `CancellationError`.
    static func pause(_ rounds: inout Int, _ deadline: MonotonicTime) async throws {
        try Self.checkPatience(&rounds, deadline)
        if rounds < 2 { return }
        let longest = Int64(50) << Int64(min(rounds, 7))
        try await Task.sleep(for: .microseconds(Int64.random(in: 0...longest)))
    }
}
