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
        /// Keys whose entries are dead, or for ever and not renewed today.
        var untended: [StoreKey] = []
        /// Where the entries stand of which not enough has been read.
        var unclear: [Int] = []

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
        var findings = Findings(count: keys.count)
        if let tags = self.rememberedTags.tags(of: keys, options.expectedTags) {
            let wantsTimes = options.wantsTimes || self.hasMetGrace.load(ordering: .relaxed)
            try await self.readAtOnce(keys, names, tags, wantsTimes: wantsTimes, &findings)
        } else {
            findings.unclear = Array(keys.indices)
        }
        if !findings.unclear.isEmpty { try await self.readByScript(keys, names, &findings) }
        if !findings.untended.isEmpty { await self.tend(findings.untended) }
        return findings.lookups
    }

    /// Reads entries, the stamp and the records of tags with one `MGET`, so all as they were at one moment.
    private func readAtOnce(
        _ keys: [StoreKey],
        _ names: [String],
        _ tags: [String],
        wantsTimes: Bool,
        _ findings: inout Findings
    ) async throws {
        let tagNames = tags.map(self.keys.tag)
        let size = (names + tagNames).reduce(self.keys.stamp.utf8.count + 8) { $0 + $1.utf8.count + 8 }
        var get = RedisCommand("MGET", reserving: size)
        for name in names { get.append(name) }
        get.append(self.keys.stamp)
        for name in tagNames { get.append(name) }
        var left: [Int64?] = []
        let reply: RESPValue
        if wantsTimes {
            // The times first: an entry that is replaced between the two then seems older than it is, never younger.
            let times = names.map { RedisCommand("PTTL", $0) }
            var replies = try await self.client.pipeline(times + [get])
            reply = try replies.removeLast().get()
            left = try replies.map { result in
                if case .integer(let milliseconds) = try result.get(), milliseconds >= 0 { milliseconds } else { nil }
            }
        } else {
            reply = try await self.client.send(get)
        }
        guard case .array(let values) = reply, values.count == keys.count + 1 + tags.count else {
            throw Self.unexpectedReply(to: "MGET")
        }
        guard let stamp = StampRecord(reply: values[keys.count])?.stamp else { return }
        let records = TagRecords(tags, values.dropFirst(keys.count + 1))
        for (index, key) in keys.enumerated() {
            switch EntryReading.read(values[index], stamp: stamp) {
            case .absent:
                continue
            case .dead:
                findings.untended.append(key)
            case .alive(_, let header) where header.lifetime.grace > .zero && !wantsTimes:
                // Whether it is fresh or in its grace, only its time can tell.
                self.hasMetGrace.store(true, ordering: .relaxed)
                findings.unclear.append(index)
            case .alive(let value, let header):
                let judgement = TagJudgement(of: header.marks, by: records)
                switch judgement {
                case .unknown:
                    findings.unclear.append(index)
                case .dead:
                    findings.untended.append(key)
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

    /// Reads those entries that are unclear with the check of whatever tags they have.
    private func readByScript(_ keys: [StoreKey], _ names: [String], _ findings: inout Findings) async throws {
        let reply = try await EntryScripts.read.run(
            keys: [self.keys.stamp] + findings.unclear.map { names[$0] },
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
            findings.untended.append(key)
        }
        findings.lookups[index] = .found(entry)
    }

    /// Removes those of the entries that are dead and puts off the end of those for ever, all in one round trip.
    private func tend(_ keys: [StoreKey]) async {
        do {
            let areFresh = try await self.survey(keys, renewsEntriesForever: true)
            for (key, isFresh) in zip(keys, areFresh) where isFresh {
                self.renewed.insert(true, forKey: key, ttl: Self.renewalInterval)
            }
        } catch {
            // The values have been read, which is what the caller wanted; the next reader tends to the entries.
            self.logger.debug("Entries could not be tended to", metadata: ["larder.error": "\(error)"])
        }
    }

    /// Says for each key whether its entry is fresh; see ``EntryScripts/survey``.
    func survey(_ keys: [StoreKey], renewsEntriesForever: Bool) async throws -> [Bool] {
        let milliseconds = renewsEntriesForever ? Self.foreverMilliseconds : 0
        return try await self.flags(
            EntryScripts.survey,
            on: keys,
            [.random, .integer(Int64(clamping: milliseconds))]
        )
    }

    // MARK: With a lease

    private func readOrLease(_ keys: [StoreKey], _ lease: LeaseRequest) async throws -> [StoreLookup] {
        let arguments: [ScriptArgument] = [
            .random,
            .bytes(lease.token.bytes),
            .milliseconds(lease.duration),
            .integer(lease.replacesEntry ? 1 : 0),
            try .names(of: lease.tags),
        ]
        let script = "the lease script"
        let reply = try await self.run(EntryScripts.lease, on: keys, arguments)
        guard case .array(let answers) = reply, answers.count == keys.count + 2,
            let stamp = StampRecord(reply: answers[0]), let marks = answers[1].marks
        else { throw Self.unexpectedReply(to: script) }
        return try zip(keys, answers.dropFirst(2)).map { key, answer in
            guard case .array(let parts) = answer, case .integer(let kind) = parts.first else {
                throw Self.unexpectedReply(to: script)
            }
            switch (kind, parts.count) {
            case (0, 1):
                let lease = Lease(
                    key: key,
                    token: lease.token,
                    stamp: stamp.stamp,
                    serial: stamp.serial,
                    marks: marks
                )
                return .absent(.granted(lease))
            case (1, 4):
                guard let entry = try self.entry(parts.dropFirst(), script: script) else { return .found(.unreadable) }
                self.rememberedTags.remember(entry.marks.map(\.name), of: key)
                return .found(entry)
            case (2, 3):
                guard let token = LeaseToken(reply: parts[1]), case .integer(let milliseconds) = parts[2] else {
                    throw Self.unexpectedReply(to: script)
                }
                let left = Duration.milliseconds(max(0, milliseconds))
                return .absent(.held(LeaseHolder(token: token, timeLeft: left, serial: stamp.serial)))
            default:
                throw Self.unexpectedReply(to: script)
            }
        }
    }
}

/// The records of tags that were read along.
private struct TagRecords {
    private let names: [String]
    private let records: [TagRecord?]
    /// Where each name stands, once looking for it one by one would take too long.
    private let places: [String: Int]

    private static let fewNames = 8

    init(_ names: [String], _ replies: ArraySlice<RESPValue>) {
        self.names = names
        self.records = replies.map { TagRecord(reply: $0) }
        self.places =
            names.count <= Self.fewNames
            ? [:] : Dictionary(zip(names, names.indices)) { first, _ in first }
    }

    /// - Returns: `nil` where it was not read, `.some(nil)` where there is none.
    func record(of name: String) -> TagRecord?? {
        let place = self.places.isEmpty ? self.names.firstIndex(of: name) : self.places[name]
        // Text that only looks alike is one `String` and two keys in Redis.
        guard let place, self.names[place].utf8.elementsEqual(name.utf8) else { return nil }
        return self.records[place]
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
    ///   - records: What was read.
    init(of marks: [TagMark], by records: TagRecords) {
        self = .fresh
        for mark in marks {
            guard let known = records.record(of: mark.name) else {
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
