import Foundation
import HTTPTypes
import Hummingbird

/// The books as JSON.
struct BookAPI: Sendable {
    /// The longest title that is taken, in bytes.
    private static let longestTitle = 1_000

    let shop: Storefront

    private var repository: BookRepository { self.shop.repository }

    func addReading(to group: RouterGroup<ShopContext>) {
        group.get("shelves") { request, context in
            let answer = try await Answer { try await self.repository.shelves() }
            return try Self.json(ShelvesBody(shelves: answer.value), answer.status, request, context)
        }
        group.get("shelves/:slug/top") { request, context in
            let slug = try context.shelfSlug()
            let answer = try await Answer { try await self.repository.top(ofShelf: slug) }
            let top = try answer.found("There is no such shelf.")
            let body = TopBody(shelf: top.shelf, books: top.books)
            return try Self.json(body, answer.status, request, context)
        }
        group.get("books") { request, context in
            let query = try QueryItems(request)
            let (number, slug) = (try query.page(), try query.shelf())
            let answer = try await Answer { try await self.repository.page(number, ofShelf: slug) }
            let page = try answer.found("There is no such shelf, or it has no such page.")
            return try Self.json(PageBody(page), answer.status, request, context)
        }
        group.get("books/:id") { request, context in
            let id = try context.bookID()
            let answer = try await Answer { try await self.repository.book(id) }
            let book = try answer.found("There is no such book.")
            return try Self.json(BookBody(book), answer.status, request, context)
        }
        self.shop.searchLimits.group(in: group).get("search") { request, context in
            let query = try QueryItems(request)
            let (wanted, shelf) = (try query.search(), try query.shelf())
            let answer = try await Answer { try await self.repository.search(wanted, onShelf: shelf) }
            let result = try answer.found("There is no such shelf.")
            return try Self.json(SearchBody(books: result.books), answer.status, request, context)
        }
    }

    func addWriting(to group: RouterGroup<ShopContext>) {
        group.put("books/:id") { request, context in
            let id = try context.bookID()
            let change = try await request.json(as: TitleChange.self, expected: "{\"title\": \"...\"}")
            guard let book = try await self.repository.rename(id, to: Self.checked(change.title)) else {
                throw HTTPError(.notFound, message: "There is no such book.")
            }
            return try BookBody(book).response(from: request, context: context)
        }
    }

    private static func checked(_ title: String) throws -> String {
        let lines = title.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter {
            !$0.isEmpty
        }
        let title = lines.joined(separator: "\n")
        let control = title.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control }
        guard !title.isEmpty, title.utf8.count <= Self.longestTitle, !control else {
            throw HTTPError(
                .badRequest,
                message: "A title has 1 to \(Self.longestTitle) bytes and no control characters but line breaks."
            )
        }
        return title
    }

    private static func json(
        _ body: some ResponseEncodable,
        _ status: CacheStatus,
        _ request: Request,
        _ context: ShopContext
    ) throws -> Response {
        var response = try body.response(from: request, context: context)
        response.headers[.cacheStatus] = status.headerValue
        return response
    }
}

extension Answer {
    /// What was found.
    ///
    /// Nothing is a 404, which says as well whether it came from the cache.
    func found<Found>(_ otherwise: String) throws -> Found where Value == Found? {
        guard let found = self.value else {
            throw HTTPError(.notFound, headers: [.cacheStatus: self.status.headerValue], message: otherwise)
        }
        return found
    }
}

// MARK: Bodies

private struct TitleChange: Decodable {
    let title: String
}

private struct ShelvesBody: ResponseEncodable {
    let shelves: [Shelf]
}

private struct TopBody: ResponseEncodable {
    let shelf: Shelf
    let books: [BookSummary]
}

private struct SearchBody: ResponseEncodable {
    let books: [BookSummary]
}

private struct PageBody: ResponseEncodable {
    let books: [BookSummary]
    let page: Int
    let pages: Int
    let hasNext: Bool
    let hasPrevious: Bool

    init(_ page: BookPage) {
        self.books = page.books
        self.page = page.page
        self.pages = page.pages
        self.hasNext = page.hasNext
        self.hasPrevious = page.hasPrevious
    }
}

/// A book as the API shows it: like the catalogue's own columns, with lists where those have them.
private struct BookBody: ResponseEncodable {
    let id: Int
    let title: String
    let authors: [String]
    let language: String
    let issued: String
    let shelves: [String]
    let subjects: [String]

    init(_ book: Book) {
        self.id = book.id
        self.title = book.title
        self.authors = book.authors
        self.language = book.language
        self.issued = book.issued
        self.shelves = book.shelves.map(\.name)
        self.subjects = book.subjects
    }
}
