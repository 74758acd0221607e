import HTTPTypes
import Hummingbird
import LarderHummingbird

/// The books as pages.
struct PageRoutes: Sendable {
    let shop: Storefront
    let pages: PageRenderer

    private var repository: BookRepository { self.shop.repository }

    /// Adds the pages that are kept as a whole.
    func addKept(to router: RouterGroup<ShopContext>) {
        router.get("/") { request, context in
            // The first page of all books knows how many there are, and is the page that most visitors see next.
            async let books = Answer { try await self.repository.page(1, ofShelf: nil) }
            async let sidebar = self.sidebar(request, context)
            let page = try await ShelvesPage(books: books.value?.total ?? 0) { try await self.repository.shelves() }
            return try await self.pages.response(page, titled: "Shelves", status: books.status, sidebar: sidebar)
                .kept(after: books.status, request)
        }
        router.get("shelves/:slug") { request, context in
            let slug = try context.shelfSlug()
            let answer = try await Answer { try await self.repository.top(ofShelf: slug) }
            let page = ShelfPage(try answer.found("There is no such shelf."))
            return try await self.pages.response(page, titled: page.label, status: answer.status).kept(
                after: answer.status,
                request
            )
        }
        router.get("books") { request, _ in
            let query = try QueryItems(request)
            let (number, slug) = (try query.page(), try query.shelf())
            let answer = try await Answer { try await self.repository.page(number, ofShelf: slug) }
            let page = BooksPage(try answer.found("There is no such shelf, or it has no such page."))
            return try await self.pages.response(page, titled: page.heading, status: answer.status).kept(
                after: answer.status,
                request,
                reading: ["page", "shelf"]
            )
        }
        router.get("books/:id") { request, context in
            let id = try context.bookID()
            // Beside the book, so that it costs no time of its own.
            async let sidebar = self.sidebar(request, context, besides: id)
            let answer = try await Answer { try await self.repository.book(id) }
            let page = SingleBookPage(try answer.found("There is no such book."))
            return try await self.pages.response(page, titled: page.heading, status: answer.status, sidebar: sidebar)
                .kept(after: answer.status, request)
        }
    }

    /// Adds the pages that are made anew each time.
    func addLive(to router: RouterGroup<ShopContext>) {
        self.shop.searchLimits.group(in: router).get("search") { request, _ in
            try await self.search(QueryItems(request))
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

    private func search(_ query: QueryItems) async throws -> Response {
        let (wanted, slug) = (try query.search(), try query.shelf())
        let answer = try await Answer { try await self.repository.search(wanted, onShelf: slug) }
        let result = try answer.found("There is no such shelf.")
        let text = query["q"] ?? ""
        return try await self.pages.response(
            SearchPage(result, query: text),
            titled: "Search for “\(text)”",
            query: text,
            status: answer.status
        )
    }

    /// What stands beside a page that a visitor sees whom the shop knows.
    ///
    /// Who brings no session gets the page that is for everybody. Asking for the session is what makes a page somebody's.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: Who asks.
    ///   - id: A book that is on the page anyway.
    /// - Returns: The sidebar; `nil` for somebody new.
    /// - Throws: `SessionError`.
    private func sidebar(
        _ request: Request,
        _ context: ShopContext,
        besides id: Int? = nil
    ) async throws -> Sidebar? {
        guard request.bringsSession else { return nil }
        let session = try await context.session
        guard let visitor = session.visitor else { return nil }
        let ids = (session[.recentlyViewed] ?? []).filter { $0 != id }.prefix(Sidebar.mostBooks)
        let name = session.user == nil ? nil : session[.name]
        let key = "\(visitor.id):\(ids.map(String.init).joined(separator: ",")):\(name ?? "")"
        return Sidebar(key: key, name: name) {
            let books = try await self.repository.summaries(of: Array(ids))
            return ids.compactMap { books[$0] }
        }
    }
}
