/// Something that happened in a cache, for tests and dashboards.
///
/// More kinds can come in later versions, so a `switch` over it needs a `default`. No event carries a value.
public enum CacheEvent: Sendable, Hashable {
    /// A read found a fresh entry.
    case hit(key: String)
    /// A read found nothing of use.
    case miss(key: String)
    /// A read found an entry past its time to live, or one of whose tags was expired.
    case stale(key: String)
    /// So many keys could not be read or written because the store was unavailable.
    case unavailable(keys: Int)
    /// A fill began; behind its callers, if nobody waits for it.
    case fillBegan(keys: [String], isBehind: Bool)
    /// A fill has brought a value for a key, which was stored or not.
    case filled(key: String, isStored: Bool, cost: Duration)
    /// A fill threw, ran out of time, or was cancelled because nobody waited any more.
    case fillFailed(keys: [String])
    /// A caller got a value past its time to live.
    case staleServed(key: String)
    /// A call begins to wait for the fill of another process, or of another cache on the same store.
    case waitBegan(key: String)
    /// Keys were written or removed by this cache.
    case changed(keys: [String])
    /// Tags were invalidated or expired by this cache.
    case invalidated(tags: [String], TagInvalidation)
    /// All entries were removed that match a pattern.
    case removedAll(matching: String)
    /// The namespace was cleared by this cache.
    case cleared
}

extension Cache {
    /// Counts a read and tells whoever watches.
    @inline(__always)
    func note(_ event: CounterStorage.Event, _ key: StoreKey) {
        self.counterStorage.add(to: event)
        if self.onEvent != nil { self.tell(event, key) }
    }

    @inline(never)
    private func tell(_ event: CounterStorage.Event, _ key: StoreKey) {
        switch event {
        case .hit: self.onEvent?(.hit(key: key.name))
        case .miss: self.onEvent?(.miss(key: key.name))
        case .stale: self.onEvent?(.stale(key: key.name))
        case .staleServe: self.onEvent?(.staleServed(key: key.name))
        default: break
        }
    }

    /// Tells whoever watches, if anybody does.
    @inline(__always)
    func tell(_ event: @autoclosure () -> CacheEvent) {
        if let onEvent = self.onEvent { onEvent(event()) }
    }
}
