public import Stencil

/// The `{% cache %}` tag, for an `Environment`.
///
/// ``FragmentRenderer`` and `Environment.renderCached` add it by themselves. Put it into an environment whose templates are
/// also parsed by others:
///
/// ```swift
/// let environment = Environment(loader: loader, extensions: [FragmentCacheExtension()])
/// ```
///
/// Stencil's own functions refuse to render the tag: they cannot wait for a cache.
public final class FragmentCacheExtension: Extension {
    /// Registers the tag.
    public override init() {
        super.init()
        self.registerTag("cache") { try CacheTag.parse($0, $1) }
    }
}

/// Not Sendable, as Stencil's extensions are not.
@available(*, unavailable)
extension FragmentCacheExtension: Sendable {}
