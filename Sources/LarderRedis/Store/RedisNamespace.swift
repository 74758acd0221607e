import Larder
import LarderRedisClient
import Logging
import NIOCore
import Synchronization

/// One namespace in Redis: what its verbs send, and how the replies read.
final class RedisNamespace: NamespaceStore {
    let client: any RedisCommandSender
    let keys: EntryKeys
    let logger: Logger

    /// The entries for ever that this process has renewed today.
    ///
    /// An entry for ever expires in Redis all the same, so that what `clear` killed goes; whoever reads it puts that off,
    /// once a day.
    let renewed: MemoryCache<StoreKey, Bool>

    /// The tags that entries had when this process last met them.
    let rememberedTags = RememberedTags()

    /// Whether this process has met an entry with a grace: from then on reads ask for the entries' times at once.
    let hasMetGrace = Atomic(false)

    /// How long Redis keeps an entry for ever that nobody reads.
    static let foreverMilliseconds: UInt64 = 90 * 86_400_000
    static let renewalInterval = Duration.seconds(86_400)

    init(_ namespace: CacheNamespace, client: any RedisCommandSender, logger: Logger) {
        self.client = client
        self.keys = EntryKeys(namespace)
        self.logger = logger
        self.renewed = MemoryCache(limit: .entries(10_000))
    }

    // MARK: Writing

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        let word =
            switch condition {
            case .always: "always"
            case .ifAbsent: "absent"
            case .ifPresent: "present"
            }
        var arguments: [ScriptArgument] = [.random, .text(word)]
        for write in writes { arguments += try EntryWriting(write).arguments(tags: write.tags) }
        let written = try await self.flags(EntryScripts.write, on: writes.map(\.key), arguments)
        for (write, isWritten) in zip(writes, written) where isWritten {
            self.rememberedTags.remember(write.tags, of: write.key)
        }
        return written
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        try await self.flags(EntryScripts.remove, on: keys, [.random])
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        var durations: [UInt8] = []
        durations.appendLittleEndian(lifetime.freshMilliseconds)
        durations.appendLittleEndian(lifetime.graceMilliseconds)
        let arguments: [ScriptArgument] = [
            .random, .bytes(durations), .integer(Int64(clamping: EntryWriting.milliseconds(lifetime))),
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
            .random, .integer(delta), .ordered(bounds.lowerBound), .ordered(bounds.upperBound),
        ]
        if let initial { arguments += try EntryWriting(initial).arguments(tags: initial.tags) }
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
            .random, .integer(Int64(writing.codec.rawValue)), .bytes(writing.value),
        ]
        let making = try writing.arguments(tags: write.tags)
        let reply = try await self.run(EntryScripts.append, on: [write.key], arguments + making)
        guard case .integer(let length) = reply else { throw Self.unexpectedReply(to: "the append script") }
        guard length >= 0 else { throw CacheError.notAppendable(write.key) }
        return Int(length)
    }

    // MARK: The whole namespace

    func clear() async throws {
        try await self.translatingErrors {
            _ = try await self.client.send(RedisCommand("SET", self.keys.stamp, StampRecord.random().bytes))
        }
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.translatingErrors {
            _ = try await EntryScripts.raiseEpoch.run(
                keys: [self.keys.stamp],
                arguments: [ScriptArgument.random],
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
    func flags(_ script: RedisScript, on keys: [StoreKey], _ arguments: [ScriptArgument]) async throws -> [Bool] {
        if keys.isEmpty { return [] }
        let reply = try await self.run(script, on: keys, arguments)
        guard case .array(let flags) = reply, flags.count == keys.count else {
            throw Self.unexpectedReply(to: "a script")
        }
        return flags.map { $0 == .integer(1) }
    }

    /// Runs a script on entries and their leases.
    func run(
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
