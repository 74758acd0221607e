import Larder
import Logging
import NIOCore
import Synchronization

/// One namespace in memcached: what its verbs send, and how the replies read.
///
/// What belongs to the namespace lies apart from its entries, so each verb is the protocol's case of that: a view of the generations is
/// read first, and the step on an entry is bound to it (`docs/protocol.md`). The step itself is a read of the entry's item and a
/// change that the server makes only if the item is still the one that was read (CAS).
final class MemcachedNamespace: NamespaceStore {
    let client: MemcachedClient
    let names: ItemNames
    let home: NamespaceHome
    let logger: Logger

    /// Which servers were lost, as far as this process knows.
    let watch: Mutex<ServerWatch>

    /// The tags that entries had when this process last met them.
    let rememberedTags = RememberedTags()

    init(_ namespace: CacheNamespace, client: MemcachedClient, logger: Logger) {
        self.client = client
        self.names = ItemNames(namespace)
        self.home = NamespaceHome(client: client, names: self.names)
        self.watch = Mutex(
            ServerWatch(
                .init(
                    servers: client.numbers,
                    home: self.home.place,
                    failover: client.configuration.failover,
                    pause: client.configuration.failoverPause.wholeNanoseconds / 1_000_000
                )
            )
        )
        self.logger = logger
    }

    // MARK: Writing

    func write(_ writes: [EntryWrite], _ condition: WriteCondition) async throws -> [Bool] {
        if writes.isEmpty { return [] }
        let prepared = try writes.map { try PreparedWrite($0) }
        let tags = TagName.union(prepared.lazy.map(\.tags))
        let needs = ViewNeeds(tags: tags, taken: tags)
        var isRepeatable = writes.count == 1
        if case .always = condition { isRepeatable = true }
        let written = try await self.translatingErrors(isRepeatable: isRepeatable) { deadline async throws -> [Bool] in
            if case .always = condition { return try await self.overwrite(prepared, needs, deadline) }
            return try await self.change(prepared.map(\.key), needs, deadline) { place, found, view in
                if case .ifPresent = condition {
                    switch view.judge(found) {
                    case .unclear(let tags): return .unclear(tags)
                    case .fresh: break
                    default: return .answer(false)
                    }
                } else {
                    switch view.judge(found) {
                    case .unclear(let tags): return .unclear(tags)
                    case .fresh: return .answer(false)
                    default: break
                    }
                }
                return try .store(self.item(prepared[place], by: view, found), true)
            }
        }
        for (write, isWritten) in zip(writes, written) where isWritten {
            self.rememberedTags.remember(write.tags, of: write.key)
        }
        return written
    }

    /// The item of an entry that is written with the tags that it names, under the generations of a view.
    private func item(_ write: PreparedWrite, by view: JudgingView, _ found: FoundItem) throws -> EntryItem {
        guard let stamp = view.view.stamp(for: found), let marks = view.view.marks(of: write.tags) else {
            throw CacheError(.unavailable, "memcached has lost generations that were just made")
        }
        let entry = EntryItem.Entry(write, generation: stamp.generation, marks: marks, now: found.now)
        return EntryItem(name: found.name.whole, entry: entry)
    }

    /// Writes entries whatever there is.
    private func overwrite(
        _ writes: [PreparedWrite],
        _ needs: ViewNeeds,
        _ deadline: MonotonicTime
    ) async throws -> [Bool] {
        let roster = try await self.settledRoster(before: writes.map(\.key), deadline)
        let read = try await self.home.read(needs.tags, deadline)
        let (view, _) = try await self.home.complete(read, needs.tags, taking: needs.taken, deadline)
        self.watch.withLock { $0.take(view.roster) }
        // Somebody has taken a server out or let it in: then ours may be one to see to as well.
        if view.roster != roster { return try await self.overwrite(writes, needs, deadline) }
        let judging = JudgingView(view: view, made: [], isLater: false)
        var changes: [ItemChange] = []
        for (place, write) in writes.enumerated() {
            let found = self.unread(write.key, view.roster)
            changes.append(ItemChange(place, found, .store(try self.item(write, by: judging, found)), isBound: false))
        }
        _ = try await self.send(changes, deadline)
        return writes.map { _ in true }
    }

    func remove(_ keys: [StoreKey]) async throws -> [Bool] {
        if keys.isEmpty { return [] }
        let tags = self.rememberedTags.tags(of: keys, []) ?? []
        return try await self.translatingErrors(isRepeatable: keys.count == 1) { deadline in
            try await self.change(keys, ViewNeeds(tags: tags), deadline) { _, found, view in
                // Whatever else is there goes as well: a lease, a dead entry, what is not ours.
                guard found.version != 0 else { return .answer(false) }
                switch view.judge(found) {
                case .unclear(let tags): return .unclear(tags)
                case .fresh: return .remove(true)
                default: return .remove(false)
                }
            }
        }
    }

