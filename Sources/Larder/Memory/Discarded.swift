/// What left a shard while its lock was held, kept alive until the lock is free.
///
/// A value's deinitialiser is its author's code: it may be slow, and it may use the cache. So whoever changes a shard
/// makes one of these before it takes the lock and releases it after.
@usableFromInline
struct Discarded<Scheme: KeyScheme, Value: Sendable>: Sendable {
    /// A value that left.
    @usableFromInline
    struct Element: Sendable {
        /// The key that left with it; `nil` where the key is the one that the operation is about, and may have stayed.
        @usableFromInline var key: Scheme.Stored?
        @usableFromInline var value: Value
        /// Why an entry left; `nil` for a value that is only kept alive, and of which no listener is told.
        @usableFromInline var cause: RemovalCause?

        @inlinable
        init(key: Scheme.Stored?, value: Value, cause: RemovalCause?) {
            self.key = key
            self.value = value
            self.cause = cause
        }
    }

    /// The first, apart from the others: most operations discard one or none, and this way need no memory for it.
    @usableFromInline var first: Element?
    @usableFromInline var more: [Element] = []

    @inlinable
    init() {}

    @inlinable
    mutating func append(key: Scheme.Stored?, value: Value, cause: RemovalCause?) {
        if self.first == nil {
            self.first = Element(key: key, value: value, cause: cause)
        } else {
            self.more.append(Element(key: key, value: value, cause: cause))
        }
    }

    /// Frees the keys; the values go with this value.
    @inlinable
    consuming func release() {
        if let key = self.first?.key { Scheme.release(key) }
        for element in self.more {
            if let key = element.key { Scheme.release(key) }
        }
    }
}
