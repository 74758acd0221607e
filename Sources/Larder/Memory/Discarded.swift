/// What left a shard while its lock was held, kept alive until the lock is free.
///
/// A value's deinitialiser is its author's code: it may be slow, and it may use the cache. So whoever changes a shard
/// makes one of these before it takes the lock and releases it after.
@usableFromInline
struct Discarded<Scheme: KeyScheme, Value: Sendable>: Sendable {
    /// The first value, apart from the others: most operations discard one or none, and this way need no memory for it.
    @usableFromInline var value: Value?
    @usableFromInline var key: Scheme.Stored?
    @usableFromInline var more: [(key: Scheme.Stored?, value: Value)] = []

    @inlinable
    init() {}

    @inlinable
    mutating func append(key: Scheme.Stored?, value: Value) {
        if self.value == nil {
            self.key = key
            self.value = value
        } else {
            self.more.append((key, value))
        }
    }

    /// Frees the keys; the values go with this value.
    @inlinable
    consuming func release() {
        if let key = self.key { Scheme.release(key) }
        for element in self.more {
            if let key = element.key { Scheme.release(key) }
        }
    }
}
