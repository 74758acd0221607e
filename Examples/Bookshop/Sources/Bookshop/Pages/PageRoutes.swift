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
            async let books = Answer { try await self.repository.page(1, ofShelf: nil) }
            async let sidebar = self.sidebar(context)
            let page = try await ShelvesPage(books: books.value?.total ?? 0) { try await self.repository.shelves() }
            return try await self.pages.response(page, titled: "Shelves", status: books.status, sidebar: sidebar)
        }
        router.get("shelves/:slug") { _, context in
            let slug = try context.shelfSlug()
            async let sidebar = self.sidebar(context)
            let answer = try await Answer { try await self.repository.top(ofShelf: slug) }
            let page = ShelfPage(try answer.found("There is no such shelf."))
            return try await self.pages.response(page, titled: page.label, status: answer.status, sidebar: sidebar)
        }
        router.get("books") { request, context in
            let query = try QueryItems(request)
            let (number, slug) = (try query.page(), try query.shelf())
            async let sidebar = self.sidebar(context)
            let answer = try await Answer { try await self.repository.page(number, ofShelf: slug) }
            let page = BooksPage(try answer.found("There is no such shelf, or it has no such page."))
            return try await self.pages.response(page, titled: page.heading, status: answer.status, sidebar: sidebar)
        }
        router.get("books/:id") { request, context in
            let id = try context.bookID()
            // Beside the book, so that it costs no time of its own.
            async let sidebar = self.sidebar(context, besides: id)
            let answer = try await Answer { try await self.repository.book(id) }
            let book = try answer.found("There is no such book.")
            let page = SingleBookPage(book)
            // Before it is noted that they have seen this one, or that might be among those that they saw before.
            let others = try await sidebar
            if request.method == .get { self.shop.recorder.note(.book(book.id, context.visitor)) }
            return try await self.pages.response(page, titled: page.heading, status: answer.status, sidebar: others)
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
        async let sidebar = self.sidebar(context)
        let answer = try await Answer { try await self.repository.search(wanted, onShelf: slug) }
        let result = try answer.found("There is no such shelf.")
        let text = query["q"] ?? ""
        return try await self.pages.response(
            SearchPage(result, query: text),
            titled: "Search for “\(text)”",
            query: text,
            status: answer.status,
            sidebar: sidebar
        )
    }

    /// What stands beside a page that this visitor sees.
    ///
    /// - Parameters:
    ///   - context: Who asks.
    ///   - id: A book that is on the page anyway.
    /// - Returns: The sidebar.
    /// - Throws: What the catalogue throws.
    private func sidebar(_ context: ShopContext, besides id: Int? = nil) async throws -> Sidebar {
        let viewed = try await self.shop.recentlyViewed(by: context.visitor, besides: id)
        let ids = viewed.prefix(Sidebar.mostBooks).map(\.id)
        // All who have looked at nothing yet share one.
        let key = ids.isEmpty ? "" : "\(context.visitor?.id ?? ""):\(ids.map(String.init).joined(separator: ","))"
        return Sidebar(key: key, name: nil) {
            let books = try await self.repository.summaries(of: ids)
            return ids.compactMap { books[$0] }
        }
    }
}
