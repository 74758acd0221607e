public import Stencil

/// A value of a template's context that is made when the template needs it, and not otherwise.
///
/// A fragment that is in the cache needs none, so it costs no work in the database:
///
/// ```swift
/// let page = try await renderer.render(templateNamed: "shelf.html", context: [
///     "slug": slug,
///     "books": LazyValue { try await database.books(of: slug) },
/// ])
/// ```
///
/// It is made once for the page around the fragments, and once for each fragment that is rendered and uses it: a fragment's
/// data has to be read after its lease was taken, or an invalidation in between would be lost. What the closure reads from
/// the fragment's cache, and what it names in ``/Larder/Cache/depends(on:)-(String...)``, becomes the fragment's tags.
///
/// Templates use it as they would use the value: `{{ books.count }}`, `{% for book in books %}`, `{% if books %}`. It can also
/// stand within a dictionary or a struct of the context.
public final class LazyValue: Sendable {
    let make: @Sendable () async throws -> (any Sendable)?

    /// Describes a value by how it is made.
    ///
    /// - Parameter make: Makes the value; `nil` is nothing, as where the context lacks the name. What it throws, the render
    ///   throws.
    public init(_ make: @escaping @Sendable () async throws -> (any Sendable)?) {
        self.make = make
    }
}

extension LazyValue: Resolvable {
    /// What Stencil calls where a template names the value.
    ///
    /// - Parameter context: The context.
    /// - Returns: The value.
    /// - Throws: `TemplateSyntaxError` where the template is not rendered by ``FragmentRenderer``.
    public func resolve(_ context: Context) throws -> Any? {
        guard let pass = RenderPass.current else {
            throw TemplateSyntaxError(
                "a LazyValue is made by FragmentRenderer or Environment.renderCached(templateNamed:…), "
                    + "not by Stencil's own functions"
            )
        }
        return try pass.value(of: self)
    }
}

extension LazyValue: DynamicMemberLookup {
    /// What Stencil calls where a template names a member of the value.
    ///
    /// - Parameter member: The member's name.
    public subscript(dynamicMember member: String) -> Any? {
        RenderPass.current?.member(member, of: self)
    }
}
