import Larder
import LarderRedisClient
import Logging
import NIOCore

/// One namespace in Redis: what its verbs send, and how the replies read.
final class RedisNamespace: NamespaceStore {
    let client: any RedisCommandSender
    let keys: EntryKeys
    let logger: Logger

    /// The entries for ever that this process has renewed today.
    ///
    /// An entry for ever expires in Redis all the same, so that what `clear` killed goes; whoever reads it puts that off,
    /// once a day.
    private let renewed: MemoryCache<StoreKey, Bool>

    /// How long Redis keeps an entry for ever that nobody reads.
    static let foreverMilliseconds: UInt64 = 90 * 86_400_000
    private static let renewalInterval = Duration.seconds(86_400)

    init(_ namespace: CacheNamespace, client: any RedisCommandSender, logger: Logger) {
        self.client = client
        self.keys = EntryKeys(namespace)
        self.logger = logger
        self.renewed = MemoryCache(limit: .entries(10_000))
    }

    // MARK: Reading

    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        if keys.isEmpty { return [] }
        if let lease = options.lease { return try await self.readOrLease(keys, lease) }
        return try await self.translatingErrors {
            try await self.readPlainly(keys, wantsTimes: options.wantsTimes)
        }
    }

    private func readPlainly(_ keys: [StoreKey], wantsTimes: Bool) async throws -> [StoreLookup] {
        let names = try keys.map { key in
            let name = self.keys.entry(key)
            // What cannot be written is refused here too, instead of missing for ever.
            if name.utf8.contains(UInt8(ascii: "}")) { _ = try self.keys.lease(of: name, key) }
            return name
        }
        var get = RedisCommand(
            "MGET",
            reserving: names.reduce(self.keys.stamp.utf8.count + 8) { $0 + $1.utf8.count + 8 }
        )
        for name in names { get.append(name) }
        get.append(self.keys.stamp)
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
        guard case .array(let values) = reply, values.count == keys.count + 1 else {
            throw Self.unexpectedReply(to: "MGET")
        }
        guard let stamp = NamespaceStamp(reply: values[keys.count]) else { return keys.map { _ in .absent(.none) } }
        var lookups: [StoreLookup] = []
        lookups.reserveCapacity(keys.count)
        var untended: [StoreKey] = []
        for (index, key) in keys.enumerated() {
            switch EntryReading.read(values[index], stamp: stamp) {
            case .absent:
                lookups.append(.absent(.none))
            case .dead:
                untended.append(key)
                lookups.append(.absent(.none))
            case .alive(_, let header) where header.lifetime.grace > .zero && !wantsTimes:
                // Whether it is fresh or in its grace, only its time can tell.
                return try await self.readPlainly(keys, wantsTimes: true)
            case .alive(let value, let header):
                if header.lifetime.freshFor == nil, self.renewed.value(forKey: key) == nil { untended.append(key) }
                let time = wantsTimes ? left[index] : nil
                lookups.append(.found(EntryReading.entry(value, header, millisecondsLeft: time)))
            }
        }
        if !untended.isEmpty { await self.tend(untended) }
        return lookups
    }

    private func readOrLease(_ keys: [StoreKey], _ lease: LeaseRequest) async throws -> [StoreLookup] {
        let arguments: [ScriptArgument] = [
            .stamp(.random()),
            .bytes(lease.token.bytes),
            .integer(max(1, lease.duration.wholeNanoseconds / 1_000_000)),
            .integer(lease.replacesEntry ? 1 : 0),
        ]
        let reply = try await self.run(EntryScripts.lease, on: keys, arguments)
        guard case .array(let answers) = reply, answers.count == keys.count + 1,
            let stamp = NamespaceStamp(reply: answers[0])
        else { throw Self.unexpectedReply(to: "the lease script") }
        return try zip(keys, answers.dropFirst()).map { key, answer in
            guard case .array(let parts) = answer, case .integer(let kind) = parts.first else {
                throw Self.unexpectedReply(to: "the lease script")
            }
            switch (kind, parts.count) {
            case (0, 1):
                return .absent(.granted(Lease(key: key, token: lease.token, stamp: stamp)))
            case (1, 3):
                guard case .integer(let milliseconds) = parts[2] else {
                    throw Self.unexpectedReply(to: "the lease script")
                }
                guard case .alive(let value, let header) = EntryReading.read(parts[1], stamp: stamp) else {
                    // The script took it for an entry and we cannot read it: a newer program wrote it.
                    return .found(.unreadable)
                }
                return .found(EntryReading.entry(value, header, millisecondsLeft: milliseconds))
            case (2, 2):
                guard let token = LeaseToken(reply: parts[1]) else {
                    throw Self.unexpectedReply(to: "the lease script")
                }
                return .absent(.held(LeaseHolder(token: token, timeLeft: .seconds(5), serial: 0)))
            default:
                throw Self.unexpectedReply(to: "the lease script")
            }
        }
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
            [.stamp(.random()), .integer(Int64(clamping: milliseconds))]
        )
    }

    // MARK: Writing

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        let word =
            switch condition {
            case .always: "always"
            case .ifAbsent: "absent"
            case .ifPresent: "present"
            }
        var arguments: [ScriptArgument] = [.stamp(.random()), .text(word)]
        for write in writes { arguments += try EntryWriting(write).arguments }
        return try await self.flags(EntryScripts.write, on: writes.map(\.key), arguments)
    }

    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        var arguments: [ScriptArgument] = [.stamp(.random())]
        for commit in commits {
            arguments.append(.bytes(commit.lease.token.bytes + commit.lease.stamp.bytes))
            arguments += try EntryWriting(commit.write).arguments
        }
        return try await self.flags(EntryScripts.commit, on: commits.map(\.write.key), arguments)
    }

    func release(_ leases: [Lease]) async throws {
        let arguments = [ScriptArgument.stamp(.random())] + leases.map { .bytes($0.token.bytes) }
        _ = try await self.run(EntryScripts.release, on: leases.map(\.key), arguments)
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] { leases.map { _ in true } }

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        throw CacheError(.unavailable, "STUB")
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        throw CacheError(.unavailable, "STUB")
    }

    func report(on key: StoreKey) async throws -> [EntryReport] { throw CacheError(.unavailable, "STUB") }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        try await self.flags(EntryScripts.remove, on: keys, [.stamp(.random())])
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        var durations: [UInt8] = []
        durations.appendLittleEndian(lifetime.freshMilliseconds)
        durations.appendLittleEndian(lifetime.graceMilliseconds)
        let arguments: [ScriptArgument] = [
            .stamp(.random()), .bytes(durations), .integer(Int64(clamping: EntryWriting.milliseconds(lifetime))),
        ]
        return try await self.run(EntryScripts.touch, on: [key], arguments) == .integer(1)
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        var arguments: [ScriptArgument] = [
            .stamp(.random()), .integer(delta), .ordered(bounds.lowerBound), .ordered(bounds.upperBound),
        ]
        if let initial { arguments += try EntryWriting(initial).arguments }
        let reply = try await self.run(EntryScripts.increment, on: [key], arguments)
        guard case .array(let parts) = reply, case .integer(let kind) = parts.first else {
            throw Self.unexpectedReply(to: "the increment script")
        }
        switch kind {
        case 1: throw CacheError.keyNotFound(key)
        case 2: throw CacheError.notAnInteger(key)
        case 3: throw CacheError.integerOverflow(key, bounds)
        default: break
        }
        guard parts.count == 2, case .bulkString(let sum) = parts[1],
            let value = sum.getInteger(at: sum.readerIndex, endianness: .big, as: Int64.self)
        else { throw Self.unexpectedReply(to: "the increment script") }
        return value
    }

    func append(_ write: EntryWrite) async throws -> Int {
        let writing = try EntryWriting(write)
        let arguments: [ScriptArgument] = [
            .stamp(.random()), .integer(Int64(writing.codec.rawValue)), .bytes(writing.value),
        ]
        let reply = try await self.run(EntryScripts.append, on: [write.key], arguments + writing.arguments)
        guard case .integer(let length) = reply else { throw Self.unexpectedReply(to: "the append script") }
        guard length >= 0 else { throw CacheError.notAppendable(write.key) }
        return Int(length)
    }

    // MARK: The whole namespace

    func clear() async throws {
        try await self.translatingErrors {
            _ = try await self.client.send(RedisCommand("SET", self.keys.stamp, NamespaceStamp.random().bytes))
        }
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.translatingErrors {
            _ = try await EntryScripts.raiseEpoch.run(
                keys: [self.keys.stamp],
                arguments: [ScriptArgument.stamp(.random())],
                on: self.client,
                as: Int.self
            )
        }
        var removed = 0
        for try await batch in EntryWalk(namespace: self, pattern: pattern, only: .all) {
            removed += try await self.remove(batch).count { $0 }
        }
        return removed
    }

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        EntryWalk(namespace: self, pattern: pattern, only: .fresh).flattened
    }

    // MARK: Scripts

    /// Runs a script that answers 1 or 0 for each key.
    private func flags(_ script: RedisScript, on keys: [StoreKey], _ arguments: [ScriptArgument]) async throws -> [Bool]
    {
        if keys.isEmpty { return [] }
        let reply = try await self.run(script, on: keys, arguments)
        guard case .array(let flags) = reply, flags.count == keys.count else {
            throw Self.unexpectedReply(to: "a script")
        }
        return flags.map { $0 == .integer(1) }
    }

    /// Runs a script on entries and their leases.
    private func run(
        _ script: RedisScript,
        on keys: [StoreKey],
        _ arguments: [ScriptArgument]
    ) async throws -> RESPValue {
        var names = [self.keys.stamp]
        names.reserveCapacity(2 * keys.count + 1)
        for key in keys {
            let entry = self.keys.entry(key)
            names.append(entry)
            names.append(try self.keys.lease(of: entry, key))
        }
        let allNames = names
        return try await self.translatingErrors {
            try await script.run(keys: allNames, arguments: arguments, on: self.client)
        }
    }

    /// Makes the client's errors a cache's: whatever went wrong there, the store could not be used.
    func translatingErrors<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as RedisError {
            throw CacheError(.unavailable, "Redis could not be used", underlying: error)
        }
    }

    static func unexpectedReply(to what: String) -> CacheError {
        CacheError(.unavailable, "Redis answered \(what) with something that it never should")
    }
}
