/// The keys of a namespace, walked once the store may be asked.
struct GuardedKeys: AsyncSequence, Sendable {
    typealias Element = StoreKey
    typealias Failure = any Error

    let base: any NamespaceStore
    let pattern: GlobPattern
    let breaker: CircuitBreaker?
    let replay: InvalidationReplay?

    func makeAsyncIterator() -> Iterator {
        Iterator(keys: self)
    }

    struct Iterator: AsyncIteratorProtocol {
        private let keys: GuardedKeys
        /// The walk under way, and the breaker's era when it began.
        private var walk: (keys: any AsyncIteratorProtocol<StoreKey, any Error>, era: UInt64)?

        fileprivate init(keys: GuardedKeys) {
            self.keys = keys
        }

        mutating func next() async throws -> StoreKey? {
            try await self.next(isolation: nil)
        }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> StoreKey? {
            if self.walk == nil {
                try await self.keys.replay?.settle()
                // The generations, and no more: where a part of the store is lost, most keys may be found all the same.
                let era = try self.keys.breaker?.admit { [] } ?? 0
                // Only now: some stores begin to walk when they are asked for the sequence.
                self.walk = (self.keys.base.keys(matching: self.keys.pattern).makeAsyncIterator(), era)
            }
            let era = self.walk?.era ?? 0
            do {
                let key = try await self.walk?.keys.next(isolation: actor)
                self.keys.breaker?.succeeded({ [] }, in: era)
                return key
            } catch {
                if let error = error as? CacheError, error.code == .unavailable {
                    self.keys.breaker?.failed(error, in: era)
                }
                throw error
            }
        }
    }
}

// A walk belongs to the task that made it.
@available(*, unavailable)
extension GuardedKeys.Iterator: Sendable {}
