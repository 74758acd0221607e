import Larder
import Logging

extension MemcachedNamespace {
    func readNow(_ key: StoreKey) -> ImmediateLookup { .unknown }

    func read(_ keys: [StoreKey], _ options: ReadOptions) async throws -> [StoreLookup] {
        if keys.isEmpty { return [] }
        let isRepeatable = options.lease == nil || keys.count == 1
        return try await self.translatingErrors(isRepeatable: isRepeatable) { deadline in
            if let lease = options.lease { return try await self.readOrLease(keys, lease, deadline) }
            return try await self.readPlainly(keys, expecting: options.expectedTags, deadline)
        }
    }

    // MARK: Without a lease

    /// Reads entries without changing any but those that are dead, which go.
    func readPlainly(
        _ keys: [StoreKey],
        expecting expected: [String] = [],
        _ deadline: MonotonicTime
    ) async throws -> [StoreLookup] {
        let tags = self.rememberedTags.tags(of: keys, expected) ?? expected
        let needs = ViewNeeds(tags: tags, makesStamp: false)
        let gathered = try await self.gather(keys, needs, deadline)
        var lookups: [StoreLookup] = []
        lookups.reserveCapacity(keys.count)
        var (unclear, unknown) = ([Int](), [String]())
        var dead: [ItemChange] = []
        for (index, found) in gathered.items.enumerated() {
            lookups.append(.absent(.none))
            switch self.lookup(found, gathered.view(for: found), keys[index]) {
            case .found(let lookup): lookups[index] = lookup
            case .dead: Self.bury(found, &dead)
            case .unclear(let tags):
                unclear.append(index)
                unknown += tags
            }
        }
        if !unclear.isEmpty {
            let view = try await self.laterView(needs, adding: unknown, deadline)
            // Where servers have come or gone meanwhile, what was read is not what there is.
            for index in unclear where view.view.roster == gathered.view.roster {
                let found = gathered.items[index]
                switch self.lookup(found, view, keys[index]) {
                case .found(let lookup): lookups[index] = lookup
                case .dead: Self.bury(found, &dead)
                // To miss is never wrong.
                case .unclear: break
                }
            }
        }
        await self.tend(dead, deadline)
        return lookups
    }

    private enum Reading {
        case found(StoreLookup)
        case dead
        case unclear([String])
    }

    private func lookup(_ found: FoundItem, _ view: JudgingView, _ key: StoreKey) -> Reading {
        switch view.judge(found) {
        case .absent: return .found(.absent(.none))
        case .dead: return .dead
        case .unclear(let tags): return .unclear(tags)
        case .stale(let entry, let expired): return .found(self.lookup(entry, found, key, expired != nil))
        case .fresh(let entry): return .found(self.lookup(entry, found, key, false))
        }
    }

    private func lookup(
        _ entry: EntryItem.Entry,
        _ found: FoundItem,
        _ key: StoreKey,
        _ isExpiredByTag: Bool
    ) -> StoreLookup {
        self.rememberedTags.remember(entry.header.marks.map(\.name), of: key)
        guard let stored = entry.stored(now: found.now, isExpiredByTag: isExpiredByTag) else { return .absent(.none) }
        return .found(stored)
    }

    /// Notes a dead entry that is to go, unless somebody fills its key.
    private static func bury(_ found: FoundItem, _ dead: inout [ItemChange]) {
        if found.item?.lease == nil { dead.append(ItemChange(dead.count, found, .remove)) }
    }

    /// Removes entries that are dead, if they still are what was read.
    private func tend(_ dead: [ItemChange], _ deadline: MonotonicTime) async {
        if dead.isEmpty { return }
        do {
            _ = try await self.send(dead, deadline)
        } catch {
            // What is alive has been read, which is what the caller wanted; the next reader tends to the others.
            self.logger.debug("Entries could not be tended to", metadata: ["larder.error": "\(error)"])
        }
    }

    // MARK: With a lease

    private func readOrLease(
        _ keys: [StoreKey],
        _ request: LeaseRequest,
        _ deadline: MonotonicTime
    ) async throws -> [StoreLookup] {
        let remembered = self.rememberedTags.tags(of: keys, request.tags) ?? request.tags
        let needs = ViewNeeds(tags: TagName.union([request.tags, remembered]), taken: request.tags)
        return try await self.change(keys, needs, deadline) { place, found, view in
            let key = keys[place]
            var kept: EntryItem.Entry?
            switch self.lookup(found, view, key) {
            case .unclear(let tags):
                return .unclear(tags)
            case .found(.found(let entry)):
                if !request.replacesEntry { return .answer(.found(entry)) }
                kept = found.item?.entry
            case .found(.absent), .dead:
                break
            }
            switch view.judgeLease(found) {
            case .unclear(let tags): return .unclear(tags)
            case .stands: return self.show(found, view)
            case .none: return try self.grant(key, request, found, view, keeping: kept)
            }
        }
    }

    /// Shows somebody else's lease, and notes in it which serial is shown with it, for the commit.
    private func show(_ found: FoundItem, _ view: JudgingView) -> Verdict<StoreLookup> {
        guard var item = found.item, let lease = item.lease else { return .unclear([]) }
        let left = Duration.milliseconds(max(0, lease.end - found.now))
        let answer = StoreLookup.absent(
            .held(LeaseHolder(token: lease.token, timeLeft: left, serial: view.view.serial))
        )
        guard lease.shown < view.view.serial else { return .answer(answer) }
        item.lease?.shown = view.view.serial
        return .store(item, answer)
    }

    private func grant(
        _ key: StoreKey,
        _ request: LeaseRequest,
        _ found: FoundItem,
        _ view: JudgingView,
        keeping entry: EntryItem.Entry?
    ) throws -> Verdict<StoreLookup> {
        guard let stamp = view.view.stamp(for: found), let marks = view.view.marks(of: request.tags) else {
            return .unclear([])
        }
        let serial = view.view.serial
        let milliseconds = max(1, request.duration.wholeNanoseconds / 1_000_000)
        let lease = ItemLease(
            token: request.token,
            stamp: stamp,
            serial: serial,
            end: found.now &+ milliseconds,
            marks: marks
        )
        let item = EntryItem(name: found.name.whole, lease: lease, entry: entry)
        let granted = Lease(key: key, token: request.token, stamp: stamp, serial: serial, marks: marks)
        return .store(item, .absent(.granted(granted)))
    }
}
