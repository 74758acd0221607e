import Larder

/// The books as the rest of the shop sees them: from the cache where they are there, else from the catalogue.
///
/// What is cached is under the tags of the data that it was made of; see ``Tag``. Nearly all of them come by themselves:
/// a list of a shelf's fetches that shelf, and whatever is fetched inside a fill hands its tags up to it.
struct BookRepository: Sendable {
    /// A title was saved, but the cache did not hear of it.
    struct InvalidationFailed: Error {
        let underlying: any Error
    }

    let catalogue: Catalogue
    let cache: ShopCache

    private var larder: Cache { self.cache.larder }

    // MARK: Reading

    func shelves() async throws -> Answer<[Shelf]> {
        try await self.larder.answer(for: .shelves, tags: [Tag.shelves], policy: .lists) { _ in
            try await self.catalogue.shelves()
        }
    }

    func book(_ id: Int) async throws -> Answer<Book?> {
        try await self.larder.answer(for: .book(id), tags: [Tag.book(id)], policy: .rows) { _ in
            try await self.catalogue.book(id)
        }
    }

    /// What lists show of some books, each of them from the cache where it is there.
    ///
    /// - Parameter ids: The books' numbers.
    /// - Returns: Those of them that there are.
    /// - Throws: What the catalogue throws.
    func summaries(of ids: [Int]) async throws -> [Int: BookSummary] {
        // Each by itself, because each has a tag of its own. They are asked for together all the same.
        try await withThrowingTaskGroup(of: Book?.self) { group in
            for id in Set(ids) { group.addTask { try await self.book(id).value } }
            var summaries: [Int: BookSummary] = [:]
            for try await book in group { if let book { summaries[book.id] = BookSummary(book) } }
            return summaries
        }
    }

    func shelf(_ slug: String) async throws -> Answer<Shelf?> {
        try await self.larder.answer(for: .shelf(slug), tags: [Tag.shelf(slug)], policy: .rows) { _ in
            try await self.catalogue.shelf(slug)
        }
    }

    func top(ofShelf slug: String) async throws -> Answer<TopOfShelf?> {
        try await self.larder.answer(for: .top(ofShelf: slug), policy: .lists) { context in
            guard let shelf = try await self.shelf(slug).value else { return nil }
            let books = try await self.catalogue.top(of: shelf)
            // Which books they are is known only now, so their tags come after the reading. Larder stores the list
            // only if none of them was invalidated since the fill began.
            try context.addTags(books.map { Tag.book($0.id) })
            return TopOfShelf(shelf: shelf, books: books)
        }
    }

    func page(_ number: Int, ofShelf slug: String?) async throws -> Answer<BookPage?> {
        try await self.larder.answer(for: .page(number, ofShelf: slug), policy: .lists) { context in
            var shelf: Shelf?
            if let slug {
                shelf = try await self.shelf(slug).value
                if shelf == nil { return nil }
            } else {
                try await context.depends(on: Tag.books)
            }
            let page = try await self.catalogue.page(number, of: shelf)
            try context.addTags(page?.books.map { Tag.book($0.id) } ?? [])
            return page
        }
    }

    func search(_ query: SearchQuery, onShelf slug: String?) async throws -> Answer<[BookSummary]?> {
        // A new title can bring a book into a search that has never heard of it, so the tags of what is found do not do.
        try await self.larder.answer(
            for: .search(query, onShelf: slug),
            tags: [Tag.searches],
            policy: .lists
        ) { context in
            var shelf: Shelf?
            if let slug {
                shelf = try await self.shelf(slug).value
                if shelf == nil { return nil }
            }
            let books = try await self.catalogue.search(query, on: shelf)
            try context.addTags(books.map { Tag.book($0.id) })
            return books
        }
    }

    // MARK: Writing

    /// Gives a book another title; afterwards no call returns the old one.
    ///
    /// The database comes first. Then every fill that could still have read the old title began before the
    /// invalidation, and Larder keeps what such a fill brings out of the cache. The other way round, a request between
    /// the two steps would put the old title back.
    ///
    /// - Returns: The book, or `nil` where there is none of that number.
    /// - Throws: ``InvalidationFailed`` if the title was saved but the book or a list with it may still be cached. Doing
    ///   the same again is safe and mends it.
    func rename(_ id: Int, to title: String) async throws -> Book? {
        // A task of its own, which a visitor who hangs up cannot cancel between the two steps.
        try await Task {
            guard try await self.catalogue.rename(id, to: title) else { return nil }
            do {
                // Whatever shows the book, and whatever could show it now.
                try await self.larder.invalidate(tags: [Tag.book(id), Tag.searches])
            } catch {
                throw InvalidationFailed(underlying: error)
            }
            return try await self.catalogue.book(id)
        }.value
    }
}
