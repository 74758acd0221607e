import Foundation
import HTTPTypes
import Hummingbird
import Mustache
import NIOCore

/// What stands in the middle of a page.
protocol PageContent: Sendable {
    /// The template that shows it.
    static var template: String { get }
}

/// Makes pages from the templates in `Resources/templates`.
struct PageRenderer: Sendable {
    /// A template is missing, or the resources were not installed along with the program.
    struct MissingTemplate: Error, CustomStringConvertible {
        let name: String
        var description: String { "there is no template \(self.name)" }
    }

    /// What the layout shows around the content.
    private struct Page<Content: PageContent>: Sendable {
        let title: String
        /// What the search box holds.
        let query: String
        /// The line at the foot.
        let note: String
        let content: Content
    }

    private static let names = [
        "analytics", "bar-chart", "book", "books", "books-list", "error", "layout", "leaderboard", "limit", "recent",
        "search", "shelf", "shelves", "stats",
    ]

    private let library: MustacheLibrary

    init() throws {
        var library = MustacheLibrary()
        for name in Self.names {
            guard let url = Bundle.module.url(forResource: name, withExtension: "mustache", subdirectory: "templates")
            else { throw MissingTemplate(name: name) }
            try library.register(ScalarHTML.pragma + String(contentsOf: url, encoding: .utf8), named: name)
        }
        self.library = library
    }

    /// Makes a page.
    ///
    /// - Parameters:
    ///   - content: What stands in the middle.
    ///   - title: The page's title.
    ///   - query: What the search box holds.
    ///   - status: How the content came about; `nil` for pages that cannot come from the cache.
    /// - Returns: The page, with status 200.
    /// - Throws: ``MissingTemplate``.
    func response<Content: PageContent>(
        _ content: Content,
        titled title: String,
        query: String = "",
        status: CacheStatus? = nil
    ) throws -> Response {
        let page = Page(title: title, query: query, note: status?.sentence ?? "", content: content)
        guard let html = self.library.render(page, withTemplate: Content.template) else {
            throw MissingTemplate(name: Content.template)
        }
        let body = ByteBuffer(string: html)
        var headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8",
            .contentLength: "\(body.readableBytes)",
        ]
        headers[.cacheStatus] = status?.headerValue
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
    }
}
