import Synchronization

/// The fills that the current task is part of, innermost first.
///
/// A fill that asks for its own key would wait for itself, so who is about to wait looks here before; and what a fill
/// fetches hands its tags up to it.
enum CurrentFill {
    @TaskLocal static var scope: (any AnyFillScope)?

    /// The innermost fill of a cache that the current task is part of.
    static func context(of cache: ObjectIdentifier) -> FillContext? {
        var scope = Self.scope
        while let here = scope {
            if here.cache == cache, let context = here.context { return context }
            scope = here.outer
        }
        return nil
    }

    /// Refuses to wait for a lease that belongs to a fill around this task, through whichever cache.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fillReentered``.
    static func check(_ token: LeaseToken, _ key: StoreKey) throws {
        var scope = Self.scope
        while let here = scope {
            if here.tokens.contains(token), !here.isOver { throw CacheError.fillReentered(key.name) }
            scope = here.outer
        }
    }
}

/// The scope of a fill, whatever its keys are.
protocol AnyFillScope: AnyObject, Sendable {
    /// The cache that fills.
    var cache: ObjectIdentifier { get }
    /// The fill in which this one was asked for.
    var outer: (any AnyFillScope)? { get }
    /// Where the fill's tags are gathered; `nil` in caches that have none.
    var context: FillContext? { get }
    /// The tokens of the fill's leases.
    var tokens: Set<LeaseToken> { get }
    /// Whether the fill has ended.
    var isOver: Bool { get }
}

/// One fill, for as long as it runs.
final class FillScope<Key: Hashable & Sendable>: AnyFillScope {
    let cache: ObjectIdentifier
    let context: FillContext?
    let tokens: Set<LeaseToken>
    let outer: (any AnyFillScope)?
    private let keys: [Key]
    private let hasEnded = Atomic<Bool>(false)

    init(
        _ cache: ObjectIdentifier,
        _ keys: [Key],
        context: FillContext? = nil,
        tokens: Set<LeaseToken> = [],
        within outer: (any AnyFillScope)?
    ) {
        self.cache = cache
        self.keys = keys
        self.context = context
        self.tokens = tokens
        self.outer = outer
    }

    var isOver: Bool { self.hasEnded.load(ordering: .acquiring) }

    /// Refuses keys that a fill around this task is making.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fillReentered``.
    static func check(_ cache: ObjectIdentifier, _ keys: [Key], name: (Key) -> String) throws {
        var scope = CurrentFill.scope
        while let here = scope {
            if let fill = here as? FillScope<Key>, fill.cache == cache, !fill.isOver,
                let key = keys.first(where: fill.keys.contains)
            {
                throw CacheError.fillReentered(name(key))
            }
            scope = here.outer
        }
    }

    /// The fill has ended.
    ///
    /// A task that it has left behind may fetch its keys like any other.
    func end() {
        self.hasEnded.store(true, ordering: .releasing)
    }
}

extension CacheError {
    /// A fill asked for its own key.
    fileprivate static func fillReentered(_ key: String) -> Self {
        .init(.fillReentered, "a fill must not fetch the key that it fills", key: key)
    }
}
