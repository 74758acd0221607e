import Synchronization

/// What a fill can say about the value it makes.
public final class FillContext: Sendable {
    private struct Wishes {
        var timeToLive: TimeToLive?
        var isStored = true
    }

    private let wishes: Mutex<Wishes>

    init(ttl: TimeToLive?) {
        self.wishes = Mutex(Wishes(timeToLive: ttl))
    }

    /// How long the value is to stay fresh; at first what the call to `fetch` said.
    ///
    /// A token that says when it expires sets it to the time it has left. `nil` means for ever, zero or less that the
    /// value is not stored.
    public var ttl: TimeToLive? {
        get { self.wishes.withLock { $0.timeToLive } }
        set { self.wishes.withLock { $0.timeToLive = newValue } }
    }

    /// Hands the value to those who wait for it, and stores nothing.
    public func doNotStore() {
        self.wishes.withLock { $0.isStored = false }
    }

    var isStored: Bool { self.wishes.withLock { $0.isStored } }
}

/// The fills that the current task is part of, innermost first.
///
/// A fill that asks for its own key would wait for itself, so `fetch` looks here before it waits.
final class FillScope: Sendable {
    @TaskLocal static var current: FillScope?

    private let cache: ObjectIdentifier
    private let keys: [StoreKey]
    private let outer: FillScope?
    private let isOver = Atomic<Bool>(false)

    init(_ cache: ObjectIdentifier, _ keys: [StoreKey], within outer: FillScope?) {
        self.cache = cache
        self.keys = keys
        self.outer = outer
    }

    /// Refuses keys that a fill around this task is making.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fillReentered``.
    static func check(_ cache: ObjectIdentifier, _ keys: [StoreKey]) throws {
        var scope = Self.current
        while let here = scope {
            if here.cache == cache, !here.isOver.load(ordering: .acquiring),
                let key = keys.first(where: here.keys.contains)
            {
                throw CacheError(.fillReentered, "a fill must not fetch the key that it fills", key: key.name)
            }
            scope = here.outer
        }
    }

    /// The fill has ended.
    ///
    /// A task that it has left behind may fetch its keys like any other.
    func end() {
        self.isOver.store(true, ordering: .releasing)
    }
}
