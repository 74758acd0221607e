import HTTPTypes
import Hummingbird

/// The books as pages.
struct PageRoutes: Sendable {
    let repository: BookRepository
    let pages: PageRenderer

    func add(to router: Router<ShopContext>) {
        router.get("/") { _, _ in
            // The first page of all books knows how many there are, and is the page that most visitors see next.
            async let shelves = self.repository.shelves()
            async let books = self.repository.page(1, ofShelf: nil)
            return try await self.pages.response(
                ShelvesPage(shelves.value, books: books.value?.total ?? 0),
                titled: "Shelves",
                status: shelves.status.combined(with: books.status)
            )
        }
        router.get("shelves/:slug") { _, context in
            let answer = try await self.repository.top(ofShelf: context.shelfSlug())
            let page = ShelfPage(try answer.found("There is no such shelf."))
            return try self.pages.response(page, titled: page.label, status: answer.status)
        }
        router.get("books") { request, _ in
            let query = try QueryItems(request)
            let answer = try await self.repository.page(query.page(), ofShelf: query.shelf())
            let page = BooksPage(try answer.found("There is no such shelf, or it has no such page."))
            return try self.pages.response(page, titled: page.heading, status: answer.status)
        }
        router.get("books/:id") { _, context in
            let answer = try await self.repository.book(context.bookID())
            let page = SingleBookPage(try answer.found("There is no such book."))
            return try self.pages.response(page, titled: page.heading, status: answer.status)
        }
        router.get("search") { request, _ in
            try await self.search(QueryItems(request))
        }
        router.get("stats") { _, _ in
            let statistics = await self.repository.cache.statistics()
            var response = try self.pages.response(StatisticsPage(statistics), titled: "Statistics")
            response.headers[.contentSecurityPolicy] = ContentSecurityPolicy.withScript
            return response
        }
    }

    private func search(_ query: QueryItems) async throws -> Response {
        let slug = try query.shelf()
        let answer = try await self.repository.search(query.search(), onShelf: slug)
        let books = try answer.found("There is no such shelf.")
        var status = answer.status
        var shelf: Shelf?
        if let slug {
            let row = try await self.repository.shelf(slug)
            status = status.combined(with: row.status)
            shelf = row.value
        }
        let text = query["q"] ?? ""
        return try self.pages.response(
            SearchPage(books, query: text, shelf: shelf),
            titled: "Search for “\(text)”",
            query: text,
            status: status
        )
    }
}
