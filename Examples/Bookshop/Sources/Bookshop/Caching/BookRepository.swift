import Larder

/// The books as the rest of the shop sees them: from the cache where they are there, else from the catalogue.
struct BookRepository: Sendable {
    /// A title was saved, but the cache did not hear of it.
    struct InvalidationFailed: Error {
        let underlying: any Error
    }

    /// Books change rarely, and a change removes them; shelves never change.
    private static let bookTTL = TimeToLive.hours(1)

    let catalogue: Catalogue
    let cache: ShopCache

    // MARK: Reading

    func shelves() async throws -> Answer<[Shelf]> {
        try await self.cache.lists.answer(for: .shelves) {
            try await self.catalogue.shelves()
        }
    }

    func book(_ id: Int) async throws -> Answer<Book?> {
        try await self.cache.books.answer(for: .book(id), ttl: Self.bookTTL) {
            try await self.catalogue.book(id)
        }
    }

    func top(ofShelf slug: String) async throws -> Answer<TopOfShelf?> {
        try await self.cache.lists.answer(for: .top(ofShelf: slug)) {
            try await self.catalogue.top(ofShelf: slug)
        }
    }

    func page(_ number: Int, ofShelf slug: String?) async throws -> Answer<BookPage?> {
        try await self.cache.lists.answer(for: .page(number, ofShelf: slug)) {
            try await self.catalogue.page(number, ofShelf: slug)
        }
    }

    func search(_ query: SearchQuery, onShelf slug: String?) async throws -> Answer<[BookSummary]?> {
        try await self.cache.lists.answer(for: .search(query, onShelf: slug)) {
            try await self.catalogue.search(query, onShelf: slug)
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
    /// - Throws: ``InvalidationFailed`` if the title was saved but a list or the book may still be cached. Doing the
    ///   same again is safe and mends it.
    func rename(_ id: Int, to title: String) async throws -> Book? {
        // A task of its own, which a visitor who hangs up cannot cancel between the two steps.
        try await Task {
            guard try await self.catalogue.rename(id, to: title) else { return nil }
            do {
                _ = try await self.cache.books.remove(CacheKey<Book?>.book(id))
                try await self.cache.lists.clear()
            } catch {
                throw InvalidationFailed(underlying: error)
            }
            return try await self.catalogue.book(id)
        }.value
    }
}
