public import Larder
public import Stencil

/// Renders Stencil templates whose `{% cache %}` fragments live in caches.
///
/// ```swift
/// let renderer = FragmentRenderer(environment: Environment(loader: loader), caches: caches)
///
/// let page = try await renderer.render(templateNamed: "index.html", context: [
///     "user": user,
///     "books": LazyValue { try await database.bestsellers() },
/// ])
/// ```
///
/// ```text
/// {% cache 300 sidebar user.id %}
///   {% for book in books %}...{% endfor %}
/// {% endcache %}
/// ```
///
/// All fragments of a page are read together, with one request to each cache. A missing one is rendered by whoever took its
/// lease, in the whole fleet, and is not stored if its data was invalidated meanwhile. While a cache is unavailable, its
/// fragments are rendered and not stored.
///
/// <doc:Fragments> tells how to write them.
public struct FragmentRenderer: Sendable {
    private let environment: SharedEnvironment
    private let caches: Caches

    /// Makes a renderer.
    ///
    /// - Parameters:
    ///   - environment: Where templates, tags and filters come from. They are used by several tasks at the same time, so
    ///     nothing may be registered any more, and filters, tags and the loader must not change anything that they share.
    ///   - caches: Where fragments are kept: in the one that a tag names, else in ``/Larder/Caches/fragments``.
    public init(environment: Environment, caches: Caches) {
        self.environment = SharedEnvironment(environment)
        self.caches = caches
    }

    /// Makes a renderer that keeps all fragments in one cache, whose name is `default`.
    ///
    /// - Parameters:
    ///   - environment: Where templates, tags and filters come from, as for ``init(environment:caches:)``.
    ///   - cache: Where fragments are kept.
    public init(environment: Environment, cache: Cache) {
        self.init(environment: environment, caches: Caches(["default": cache]))
    }

    /// Renders a template.
    ///
    /// - Parameters:
    ///   - name: The template's name, for the environment's loader.
    ///   - context: What the template shows. Values that need work are ``LazyValue``s, so that a cached fragment does none.
    /// - Returns: The text.
    /// - Throws: `TemplateDoesNotExist` and `TemplateSyntaxError`, as Stencil does; what lazy values throw;
    ///   ``/Larder/CacheError``, such as ``/Larder/CacheError/Code/fillTimedOut``; `CancellationError`.
    public func render(templateNamed name: String, context: [String: any Sendable] = [:]) async throws -> String {
        try await Page(.name(name), context, self.environment, self.caches).text()
    }

    /// Renders a template that is given as text.
    ///
    /// - Parameters:
    ///   - template: The template.
    ///   - context: What it shows, as for ``render(templateNamed:context:)``.
    /// - Returns: The text.
    /// - Throws: As ``render(templateNamed:context:)``.
    public func render(templateString template: String, context: [String: any Sendable] = [:]) async throws -> String {
        try await Page(.text(template), context, self.environment, self.caches).text()
    }
}

extension Environment {
    /// Renders a template whose fragments live in caches; see ``FragmentRenderer``.
    ///
    /// - Parameters:
    ///   - name: The template's name, for the environment's loader.
    ///   - context: What the template shows.
    ///   - caches: Where fragments are kept.
    /// - Returns: The text.
    /// - Throws: As ``FragmentRenderer/render(templateNamed:context:)``.
    public func renderCached(
        templateNamed name: String,
        context: [String: any Sendable] = [:],
        caches: Caches
    ) async throws -> String {
        try await FragmentRenderer(environment: self, caches: caches).render(templateNamed: name, context: context)
    }

    /// Renders a template that is given as text, and whose fragments live in caches; see ``FragmentRenderer``.
    ///
    /// - Parameters:
    ///   - template: The template.
    ///   - context: What it shows.
    ///   - caches: Where fragments are kept.
    /// - Returns: The text.
    /// - Throws: As ``FragmentRenderer/render(templateNamed:context:)``.
    public func renderCached(
        templateString template: String,
        context: [String: any Sendable] = [:],
        caches: Caches
    ) async throws -> String {
        try await FragmentRenderer(environment: self, caches: caches).render(templateString: template, context: context)
    }
}

/// An environment that several tasks render with.
///
/// Stencil's types know nothing of `Sendable`. Rendering only reads an environment, of which this is a copy; its extensions are
/// objects, in which nothing changes once they are registered. The promise that a user's own loader, tags and filters keep to
/// that is asked for where a renderer is made.
struct SharedEnvironment: @unchecked Sendable {
    let environment: Environment

    init(_ environment: Environment) {
        var environment = environment
        if !environment.extensions.contains(where: { $0 is FragmentCacheExtension }) {
            environment.extensions.insert(FragmentCacheExtension(), at: 0)
        }
        self.environment = environment
    }
}
