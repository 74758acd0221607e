/// A bounded cache in the memory of this process, for any number of threads.
///
/// ```swift
/// let covers = MemoryCache<Int, Data>(limit: .cost(64 << 20) { _, data in data.count })
/// covers.insert(data, forKey: 42, ttl: .seconds(600))
/// let cover = covers[42]
/// ```
///
/// It holds never more than its limit, at no moment and however many threads write. When it is full, a policy that
/// adapts to the traffic decides what leaves: what is asked for often stays, what passes through once does not push it
/// out, and where only recent keys matter, they get the room. There is nothing to tune.
///
/// Reading takes a hash, a short lock of one shard of the cache and no memory. Values come out as they went in: nothing
/// is encoded or copied.
///
/// An entry whose time is over is absent for every call from that instant on. Its memory is freed when it is read, when
/// room is needed, or a little later by the calls that follow, some of which look at a few entries; nothing runs in the
/// background, unless you run `sweep(every:)`. `removeExpired()` frees all of it at once.
///
/// Two `String` keys are the same if their UTF-8 is. That is finer than `==` on strings, for which a composed and a
/// decomposed "é" are equal: here they are two keys, as they are for every other cache. All other keys are compared with
/// `==`.
///
/// Beyond reading and writing: ``update(forKey:_:)`` changes an entry in one step, ``fetch(forKey:ttl:_:)`` makes a value
/// once for all who wait, a ``RemovalListener`` hears of what leaves, ``save(to:codec:)`` and ``load(from:codec:)`` let a
/// process start warm. <doc:MemoryCaches> shows them.
///
/// Nothing that the cache drops is released while a lock is held, so a value's deinitialiser may use the cache.
public final class MemoryCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// A value and when it expires.
    public typealias Entry = MemoryCacheEntry<Value>

    /// Gets the key and the value of an entry that has left, and why it did.
    ///
    /// It is called with nothing locked, so it may use the cache. For each key it is called in the order in which the
    /// entries left, and never by two threads at a time. It runs on the thread of whoever changed the cache (a read that
    /// finds an entry whose time is over changes it too), or of another who was changing the cache at the same time: so
    /// an operation may return before the listener has been told of what it did, and a slow listener holds up those who
    /// write, while the values that it has not been told of yet stay in memory. Hand slow work to a task or a queue of your
    /// own. It cannot throw; what can fail it has to handle.
    ///
    /// A value that was refused as too heavy has never been in the cache, and is not reported; what it would have
    /// replaced is. What is still in a cache when the cache goes is not reported either.
    public typealias RemovalListener = @Sendable (Key, Value, RemovalCause) -> Void

    /// A `ShardedCache`: of strings if the keys are strings, of hashables otherwise.
    ///
    /// Which one the type of the key says, so the compiler knows it wherever it knows the key.
    @usableFromInline let storage: any AnyObject & Sendable

    @usableFromInline typealias Strings = ShardedCache<StringScheme, Value>
    @usableFromInline typealias Hashables = ShardedCache<HashableScheme<Key>, Value>

    /// Makes an empty cache.
    ///
    /// - Parameters:
    ///   - limit: How much it holds at most.
    ///   - clock: Where the time comes from.
    ///   - onRemoval: Told of every entry that leaves; see ``RemovalListener``.
    public init(limit: Limit, clock: CacheClock = .system, onRemoval: RemovalListener? = nil) {
        let layout: ShardLayout
        let cost: (@Sendable (Key, Value) -> Int)?
        switch limit.kind {
        case .entries(let count):
            layout = ShardLayout(entries: count)
            cost = nil
        case .cost(let total, let function):
            layout = ShardLayout(cost: total)
            cost = function
        }
        if Key.self == String.self {
            let ofString = cost.map { cost in
                { @Sendable (key: String, value: Value) in cost(unsafeBitCast(key, to: Key.self), value) }
            }
            let listenerOfString = onRemoval.map { listener in
                { @Sendable (key: String, value: Value, cause: RemovalCause) in
                    listener(unsafeBitCast(key, to: Key.self), value, cause)
                }
            }
            self.storage = Strings(layout, cost: ofString, clock: clock, onRemoval: listenerOfString)
        } else {
            self.storage = Hashables(layout, cost: cost, clock: clock, onRemoval: onRemoval)
        }
    }

    @inlinable
    @inline(__always)
    var strings: Strings {
        unsafeDowncast(self.storage, to: Strings.self)
    }

    @inlinable
    @inline(__always)
    var hashables: Hashables {
        unsafeDowncast(self.storage, to: Hashables.self)
    }

    /// The key as the string that it is.
    ///
    /// Only where `Key` is `String`.
    @inlinable
    @inline(__always)
    static func string(_ key: Key) -> String {
        unsafeBitCast(key, to: String.self)
    }
}
