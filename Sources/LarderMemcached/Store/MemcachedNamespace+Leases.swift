import Larder
import NIOCore

extension MemcachedNamespace {
    func commit(_ commits: [EntryCommit]) async throws -> [Bool] {
        if commits.isEmpty { return [] }
        let writes = try commits.map { try PreparedWrite($0.write) }
        let late = TagName.union(commits.lazy.map(\.lateTags))
        let marked = commits.lazy.flatMap { $0.lease.marks + $0.marks }.map(\.name)
        let needs = ViewNeeds(tags: TagName.union([Array(marked), late]), taken: late)
        return try await self.translatingErrors(isRepeatable: false) { deadline in
            try await self.change(commits.map(\.write.key), needs, deadline) { place, found, view in
                let commit = commits[place]
                guard var item = found.item, let lease = item.lease, lease.token == commit.lease.token else {
                    return .answer(false)
                }
                // Whatever comes of it, a lease of that token is over.
                item.lease = nil
                let refusal: Verdict<Bool> = item.entry == nil ? .remove(false) : .store(item, false)
                guard lease.stamp == commit.lease.stamp, found.now < lease.end else { return refusal }
                // Somebody was shown a later serial together with the lease: he may know of an invalidation that this view
                // does not have, and may have joined the fill.
                guard lease.shown <= view.view.serial else { return view.isLater ? refusal : .unclear([]) }
                guard let marks = Self.bind(commit, by: view, found) else { return refusal }
                let entry = EntryItem.Entry(
                    writes[place],
                    generation: commit.lease.stamp.generation,
                    marks: marks,
                    now: found.now
                )
                guard entry.header.isWritable else { return refusal }
                self.rememberedTags.remember(marks.map(\.name), of: commit.write.key)
                return .store(EntryItem(name: found.name.whole, entry: entry), true)
            }
        }
    }

    /// What a commit's tags make of it.
    ///
    /// A tag may have several marks. All of them have to be of its generation; of their freshness the one is written that
    /// is not current, if there is one, so that the entry is stale from the beginning.
    ///
    /// A late tag was not marked before its data was read, so its record must be older than the lease. One whose serial belongs to
    /// another stamp is: had it been written under a later one, the lease were void. A record that was made for this commit, or of which
    /// nobody knows yet when it was made, says nothing of what was before it; then no tag at all may have been invalidated.
    ///
    /// - Returns: The tags of the entry's header; `nil` where the commit is refused.
    private static func bind(_ commit: EntryCommit, by judging: JudgingView, _ found: FoundItem) -> [TagMark]? {
        let view = judging.view
        guard let stamp = view.stamp, view.stamp(for: found) == commit.lease.stamp else { return nil }
        var names: [String] = []
        var chosen: [TagName: TagMark] = [:]
        for mark in commit.lease.marks + commit.marks {
            guard let item = view.record(of: mark.name)?.item, item.generation == mark.generation else { return nil }
            let name = TagName(mark.name)
            if chosen[name] == nil { names.append(mark.name) }
            if chosen[name] == nil || item.freshness != mark.freshness { chosen[name] = mark }
        }
        for tag in commit.lateTags {
            guard let item = view.record(of: tag)?.item else { return nil }
            let name = TagName(tag)
            if judging.made.contains(name) || item.serial == TagItem.unknownSerial {
                guard view.serial == commit.lease.serial else { return nil }
            } else if item.namespace == stamp.generation {
                guard item.serial <= commit.lease.serial else { return nil }
            }
            if chosen[name] == nil {
                names.append(tag)
                chosen[name] = item.mark(tag)
            }
        }
        return names.compactMap { chosen[TagName($0)] }
    }

    func release(_ leases: [Lease]) async throws {
        if leases.isEmpty { return }
        _ = try await self.translatingErrors(isRepeatable: false) { deadline in
            try await self.change(leases.map(\.key), .nothing, deadline) { place, found, _ -> Verdict<Bool> in
                guard var item = found.item, item.lease?.token == leases[place].token else { return .answer(false) }
                item.lease = nil
                return item.entry == nil ? .remove(true) : .store(item, true)
            }
        }
    }

    func renew(_ leases: [Lease], for duration: Duration) async throws -> [Bool] {
        if leases.isEmpty { return [] }
        let tags = TagName.union(leases.lazy.map { $0.marks.map(\.name) })
        let milliseconds = max(1, duration.wholeNanoseconds / 1_000_000)
        return try await self.translatingErrors(isRepeatable: false) { deadline in
            try await self.change(leases.map(\.key), ViewNeeds(tags: tags), deadline) { place, found, view in
                let own = leases[place]
                guard var item = found.item, let lease = item.lease, lease.token == own.token, lease.stamp == own.stamp
                else { return .answer(false) }
                switch view.judgeLease(found) {
                case .none: return .answer(false)
                case .unclear(let tags): return .unclear(tags)
                case .stands:
                    item.lease?.end = found.now &+ milliseconds
                    return .store(item, true)
                }
            }
        }
    }

    func report(on key: StoreKey) async throws -> [EntryReport] {
        try await self.translatingErrors(isRepeatable: true) { deadline in
            var needs = self.needs(of: key)
            needs.makesStamp = false
            let gathered = try await self.gather([key], needs, deadline)
            let found = gathered.items[0]
            let held = (found.item?.entry?.header.marks ?? []) + (found.item?.lease?.marks ?? [])
            let view = try await self.laterView(needs, adding: held.map(\.name), deadline)
            return [self.report(found, view)]
        }
    }

    private func report(_ found: FoundItem, _ view: JudgingView) -> EntryReport {
        var report = EntryReport(tier: "memcached", state: .absent)
        if view.judgeLease(found) == .stands, let lease = found.item?.lease {
            report.holder = .init(token: lease.token, timeLeft: .milliseconds(max(0, lease.end - found.now)))
        }
        switch view.judge(found) {
        case .absent, .unclear:
            // Something is there that is neither an entry nor a lease: not ours, or of a newer program.
            if found.version != 0, found.item == nil { report.state = .unreadable }
            return report
        case .dead(let tag): report.state = tag.map { .deadByTag($0) } ?? .deadByNamespace
        case .stale(_, let tag): report.state = tag.map { .staleByTag($0) } ?? .stale
        case .fresh: report.state = .fresh
        }
        guard let entry = found.item?.entry else { return report }
        report.timeLeft = entry.timeLeft(now: found.now)
        if let freshFor = entry.header.lifetime.freshFor, let left = report.timeLeft?.duration {
            report.age = freshFor - left
        }
        report.grace = entry.header.lifetime.grace
        report.size = entry.value.readableBytes
        report.codec = entry.header.codec
        report.fillCost = entry.header.fillCost
        report.tags = entry.header.marks.map(\.name)
        return report
    }
}
