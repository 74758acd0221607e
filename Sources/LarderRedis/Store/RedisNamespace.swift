import Larder
import LarderRedisClient
import Logging
import NIOCore
import Synchronization

/// One namespace in Redis: what its verbs send, and how the replies read.
final class RedisNamespace: NamespaceStore {
    let client: any RedisCommandSender
    /// The same, where it numbers the servers that it meets.
    let meetings: (any RedisMeetings)?
    /// The client itself, which no loss keeps from a server, asking primaries: what probes are sent with.
    private let ungated: any RedisCommandSender
    /// What removes and invalidates.
    let invalidator: any RedisCommandSender
    let keys: EntryKeys
    let logger: Logger

    /// Whether the generations can lie on another server than the entries.
    let isApart: Bool

    /// Where readers and views get the generations from.
    let generations: NamespaceGenerations

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

    /// - Parameters:
    ///   - namespace: The namespace.
    ///   - client: What commands are sent with.
    ///   - isApart: Whether the generations can lie on another server than the entries.
    ///   - remembered: Where generations are kept by somebody who hears of their changes. Only of use apart: together they
    ///     come along with the entries, at hardly any cost.
    ///   - safety: What is done about servers that forget.
    ///   - logger: Where failures are reported that no caller hears of.
    init(
        _ namespace: CacheNamespace,
        client: any RedisCommandSender,
        isApart: Bool,
        remembered: RememberedGenerations? = nil,
        safety: LossSafety = LossSafety(),
        logger: Logger
    ) {
        self.keys = EntryKeys(namespace)
        self.ungated = (client as? RedisClient)?.reading(from: .primary) ?? client
        let client = safety.sender(over: client, self.keys)
        self.client = client
        self.meetings = client as? any RedisMeetings
        self.invalidator = safety.acknowledging ?? client
        self.isApart = isApart
        self.generations = NamespaceGenerations(
            keys: self.keys,
            client: client,
            // What was remembered of an earlier server must not judge what another one says.
            memory: isApart && safety.policy == .keep ? remembered : nil
        )
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
        let items = try writes.map { try EntryCall.Item($0) }
        let written = try await self.flags(EntryCall(script: EntryScripts.write, shared: [.text(word)], items: items))
        for (write, isWritten) in zip(writes, written) where isWritten {
            self.rememberedTags.remember(write.tags, of: write.key)
        }
        return written
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        try await self.flags(
            EntryCall(script: EntryScripts.remove, items: keys.map { .init(key: $0) }, sender: self.invalidator)
        )
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        var durations: [UInt8] = []
        durations.appendLittleEndian(lifetime.freshMilliseconds)
        durations.appendLittleEndian(lifetime.graceMilliseconds)
        let milliseconds = Int64(clamping: EntryWriting.milliseconds(lifetime))
        let call = EntryCall(
            script: EntryScripts.touch,
            shared: [.bytes(durations), .integer(milliseconds)],
            items: [.init(key: key)],
            keepsTagsFor: milliseconds
        )
        return try await self.answer(call) == .integer(1)
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        let arguments: [ScriptArgument] = [
            .integer(delta), .ordered(bounds.lowerBound), .ordered(bounds.upperBound),
        ]
        var item = EntryCall.Item(key: key)
        if let initial {
            // Judged here: where there is no entry, nothing may be written that has to be taken back.
            var fits = false
            if case .integer(let start) = initial.value {
                fits = (try? start.adding(delta, within: bounds, key)) != nil
            }
            item = try EntryCall.Item(initial)
            item.key = key
            item.arguments.append(.integer(fits ? 1 : 0))
        }
        item.arguments = arguments + item.arguments
        let reply = try await self.answer(EntryCall(script: EntryScripts.increment, items: [item]))
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
        var item = try EntryCall.Item(write, writing)
        item.arguments = [.integer(Int64(writing.codec.rawValue)), .bytes(writing.value)] + item.arguments
        let reply = try await self.answer(EntryCall(script: EntryScripts.append, items: [item]))
        guard case .integer(let length) = reply else { throw Self.unexpectedReply(to: "the append script") }
        guard length >= 0 else { throw CacheError.notAppendable(write.key) }
        return Int(length)
    }

    // MARK: The whole namespace

    func clear() async throws {
        let serial = [UInt8](repeating: 0, count: 8)
        try await self.translatingErrors {
            _ = try await self.invalidator.send(
                RedisCommand("MSET", self.keys.stamp, NamespaceStamp.random().bytes, self.keys.serial, serial)
            )
        }
    }

    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.translatingErrors {
            _ = try await self.generations.run(EntryScripts.raiseEpoch, [.random], on: self.invalidator)
        }
        var removed = 0
        for _ in 0..<Self.mostWalks {
            let meeting = self.lastServerChange
            // Apart, no commit can compare the epoch in one step with its writing.
            if self.isApart { try await self.endAllLeases() }
            for try await batch in EntryWalk(namespace: self, pattern: pattern, only: .all) {
                removed += try await self.remove(batch).count { $0 }
            }
            // A cursor means nothing to another process, not even to the same server's next one.
            if self.lastServerChange == meeting { return removed }
        }
        throw CacheError(.unavailable, "a server was replaced each time that keys were looked for on all")
    }

    /// How often to look for keys again because a server was replaced meanwhile.
    private static let mostWalks = 8

    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        EntryWalk(namespace: self, pattern: pattern, only: .fresh).flattened
    }

    // MARK: Errors

    func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> {
        guard self.isApart, let placement = self.client as? any RedisPlacement else { return [] }
        // Whatever is done with an entry takes the generations.
        let names = [self.keys.stamp] + keys.map { self.keys.entry($0) }
        return Set(names.compactMap { placement.server(ofKey: $0) }.map { FailureDomain($0) })
    }

    func failureDomain(of error: CacheError) -> FailureDomain? {
        guard self.isApart, let placement = self.client as? any RedisPlacement,
            let server = (error.underlying as? RedisError)?.server, placement.mayHaveHadKeys(server)
        else { return nil }
        return FailureDomain(server)
    }

    /// How many names are tried to find one that lies on a server: enough for one that has a few slots of a cluster.
    private static let mostProbeNames = 100_000

    func probe(_ part: FailureDomain) async throws -> Bool {
        guard self.isApart, let placement = self.ungated as? any RedisPlacement else { return false }
        // Read where it lies, and nothing else: neither the generations nor the servers of other keys have a say in it.
        let names = (0..<Self.mostProbeNames).lazy.map {
            self.keys.entry(StoreKey(version: 0, name: "larder:probe:\($0)"))
        }
        // On one that has no keys any more nobody depends.
        guard let name = names.first(where: { placement.server(ofKey: $0) == part.name }) else { return true }
        try await self.translatingErrors {
            _ = try await self.ungated.send(RedisCommand("EXISTS", name))
        }
        return true
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