    func touch(_ key: StoreKey, _ lifetime: EntryLifetime) async throws -> Bool {
        try await self.translatingErrors(isRepeatable: true) { deadline in
            try await self.change([key], self.needs(of: key), deadline) { _, found, view in
                switch view.judge(found) {
                case .unclear(let tags): return .unclear(tags)
                case .fresh(var entry):
                    entry.header.lifetime = lifetime
                    entry.end = EntryItem.Entry.end(lifetime, now: found.now)
                    // Its lease stands: that it lives longer makes nobody's fill untrue.
                    let item = EntryItem(
                        name: found.name.whole,
                        lease: found.item?.lease,
                        entry: entry
                    )
                    return .store(item, true)
                default: return .answer(false)
                }
            }
        }[0]
    }

    func increment(
        _ key: StoreKey,
        by delta: Int64,
        initial: EntryWrite?,
        within bounds: ClosedRange<Int64>
    ) async throws -> Int64 {
        let begin = try initial.map { try PreparedWrite($0) }
        var needs = self.needs(of: key)
        needs.taken = initial?.tags ?? []
        needs.tags = TagName.union([needs.tags, needs.taken])
        return try await self.translatingErrors(isRepeatable: true) { [needs] deadline in
            try await self.change([key], needs, deadline) { _, found, view in
                var item: EntryItem
                switch view.judge(found) {
                case .unclear(let tags):
                    return .unclear(tags)
                case .fresh(let entry):
                    item = EntryItem(name: found.name.whole, entry: entry)
                default:
                    guard let begin else { throw CacheError.keyNotFound(key) }
                    item = try self.item(begin, by: view, found)
                }
                guard let entry = item.entry,
                    case .integer(let start) = entry.value.withUnsafeReadableBytes({ entry.header.value($0) })
                else { throw CacheError.notAnInteger(key) }
                let sum = try start.adding(delta, within: bounds, key)
                var bytes: [UInt8] = []
                bytes.appendBigEndian(sum)
                item.entry?.value = .init(bytes: bytes)
                return .store(item, sum)
            }
        }[0]
    }

    func append(_ write: EntryWrite) async throws -> Int {
        let begin = try PreparedWrite(write)
        var needs = self.needs(of: write.key)
        needs.taken = write.tags
        needs.tags = TagName.union([needs.tags, needs.taken])
        return try await self.translatingErrors(isRepeatable: true) { [needs] deadline in
            try await self.change([write.key], needs, deadline) { _, found, view in
                switch view.judge(found) {
                case .unclear(let tags):
                    return .unclear(tags)
                case .fresh(var entry):
                    let (header, addition) = (entry.header, begin.header)
                    guard !header.isNull, header.codec == addition.codec, header.compression == addition.compression,
                        header.seal == addition.seal, header.compression == .none, header.seal == .none
                    else { throw CacheError.notAppendable(write.key) }
                    entry.value.writeImmutableBuffer(begin.value)
                    let item = EntryItem(name: found.name.whole, entry: entry)
                    return .store(item, entry.value.readableBytes)
                default:
                    return .store(try self.item(begin, by: view, found), begin.value.readableBytes)
                }
            }
        }[0]
    }

    /// What has to be read to judge one entry.
    func needs(of key: StoreKey) -> ViewNeeds { ViewNeeds(tags: self.rememberedTags.tags(of: [key], []) ?? []) }

    // MARK: The whole namespace

    func marks(of tags: [String], for duration: Duration) async throws -> [TagMark] {
        if tags.isEmpty { return [] }
        return try await self.translatingErrors(isRepeatable: false) { deadline in
            let read = try await self.home.read(tags, deadline)
            let (view, _) = try await self.home.complete(read, tags, taking: tags, deadline)
            guard let marks = view.marks(of: tags) else {
                throw CacheError(.unavailable, "memcached has lost records of tags that were just made")
            }
            return marks
        }
    }

    func invalidate(_ tags: [String], _ manner: TagInvalidation) async throws {
        try await self.translatingErrors(isRepeatable: false) { try await self.home.invalidate(tags, manner, $0) }
    }

    func clear() async throws {
        try await self.translatingErrors(isRepeatable: false) { try await self.home.clear($0) }
    }

    // MARK: Errors

    func failureDomains(of keys: [StoreKey]) -> Set<FailureDomain> {
        guard self.client.links.count > 1 else { return [] }
        let roster = self.watch.withLock { $0.roster }
        // Whatever is done with an entry takes the generations.
        let places = [self.home.place] + keys.map { self.unread($0, roster).place }
        return Set(places.map { FailureDomain(self.client.links[$0].name) })
    }

    func failureDomain(of error: CacheError) -> FailureDomain? {
        guard self.client.links.count > 1, let server = (error.underlying as? MemcachedError)?.server else {
            return nil
        }
        return FailureDomain(server)
    }
}
