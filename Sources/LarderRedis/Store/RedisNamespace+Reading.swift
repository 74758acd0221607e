import Larder
import LarderRedisClient
import Logging
import Synchronization

extension RedisNamespace {
    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        if keys.isEmpty { return [] }
        if let lease = options.lease { return try await self.readOrLease(keys, lease) }
        return try await self.translatingErrors {
            try await self.readPlainly(keys, options)
        }
    }

    // MARK: Without a lease

    /// What a read has found so far.
    private struct Findings {
        var lookups: [StoreLookup]
        /// Where dead entries stand.
        var dead: [Int] = []
        /// Where entries for ever stand that were not renewed today.
        var unrenewed: [Int] = []
        /// Where the entries stand of which not enough has been read.
        var unclear: [Int] = []
        /// The tags of those.
        var unknownTags: [[String]] = []

        init(count: Int) {
            self.lookups = Array(repeating: .absent(.none), count: count)
        }
    }

    private func readPlainly(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        let names = try keys.map { key in
            let name = self.keys.entry(key)
            // What cannot be written is refused here too, instead of missing for ever.
            if name.utf8.contains(UInt8(ascii: "}")) { _ = try self.keys.lease(of: name, key) }
            return name
        }
        let tags = self.rememberedTags.tags(of: keys, options.expectedTags)
        let wantsTimes = options.wantsTimes || self.hasMetGrace.load(ordering: .relaxed)
        if self.isApart {
            return try await self.readApart(
                keys,
                names,
                tags ?? options.expectedTags,
                wantsTimes: wantsTimes,
                isStrict: options.freshness == .strict
            )
        }
        var findings = Findings(count: keys.count)
        if let tags {
            try await self.readAtOnce(keys, names, tags, wantsTimes: wantsTimes, isStrict: true, &findings)
        } else {
            findings.unclear = Array(keys.indices)
        }
        if !findings.unclear.isEmpty { try await self.readByScript(keys, names, &findings) }
        let untended = findings.dead + findings.unrenewed
        _ = await self.tend(untended.map { keys[$0] }, renewsEntriesForever: true)
        return findings.lookups
    }

    /// Reads entries, the stamp and the records of tags with one `MGET`, but for what is remembered.
    ///
    /// On one server that shows all as they were at one moment; in a cluster, as they were at moments after the call
    /// has begun. Unless the read is strict, it leaves out what is remembered, and judges by that.
    private func readAtOnce(
        _ keys: [StoreKey],
        _ names: [String],
        _ tags: [String],
        wantsTimes: Bool,
        isStrict: Bool,
        _ findings: inout Findings
    ) async throws {
        let known = isStrict ? nil : self.generations.remembered(tags)
        let unknown = known.map { known in tags.filter { known.record(of: $0) == nil } } ?? tags
        let readsStamp = known?.stamp == nil
        let wait = self.generations.memory?.willRead(unknown, stamp: readsStamp)
        let tagNames = unknown.map(self.keys.tag)
        let size = (names + tagNames).reduce(self.keys.stamp.utf8.count + 8) { $0 + $1.utf8.count + 8 }
        var get = RedisCommand("MGET", reserving: size)
        for name in names { get.append(name) }
        if readsStamp { get.append(self.keys.stamp) }
        for name in tagNames { get.append(name) }
        var left: [Int64?] = []
        let reply: RESPValue
        if wantsTimes {
            // The times first: an entry that is replaced between the two then seems older than it is, never younger.
            let times = names.map { RedisCommand("PTTL", $0) }
            var replies = try await self.client.pipeline(times + [get])
            guard replies.count == names.count + 1 else { throw Self.unexpectedReply(to: "PTTL") }
            reply = try replies.removeLast().get()
            left = try replies.map { result in
                if case .integer(let milliseconds) = try result.get(), milliseconds >= 0 { milliseconds } else { nil }
            }
        } else {
            reply = try await self.client.send(get)
        }
        let others = keys.count + (readsStamp ? 1 : 0)
        guard case .array(let values) = reply, values.count == others + unknown.count else {
            throw Self.unexpectedReply(to: "MGET")
        }
        guard let stamp = known?.stamp ?? NamespaceStamp(reply: values[keys.count]) else { return }
        let records = values.dropFirst(others).map { TagRecord(reply: $0) }
        let view =
            known?.adding(stamp: stamp, unknown, records)
            ?? GenerationView(stamp: stamp, names: unknown, records: records)
        if let wait { self.generations.memory?.keep(wait, from: view) }
        for (index, key) in keys.enumerated() {
            switch EntryReading.read(values[index], stamp: stamp) {
            case .absent:
                continue
            case .dead:
                findings.dead.append(index)
            case .alive(_, let header) where header.lifetime.grace > .zero && !wantsTimes:
                // Whether it is fresh or in its grace, only its time can tell.
                self.hasMetGrace.store(true, ordering: .relaxed)
                findings.unclear.append(index)
                findings.unknownTags.append(header.marks.map(\.name))
            case .alive(let value, let header):
                var judgement = TagJudgement(of: header.marks, by: view)
                if judgement == .unknown, !isStrict, let known = self.generations.remembered(header.marks.map(\.name)) {
                    judgement = TagJudgement(of: header.marks, by: known)
                }
                switch judgement {
                case .unknown:
                    findings.unclear.append(index)
                    findings.unknownTags.append(header.marks.map(\.name))
                case .dead:
                    findings.dead.append(index)
                case .fresh, .stale:
                    let entry = EntryReading.entry(
                        value,
                        header,
                        millisecondsLeft: wantsTimes ? left[index] : nil,
                        isExpiredByTag: judgement == .stale
                    )
                    self.note(entry, at: index, key, &findings)
                }
            }
        }
    }

    /// Reads entries again and again until all of them are clear, which mostly is the first time.
    ///
    /// An entry that looks dead can be one that was written after the generations were read; whoever tends to it
    /// finds out.
    private func readApart(
        _ keys: [StoreKey],
        _ names: [String],
        _ tags: [String],
        wantsTimes: Bool,
        isStrict: Bool
    ) async throws -> [StoreLookup] {
        var lookups = Findings(count: keys.count).lookups
        var places = Array(keys.indices)
        var tags = tags
        var wantsTimes = wantsTimes
        var isStrict = isStrict
        for _ in 0..<Self.mostRounds {
            var findings = Findings(count: places.count)
            let (someKeys, someNames) = (places.map { keys[$0] }, places.map { names[$0] })
            try await self.readAtOnce(
                someKeys,
                someNames,
                tags,
                wantsTimes: wantsTimes,
                isStrict: isStrict,
                &findings
            )
            for (place, lookup) in zip(places, findings.lookups) { lookups[place] = lookup }
            for (index, tags) in zip(findings.unclear, findings.unknownTags) {
                self.rememberedTags.remember(tags, of: someKeys[index])
            }
            _ = await self.tend(findings.unrenewed.map { someKeys[$0] }, renewsEntriesForever: true)
            let areFresh = await self.tend(findings.dead.map { someKeys[$0] }, renewsEntriesForever: false)
            let alive = zip(findings.dead, areFresh).filter(\.1).map(\.0)
            if findings.unclear.isEmpty && alive.isEmpty { break }
            wantsTimes = wantsTimes || !findings.unclear.isEmpty
            // What is remembered may be older than an entry that looked dead by it.
            isStrict = isStrict || !alive.isEmpty
            let others = alive.map { self.rememberedTags.tags(of: [someKeys[$0]], []) ?? [] }
            tags = TagName.union([tags] + findings.unknownTags + others)
            places = (findings.unclear + alive).map { places[$0] }
        }
        // One that has changed each time that it was looked at is absent: to miss is never wrong.
        return lookups
    }

    /// Reads those entries that are unclear with the check of whatever tags they have.
    private func readByScript(_ keys: [StoreKey], _ names: [String], _ findings: inout Findings) async throws {
        let reply = try await EntryScripts.read.run(
            keys: self.keys.home + findings.unclear.map { names[$0] },
            arguments: [ScriptArgument.random],
            on: self.client,
            as: RESPValue.self
        )
        guard case .array(let answers) = reply, answers.count == findings.unclear.count else {
            throw Self.unexpectedReply(to: "the read script")
        }
        for (index, answer) in zip(findings.unclear, answers) {
            guard case .array(let parts) = answer else { continue }
            guard let found = try self.entry(parts[...], script: "the read script") else { continue }
            // What was read at once needs no remembering: its tags were known.
            self.rememberedTags.remember(found.marks.map(\.name), of: keys[index])
            self.note(found, at: index, keys[index], &findings)
        }
    }

    /// An entry as a script hands it out: its bytes, its milliseconds left, and 1 if a tag was expired.
    ///
    /// - Returns: `nil` where the script took it for an entry and we cannot read it: a newer program wrote it.
    private func entry(_ parts: ArraySlice<RESPValue>, script: String) throws -> StoredEntry? {
        let parts = Array(parts)
        guard parts.count == 3, case .integer(let milliseconds) = parts[1], case .integer(let expired) = parts[2] else {
            throw Self.unexpectedReply(to: script)
        }
        guard case .alive(let value, let header) = EntryReading.read(parts[0], stamp: nil) else { return nil }
        return EntryReading.entry(value, header, millisecondsLeft: milliseconds, isExpiredByTag: expired == 1)
    }

    private func note(_ entry: StoredEntry, at index: Int, _ key: StoreKey, _ findings: inout Findings) {
        if entry.freshFor == nil, !entry.isExpiredByTag, self.renewed.value(forKey: key) == nil {
            findings.unrenewed.append(index)
        }
        findings.lookups[index] = .found(entry)
    }

    /// Removes those of the entries that are dead and puts off the end of those for ever, all in one call.
    ///
    /// - Returns: Which of them are fresh; nothing where Redis could not be used.
    private func tend(_ keys: [StoreKey], renewsEntriesForever: Bool) async -> [Bool] {
        if keys.isEmpty { return [] }
        do {
            let areFresh = try await self.survey(keys, renewsEntriesForever: renewsEntriesForever)
            if renewsEntriesForever {
                for (key, isFresh) in zip(keys, areFresh) where isFresh {
                    self.renewed.insert(true, forKey: key, ttl: Self.renewalInterval)
                }
            }
            return areFresh
        } catch {
            // The values have been read, which is what the caller wanted; the next reader tends to the entries.
            self.logger.debug("Entries could not be tended to", metadata: ["larder.error": "\(error)"])
            return []
        }
    }

    /// Says for each key whether its entry is fresh; see ``EntryScripts/survey``.
    func survey(_ keys: [StoreKey], renewsEntriesForever: Bool) async throws -> [Bool] {
        let milliseconds = renewsEntriesForever ? Int64(clamping: Self.foreverMilliseconds) : 0
        var call = EntryCall(
            script: EntryScripts.survey,
            shared: [.integer(milliseconds)],
            items: keys.map { .init(key: $0) }
        )
        if renewsEntriesForever { call.keepsTagsFor = milliseconds }
        return try await self.flags(call)
    }

    // MARK: With a lease

    private func readOrLease(_ keys: [StoreKey], _ lease: LeaseRequest) async throws -> [StoreLookup] {
        let shared: [ScriptArgument] = [
            .bytes(lease.token.bytes),
            .milliseconds(lease.duration),
            .integer(lease.replacesEntry ? 1 : 0),
            try .names(of: lease.tags),
        ]
        let milliseconds = max(1, lease.duration.wholeNanoseconds / 1_000_000)
        let items = keys.map { EntryCall.Item(key: $0, tags: lease.tags, milliseconds: milliseconds) }
        var lookups: [StoreLookup] = []
        // A lease counts from before it was asked for, what is shown of another's from after: so both err to the safe side
        // if the server changes meanwhile.
        let meeting = self.lastServerChange
        for reply in try await self.run(EntryCall(script: EntryScripts.lease, shared: shared, items: items)) {
            guard case .array(let answers) = reply, lookups.count + answers.count - 2 <= keys.count,
                answers.count > 2, let stamp = StampRecord(reply: answers[0]), let marks = answers[1].marks
            else { throw Self.unexpectedReply(to: Self.leaseScript) }
            for answer in answers.dropFirst(2) {
                lookups.append(try self.lookup(answer, of: keys[lookups.count], lease, stamp, marks, meeting))
            }
        }
        guard lookups.count == keys.count else { throw Self.unexpectedReply(to: Self.leaseScript) }
        return lookups
    }

    private static let leaseScript = "the lease script"

    /// What the lease script says of one entry.
    private func lookup(
        _ answer: RESPValue,
        of key: StoreKey,
        _ request: LeaseRequest,
        _ stamp: StampRecord,
        _ marks: [TagMark],
        _ meeting: UInt64
    ) throws -> StoreLookup {
        guard case .array(let parts) = answer, case .integer(let kind) = parts.first else {
            throw Self.unexpectedReply(to: Self.leaseScript)
        }
        switch (kind, parts.count) {
        case (0, 1):
            var lease = Lease(
                key: key,
                token: request.token,
                stamp: stamp.stamp,
                serial: stamp.serial,
                marks: marks
            )
            lease.meeting = meeting
            return .absent(.granted(lease))
        case (1, 4):
            guard let entry = try self.entry(parts.dropFirst(), script: Self.leaseScript) else {
                return .found(.unreadable)
            }
            self.rememberedTags.remember(entry.marks.map(\.name), of: key)
            return .found(entry)
        case (2, 3):
            guard let token = LeaseToken(reply: parts[1]), case .integer(let milliseconds) = parts[2] else {
                throw Self.unexpectedReply(to: Self.leaseScript)
            }
            let left = Duration.milliseconds(max(0, milliseconds))
            var holder = LeaseHolder(token: token, timeLeft: left, serial: stamp.serial)
            holder.meeting = self.lastServerChange
            return .absent(.held(holder))
        default:
            throw Self.unexpectedReply(to: Self.leaseScript)
        }
    }
}

/// What the tags of an entry make of it.
private enum TagJudgement {
    /// All are as they were, one was expired, one was invalidated or lost.
    case fresh
    case stale
    case dead
    /// The record of one was not read.
    case unknown

    /// - Parameters:
    ///   - marks: The entry's tags.
    ///   - view: What was read.
    init(of marks: [TagMark], by view: GenerationView) {
        self = .fresh
        for mark in marks {
            guard let known = view.record(of: mark.name) else {
                self = .unknown
                return
            }
            guard let record = known, record.generation == mark.generation else {
                self = .dead
                return
            }
            if record.freshness != mark.freshness { self = .stale }
        }
    }
}
