/// What left a shard while its lock was held, kept alive until the lock is free.
///
/// A value's deinitialiser is its author's code: it may be slow, and it may use the cache. So whoever changes a shard
/// makes one of these before it takes the lock and releases it after.
///
/// Not copyable, for the optimiser would copy it between the two, a tenth of what storing a value takes.
@usableFromInline
struct Discarded<Scheme: KeyScheme, Value: Sendable>: ~Copyable, Sendable {
    /// A value that left.
    ///
    /// The key is `nil` where it is the one that the operation is about, and may have stayed. The cause is `nil` for a
    /// value that is only kept alive, and of which no listener is told.
    @usableFromInline typealias Element = (key: Scheme.Stored?, value: Value, cause: RemovalCause?)

    /// The first value, apart from the others: most operations discard one or none, and this way need no memory for it.
    @usableFromInline var value: Value?
    @usableFromInline var key: Scheme.Stored?
    @usableFromInline var cause: RemovalCause?
    @usableFromInline var more: [Element] = []

    @inlinable
    init() {}

    @inlinable
    mutating func append(key: Scheme.Stored?, value: Value, cause: RemovalCause?) {
        if self.value == nil {
            self.key = key
            self.value = value
            self.cause = cause
        } else {
            self.more.append((key, value, cause))
        }
    }

    /// Takes over what another one holds.
    mutating func absorb(_ other: consuming Discarded) {
        for element in other.elements { self.append(key: element.key, value: element.value, cause: element.cause) }
    }

    /// All values, in the order in which they left.
    var elements: [Element] {
        guard let value = self.value else { return [] }
        return [(self.key, value, self.cause)] + self.more
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
