import Larder
import LarderRedisClient

/// A walk over the entries of a namespace, in batches as `SCAN` finds them.
///
/// `KEYS`, which stops the server meanwhile, is never used.
struct EntryWalk: AsyncSequence, Sendable {
    typealias Element = [StoreKey]

    enum Kind {
        /// Every key of the namespace, dead entries included.
        case all
        /// Fresh entries, each once.
        case fresh
    }

    let namespace: RedisNamespace
    let pattern: GlobPattern
    let only: Kind

    struct AsyncIterator: AsyncIteratorProtocol {
        let walk: EntryWalk
        var cursor: String? = "0"
        /// `SCAN` may bring a key twice.
        var seen = Set<StoreKey>()

        mutating func next() async throws -> [StoreKey]? {
            while let cursor = self.cursor {
                try Task.checkCancellation()
                let namespace = self.walk.namespace
                let page = try await namespace.scan(namespace.keys.scanPattern(self.walk.pattern), from: cursor)
                self.cursor = page.next
                let found = page.names.compactMap(namespace.keys.parse).filter { key in
                    self.walk.pattern.matches(key.name) && namespace.keys.isOurs(key)
                }
                let batch = try await self.select(found)
                if !batch.isEmpty { return batch }
            }
            return nil
        }

        private mutating func select(_ keys: [StoreKey]) async throws -> [StoreKey] {
            guard self.walk.only == .fresh, !keys.isEmpty else { return keys }
            let flags = try await self.walk.namespace.survey(keys, renewsEntriesForever: false)
            var fresh: [StoreKey] = []
            for (key, isFresh) in zip(keys, flags) where isFresh && self.seen.insert(key).inserted {
                fresh.append(key)
            }
            return fresh
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(walk: self) }

    /// The keys one by one.
    var flattened: some AsyncSequence<StoreKey, any Error> & Sendable {
        self.flatMap { batch in BatchSequence(batch: batch) }
    }
}

/// The keys of a batch.
private struct BatchSequence: AsyncSequence, Sendable {
    typealias Element = StoreKey
    typealias Failure = any Error

    let batch: [StoreKey]

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<StoreKey>

        mutating func next() async throws -> StoreKey? { self.rest.popFirst() }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: self.batch[...]) }
}

extension RedisNamespace {
    /// How many keys one `SCAN` looks at: enough to make few round trips, few enough to keep others waiting well under a
    /// millisecond.
    private static let scanStep = 500

    /// Asks for one page of names.
    ///
    /// - Parameters:
    ///   - pattern: What they match.
    ///   - cursor: Where to go on: `0`, or what the page before said. It may be any text: a walk over several servers says
    ///     there which of them it has come to.
    /// - Returns: The names, without those that are no text, and where to go on; `nil` at the end.
    /// - Throws: `CacheError` with `.unavailable`; `CancellationError`.
    func scan(_ pattern: String, from cursor: String) async throws -> (names: [String], next: String?) {
        let reply = try await self.translatingErrors {
            try await self.client.send(RedisCommand("SCAN", cursor, "MATCH", pattern, "COUNT", Self.scanStep))
        }
        guard case .array(let parts) = reply, parts.count == 2, let next = try? String(resp: parts[0]),
            case .array(let names) = parts[1]
        else { throw Self.unexpectedReply(to: "SCAN") }
        // What is no text is nobody's key of ours.
        return (names.compactMap { try? String(resp: $0) }, next == "0" ? nil : next)
    }

    /// Ends all leases of the namespace that stand from the beginning of the call to its end.
    ///
    /// - Throws: `CacheError` with `.unavailable`; `CancellationError`.
    func endAllLeases() async throws {
        var cursor: String? = "0"
        while let now = cursor {
            try Task.checkCancellation()
            let page = try await self.scan(self.keys.leasePattern, from: now)
            let items = page.names.compactMap { self.keys.parseLease($0).map { EntryCall.Item(key: $0) } }
            if !items.isEmpty { _ = try await self.flags(EntryCall(script: EntryScripts.void, items: items)) }
            cursor = page.next
        }
    }
}
