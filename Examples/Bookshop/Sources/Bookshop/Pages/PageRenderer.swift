import HTTPTypes
import Hummingbird
import Larder
import LarderStencil
import NIOCore
import Stencil

/// What stands in the middle of a page.
///
/// Templates find its properties by name. The layout around it has two names of its own, `page` and `sidebar`.
protocol PageContent: Sendable {
    /// The template that shows it.
    static var template: String { get }
}

/// Makes pages from the templates in `Resources/templates`, with fragments that are kept in a cache.
struct PageRenderer: Sendable {
    /// What the layout shows around the content.
    private struct Page: Sendable {
        let title: String
        /// What the search box holds.
        let query: String
    }

    private let renderer: FragmentRenderer

    /// Reads the templates.
    ///
    /// - Parameter cache: Where fragments are kept: the cache that what they show is read through, so that they fall with it.
    /// - Throws: ``Templates/Missing``; `TemplateSyntaxError`.
    init(cache: Cache) throws {
        self.renderer = FragmentRenderer(environment: Environment(loader: try Templates()), cache: cache)
    }

    /// Makes a page.
    ///
    /// - Parameters:
    ///   - content: What stands in the middle.
    ///   - title: The page's title.
    ///   - query: What the search box holds.
    ///   - status: How the content came about, for the `Cache-Status` header; `nil` for no such header.
    ///   - sidebar: What stands beside the content; `nil` for nothing.
    /// - Returns: The page, with status 200.
    /// - Throws: ``TemplateContext/Unshowable``; what the content and the sidebar throw that are only made while they are
    ///   shown; `CacheError` where that takes too long.
    func response<Content: PageContent>(
        _ content: Content,
        titled title: String,
        query: String = "",
        status: CacheStatus? = nil,
        sidebar: Sidebar? = nil
    ) async throws -> Response {
        let html = try await self.html(content, titled: title, query: query, sidebar: sidebar)
        let body = ByteBuffer(string: html)
        var headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8",
            .contentLength: "\(body.readableBytes)",
        ]
        headers[.cacheStatus] = status?.headerValue
        // Who goes back after somebody has signed out is not to see who that was. Browsers restore a page as it was left, whatever it
        // says, unless it may not be stored.
        if sidebar?.name != nil { headers[.cacheControl] = "private, no-store" }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
    }

    /// The page itself, as ``response(_:titled:query:status:sidebar:)`` sends it.
    func html<Content: PageContent>(
        _ content: Content,
        titled title: String,
        query: String = "",
        sidebar: Sidebar? = nil
    ) async throws -> String {
        var context = try TemplateContext.of(content)
        context["page"] = try TemplateContext.of(Page(title: title, query: query))
        context["sidebar"] = try sidebar.map { try TemplateContext.of($0.content) }
        return try await self.renderer.render(templateNamed: "\(Content.template).html", context: context)
    }
}
