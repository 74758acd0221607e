import HTTPTypes
import Hummingbird

/// The books as pages.
struct PageRoutes: Sendable {
    let shop: Storefront
    let pages: PageRenderer

    private var repository: BookRepository { self.shop.repository }

    func add(to router: RouterGroup<ShopContext>) {
        router.get("/") { _, context in
            // The first page of all books knows how many there are, and is the page that most visitors see next.
            async let shelves = Answer { try await self.repository.shelves() }
            async let books = Answer { try await self.repository.page(1, ofShelf: nil) }
            async let recent = self.shop.recentlyViewed(by: context.visitor)
            return try await self.pages.response(
                ShelvesPage(shelves.value, books: books.value?.total ?? 0, recent: recent),
                titled: "Shelves",
                status: shelves.status.combined(with: books.status)
            )
        }
        router.get("shelves/:slug") { _, context in
            let slug = try context.shelfSlug()
            let answer = try await Answer { try await self.repository.top(ofShelf: slug) }
            let page = ShelfPage(try answer.found("There is no such shelf."))
            return try self.pages.response(page, titled: page.label, status: answer.status)
        }
        router.get("books") { request, _ in
            let query = try QueryItems(request)
            let (number, slug) = (try query.page(), try query.shelf())
            let answer = try await Answer { try await self.repository.page(number, ofShelf: slug) }
            let page = BooksPage(try answer.found("There is no such shelf, or it has no such page."))
            return try self.pages.response(page, titled: page.heading, status: answer.status)
        }
        router.get("books/:id") { request, context in
            let id = try context.bookID()
            // Beside the book, so that it costs no time of its own.
            async let recent = self.shop.recentlyViewed(by: context.visitor, besides: id)
            let answer = try await Answer { try await self.repository.book(id) }
            let book = try answer.found("There is no such book.")
            let page = try await SingleBookPage(book, recent: recent)
            if request.method == .get { self.shop.recorder.note(.book(book.id, context.visitor)) }
            return try self.pages.response(page, titled: page.heading, status: answer.status)
        }
        router.get("search") { request, context in
            try await self.search(QueryItems(request), context)
        }
        router.get("stats") { _, _ in
            async let statistics = self.shop.statistics()
            async let visitors = self.shop.visitorsToday()
            var response = try await self.pages.response(
                StatisticsPage(statistics, visitorsToday: visitors),
                titled: "Statistics"
            )
            response.headers[.contentSecurityPolicy] = ContentSecurityPolicy.withScript
            return response
        }
    }

    private func search(_ query: QueryItems, _ context: ShopContext) async throws -> Response {
        let (wanted, slug) = (try query.search(), try query.shelf())
        try await self.shop.admitSearch(context)
        let answer = try await Answer { try await self.repository.search(wanted, onShelf: slug) }
        let result = try answer.found("There is no such shelf.")
        let text = query["q"] ?? ""
        return try self.pages.response(
            SearchPage(result, query: text),
            titled: "Search for “\(text)”",
            query: text,
            status: answer.status
        )
    }
}
