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

    /// How many keys one `SCAN` looks at: enough to make few round trips, few enough to keep others waiting well under a
    /// millisecond.
    private static let step = 500

    struct AsyncIterator: AsyncIteratorProtocol {
        let walk: EntryWalk
        var cursor: String? = "0"
        /// `SCAN` may bring a key twice.
        var seen = Set<StoreKey>()

        mutating func next() async throws -> [StoreKey]? {
            while let cursor = self.cursor {
                try Task.checkCancellation()
                let namespace = self.walk.namespace
                let reply = try await namespace.translatingErrors { [walk] in
                    try await namespace.client.send(
                        RedisCommand(
                            "SCAN",
                            cursor,
                            "MATCH",
                            namespace.keys.scanPattern(walk.pattern),
                            "COUNT",
                            EntryWalk.step
                        )
                    )
                }
                guard case .array(let parts) = reply, parts.count == 2,
                    let next = try? String(resp: parts[0]), let names = try? [String](resp: parts[1])
                else { throw RedisNamespace.unexpectedReply(to: "SCAN") }
                self.cursor = next == "0" ? nil : next
                let found = names.compactMap(namespace.keys.parse).filter { key in
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
