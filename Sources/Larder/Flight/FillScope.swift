import Synchronization

/// The fills that the current task is part of, innermost first.
///
/// A fill that asks for its own key would wait for itself, so who is about to wait looks here before.
enum CurrentFill {
    @TaskLocal static var scope: (any AnyFillScope)?
}

/// The scope of a fill, whatever its keys are.
protocol AnyFillScope: AnyObject, Sendable {
    /// The fill in which this one was asked for.
    var outer: (any AnyFillScope)? { get }
}

/// One fill, for as long as it runs.
final class FillScope<Key: Hashable & Sendable>: AnyFillScope {
    private let cache: ObjectIdentifier
    private let keys: [Key]
    let outer: (any AnyFillScope)?
    private let isOver = Atomic<Bool>(false)

    init(_ cache: ObjectIdentifier, _ keys: [Key], within outer: (any AnyFillScope)?) {
        self.cache = cache
        self.keys = keys
        self.outer = outer
    }

    /// Refuses keys that a fill around this task is making.
    ///
    /// - Throws: ``CacheError`` with ``CacheError/Code/fillReentered``.
    static func check(_ cache: ObjectIdentifier, _ keys: [Key], name: (Key) -> String) throws {
        var scope = CurrentFill.scope
        while let here = scope {
            if let fill = here as? FillScope<Key>, fill.cache == cache, !fill.isOver.load(ordering: .acquiring),
                let key = keys.first(where: fill.keys.contains)
            {
                throw CacheError(.fillReentered, "a fill must not fetch the key that it fills", key: name(key))
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
