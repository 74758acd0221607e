import Larder
import Synchronization

extension MemcachedNamespace {
    func keys(matching pattern: GlobPattern) -> any AsyncSequence<StoreKey, any Error> & Sendable {
        EntryWalk(namespace: self, pattern: pattern, only: .fresh).flatMap { KeyBatch(keys: $0) }
    }

    /// Raises the epoch, then walks once.
    ///
    /// Of a fill that began before, either its lease is there when the walk comes by, and goes with the item, whatever that holds; or
    /// it has been committed by then, and the entry goes. One that comes to its commit after that is refused: the server changes an
    /// item only if it is still the one that was read, and the epoch was raised before.
    func removeAll(matching pattern: GlobPattern) async throws -> Int {
        try await self.translatingErrors(isRepeatable: false) { deadline in
            let roster = try await self.home.raiseEpoch(deadline)
            self.watch.withLock { $0.take(roster) }
        }
        var removed = 0
        for try await batch in EntryWalk(namespace: self, pattern: pattern, only: .all) {
            removed += try await self.remove(batch).count { $0 }
        }
        return removed
    }

    /// Which of the entries that names stand for match.
    fileprivate func select(_ names: ArraySlice<String>, from place: Int, _ walk: EntryWalk) async throws -> [StoreKey]
    {
        var keys: [StoreKey] = []
        var replaced: [String] = []
        for name in names {
            switch self.names.parse(name) {
            case .entry(let key): keys.append(key)
            case .replaced: replaced.append(name)
            case nil: break
            }
        }
        if !replaced.isEmpty { keys += try await self.wholeNames(replaced, from: place) }
        keys = keys.filter { walk.pattern.matches($0.name) }
        guard walk.only == .fresh, !keys.isEmpty else { return keys }
        let lookups = try await self.translatingErrors(isRepeatable: true) { [keys] deadline in
            try await self.readPlainly(keys, deadline)
        }
        var fresh: [StoreKey] = []
        for (key, lookup) in zip(keys, lookups) {
            if case .found(let entry) = lookup, !entry.isStale { fresh.append(key) }
        }
        return fresh
    }

    /// The keys whose names do not stand in the names of their items.
    private func wholeNames(_ names: [String], from place: Int) async throws -> [StoreKey] {
        try await self.translatingErrors(isRepeatable: false) { deadline in
            let requests = names.map { MetaRequest.get($0, wants: " v") }
            let answers = try await self.client.links[place].send(requests, deadline: deadline)
            return zip(names, answers.replies).compactMap { name, reply in
                guard let whole = EntryItem(reply.value)?.name, let key = self.names.parse(whole: whole),
                    self.names.entry(key).text == name
                else { return nil }
                return key
            }
        }
    }

    /// All names on a server that could be entries of this namespace; none where others have its keys, since nothing on it is alive.
    fileprivate func entryNames(on place: Int) async throws -> [String] {
        try await self.translatingErrors(isRepeatable: true) { deadline in
            try await self.settle(before: [place], deadline)
            if self.watch.withLock({ $0.isOut(place) }) { return [] }
            let link = self.client.links[place]
            return try await NameCrawl(link: link, prefix: self.names.prefix).names()
        }
    }
}

/// A walk over the entries of a namespace, one server after the other.
private struct EntryWalk: AsyncSequence, Sendable {
    typealias Element = [StoreKey]

    enum Kind {
        /// Every key of the namespace, dead entries and leases included.
        case all
        /// Fresh entries, each once.
        case fresh
    }

    /// How many entries are looked at in one round trip.
    private static let step = 200

    let namespace: MemcachedNamespace
    let pattern: GlobPattern
    let only: Kind

    struct AsyncIterator: AsyncIteratorProtocol {
        let walk: EntryWalk
        var nextPlace = 0
        var place = 0
        var names: ArraySlice<String> = []
        /// An item that changes its place while the server looks for names may be found twice.
        var seen = Set<StoreKey>()

        mutating func next() async throws -> [StoreKey]? {
            let namespace = self.walk.namespace
            while true {
                try Task.checkCancellation()
                if self.names.isEmpty {
                    guard self.nextPlace < namespace.client.links.count else { return nil }
                    self.place = self.nextPlace
                    self.nextPlace += 1
                    self.names = try await namespace.entryNames(on: self.place)[...]
                    continue
                }
                let some = self.names.prefix(EntryWalk.step)
                self.names = self.names.dropFirst(some.count)
                let found = try await namespace.select(some, from: self.place, self.walk)
                let batch = found.filter { self.seen.insert($0).inserted }
                if !batch.isEmpty { return batch }
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(walk: self) }
}

/// The keys of a batch.
private struct KeyBatch: AsyncSequence, Sendable {
    typealias Element = StoreKey
    typealias Failure = any Error

    let keys: [StoreKey]

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<StoreKey>

        mutating func next() async throws -> StoreKey? { self.rest.popFirst() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: self.keys[...]) }
}
