import Larder
import LarderRedisClient
import NIOCore

extension RedisNamespace {
    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        if commits.isEmpty { return [] }
        let meeting = commits[0].lease.meeting
        guard commits.allSatisfy({ $0.lease.meeting == meeting }), let sender = self.sender(under: meeting) else {
            return try await self.refuse(commits)
        }
        let writings = try commits.map { try EntryWriting($0.write) }
        let written: [Bool]?
        do {
            written = try await self.unlessServerChanged {
                self.isApart
                    ? try await self.commitApart(commits, writings, on: sender)
                    : try await self.commitTogether(commits, writings, on: sender)
            }
        } catch let error as CacheError {
            // Some may have been written before others failed.
            guard self.isApart, self.lastServerChange != meeting else { throw error }
            return try await self.takeBack(commits)
        }
        guard let written else { return try await self.isApart ? self.takeBack(commits) : self.refuse(commits) }
        if self.isApart, self.lastServerChange != meeting { return try await self.takeBack(commits) }
        for (commit, isWritten) in zip(commits, written) where isWritten {
            let names = (commit.lease.marks + commit.marks).map(\.name)
            self.rememberedTags.remember(TagName.union([names, commit.lateTags]), of: commit.write.key)
        }
        return written
    }

    /// Writes nothing of commits whose leases were granted by a server that another has taken the place of.
    ///
    /// What the other remembers of the leases is ended, for those who wait.
    private func refuse(_ commits: [EntryCommit]) async throws -> [Bool] {
        try await self.release(commits.map(\.lease))
        return commits.map { _ in false }
    }

    /// Removes what was written while a server took the place of another.
    ///
    /// The entries lie on servers that stand where they stood, so nobody has refused them; what their generations were
    /// judged by may be forgotten. That is no invalidation which somebody waits for, so it waits for no replicas: who wants
    /// invalidations to be on replicas has a home that forgets none.
    private func takeBack(_ commits: [EntryCommit]) async throws -> [Bool] {
        let items = commits.map { EntryCall.Item(key: $0.write.key) }
        _ = try await self.flags(EntryCall(script: EntryScripts.remove, items: items))
        return commits.map { _ in false }
    }

    private func commitTogether(
        _ commits: [EntryCommit],
        _ writings: [EntryWriting],
        on sender: any RedisCommandSender
    ) async throws -> [Bool] {
        let items = try zip(commits, writings).map { commit, writing in
            let bound = [
                .bytes(commit.lease.bytes), try .marks(commit.lease.marks + commit.marks),
                try ScriptArgument.names(of: commit.lateTags),
            ]
            return EntryCall.Item(key: commit.write.key, arguments: bound + writing.arguments)
        }
        return try await self.flags(EntryCall(script: EntryScripts.commit, items: items, sender: sender))
    }

    func release(_ leases: [Lease]) async throws {
        let items = leases.map { EntryCall.Item(key: $0.key, arguments: [.bytes($0.token.bytes)]) }
        _ = try await self.flags(EntryCall(script: EntryScripts.release, items: items))
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        // The records of these tags are made where they are missing, which is no harm: the lease is void then.
        let milliseconds = max(1, duration.wholeNanoseconds / 1_000_000)
        let items = leases.map { lease in
            EntryCall.Item(
                key: lease.key,
                arguments: [.bytes(lease.bytes)],
                tags: lease.marks.map(\.name),
                milliseconds: milliseconds
            )
        }
        let shared = [ScriptArgument.integer(milliseconds)]
        let meeting = leases.first?.meeting ?? 0
        guard leases.allSatisfy({ $0.meeting == meeting }), let sender = self.sender(under: meeting) else {
            return leases.map { _ in false }
        }
        let renewed = try await self.unlessServerChanged {
            try await self.flags(
                EntryCall(
                    script: EntryScripts.renew,
                    shared: shared,
                    items: items,
                    sender: sender,
                    viewSender: sender
                )
            )
        }
        return renewed ?? leases.map { _ in false }
    }

    // MARK: Apart

    /// What has become of a commit's tags where the generations are.
    private struct Binding {
        /// The tags of the header, none for an entry without tags; `nil`, the commit is refused.
        var header: [UInt8]?
        /// Stamp and serial by which that was judged.
        var view: GenerationView
    }

    /// Commits in two steps: stamp and tags where the generations are, then each entry where that is.
    ///
    /// An entry without tags needs the first step as well. Written without it, it would be dead under an old stamp; but the
    /// home may be another server by then that has forgotten the new one, and only that server can say so.
    private func commitApart(
        _ commits: [EntryCommit],
        _ writings: [EntryWriting],
        on sender: any RedisCommandSender
    ) async throws -> [Bool] {
        var written = Array(repeating: false, count: commits.count)
        var pending = Array(commits.indices)
        for round in 1...Self.mostRounds {
            let bindings = try await self.bind(pending.map { commits[$0] }, writings, pending, on: sender)
            var requests: [RedisRequest<RESPValue>] = []
            for (place, binding) in zip(pending, bindings) {
                let commit = commits[place]
                // Somebody has looked at the lease again and again under later serials: he had better fill it himself.
                let header = round == Self.mostRounds && binding.header != [] ? nil : binding.header
                let arguments: [ScriptArgument] = [
                    .bytes(binding.view.bytes(tags: [], seen: [])), .bytes(commit.lease.bytes),
                    .bytes(header ?? []), .integer(header == nil ? 0 : 1),
                ]
                let names = try self.names(of: commit.write.key)
                requests.append(
                    EntryScripts.commit.apart.request(keys: names, arguments: arguments + writings[place].arguments)
                )
            }
            let answers = try await self.send(requests, on: sender)
            var unclear: [Int] = []
            for (place, answer) in zip(pending, answers) {
                if try Self.unclear(in: answer) != nil {
                    unclear.append(place)
                } else if case .array(let flags) = answer, flags.count == 1 {
                    written[place] = flags[0] == .integer(1)
                } else {
                    throw Self.unexpectedReply(to: "the commit script")
                }
            }
            if unclear.isEmpty { break }
            pending = unclear
        }
        return written
    }

    /// Keeps the records of the commits' tags for as long as their entries live, and judges the commits by them and by the
    /// stamp.
    private func bind(
        _ commits: [EntryCommit],
        _ writings: [EntryWriting],
        _ places: [Int],
        on sender: any RedisCommandSender
    ) async throws -> [Binding] {
        var arguments: [ScriptArgument] = [.random]
        var tagged: [Int] = []
        for (index, commit) in commits.enumerated() {
            let marks = commit.lease.marks + commit.marks
            if marks.isEmpty && commit.lateTags.isEmpty { continue }
            var granted = commit.lease.stamp.bytes
            granted.appendLittleEndian(commit.lease.serial)
            arguments += [
                .bytes(granted), try .marks(marks), try .names(of: commit.lateTags),
                .integer(writings[places[index]].milliseconds),
            ]
            tagged.append(index)
        }
        if tagged.isEmpty {
            let view = try await self.translatingErrors { try await self.generations.view(of: [], on: sender) }
            return commits.map { Binding(header: view.stamp == $0.lease.stamp ? [] : nil, view: view) }
        }
        let allArguments = arguments
        let reply = try await self.translatingErrors {
            try await self.generations.run(EntryScripts.bind, allArguments, on: sender)
        }
        if reply == .null {
            let view = GenerationView(stamp: nil, names: [], records: [])
            return commits.map { _ in Binding(header: nil, view: view) }
        }
        guard case .array(let answers) = reply, answers.count == tagged.count + 1,
            let stamp = StampRecord(reply: answers[0])
        else { throw Self.unexpectedReply(to: "the bind script") }
        let view = GenerationView(stamp: stamp.stamp, serial: stamp.serial, names: [], records: [])
        var bindings = commits.map { Binding(header: view.stamp == $0.lease.stamp ? [] : nil, view: view) }
        for (index, answer) in zip(tagged, answers.dropFirst()) {
            guard case .array(let parts) = answer else { throw Self.unexpectedReply(to: "the bind script") }
            bindings[index].header = nil
            if case .bulkString(let header)? = parts.first {
                bindings[index].header = header.withUnsafeReadableBytes { Array($0) }
            }
        }
        return bindings
    }
}
