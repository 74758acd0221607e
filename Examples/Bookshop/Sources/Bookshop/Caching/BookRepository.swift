import GRDB
import Larder
import LarderSQLite

/// The books as the rest of the shop sees them: from the caches where they are there, else from the catalogue.
///
/// No tag is written here. SQLite tells what a query reads and which rows are written, and what was made of them is
/// invalidated with the commit, whoever writes. Books are cached row by row, and lists by the numbers that are in them.
struct BookRepository: Sendable {
    /// The catalogue with the cache `books` before it.
    let books: CachedDatabase
    /// The same catalogue with the cache `searches` before it.
    let searches: CachedDatabase

    /// - Parameters:
    ///   - catalogue: The books.
    ///   - caches: What stands before them.
    ///   - options: How writes to the catalogue are noticed.
    /// - Throws: `DatabaseError` where the catalogue cannot be read.
    init(_ catalogue: Catalogue, _ caches: ShopCaches, _ options: CachedDatabaseOptions) throws {
        self.books = try CachedDatabase(catalogue.database, cache: caches.books, name: "catalogue", options: options)
        self.searches = try CachedDatabase(
            catalogue.database,
            cache: caches.searches,
            name: "catalogue",
            options: options
        )
    }

    // MARK: Reading

    /// All shelves, by name.
    func shelves() async throws -> [Shelf] {
        try await self.books.cachedFetchAll(SQLRequest<Shelf>.byName, key: "shelves")
    }

    /// A book, or `nil` where there is none of that number.
    func book(_ id: Int) async throws -> Book? {
        // Together, so that they take one round trip and not two.
        async let shelves = self.books.cachedFetchAll(SQLRequest<ShelfName>.holding(id), key: "shelves of \(id)")
        let row = try await BookRow.cached(id: id, in: self.books)
        let names = try await shelves
        return row.map { Book($0, shelves: names) }
    }

    /// What lists show of some books, all of them asked for at once.
    ///
    /// - Parameter ids: The books' numbers.
    /// - Returns: Those of them that there are.
    /// - Throws: What the catalogue throws.
    func summaries(of ids: [Int]) async throws -> [Int: BookSummary] {
        try await BookRow.cached(ids: ids, in: self.books).mapValues(BookSummary.init)
    }

    /// The top books of a shelf, or `nil` where there is none of that address.
    func top(ofShelf slug: String) async throws -> TopOfShelf? {
        let listing = try await self.books.cachedFetch("top:\(slug)") { reads -> ShelfListing? in
            guard let shelf = try reads.fetchOne(SQLRequest<Shelf>.at(slug)) else { return nil }
            return ShelfListing(shelf: shelf, ids: try reads.fetchAll(SQLRequest<Int>.top(of: slug)))
        }
        guard let listing else { return nil }
        return TopOfShelf(shelf: listing.shelf, books: try await self.list(listing.ids))
    }

    /// A page of all books, or of a shelf's, by number; `nil` where there is no such page.
    func page(_ number: Int, ofShelf slug: String?) async throws -> BookPage? {
        let listing = try await self.books.cachedFetch("page:\(slug ?? ""):\(number)") { reads -> PageListing? in
            var shelf: Shelf?
            if let slug {
                shelf = try reads.fetchOne(SQLRequest<Shelf>.at(slug))
                if shelf == nil { return nil }
            }
            let total = try shelf?.books ?? reads.fetchOne(SQLRequest<Int>.total) ?? 0
            guard (1...BookPage.count(for: total)).contains(number) else { return nil }
            let ids = try reads.fetchAll(SQLRequest<Int>.page(number, of: slug))
            return PageListing(shelf: shelf, total: total, ids: ids)
        }
        guard let listing else { return nil }
        return BookPage(
            books: try await self.list(listing.ids),
            page: number,
            pages: BookPage.count(for: listing.total),
            total: listing.total,
            shelf: listing.shelf
        )
    }

    /// The books whose title and authors have all the words, best first; `nil` where there is no shelf of that address.
    func search(_ query: SearchQuery, onShelf slug: String?) async throws -> SearchResult? {
        // Two texts with the same words are the same search.
        let key = "\(slug ?? ""):\(query.terms.joined(separator: "+"))"
        let listing = try await self.searches.cachedFetch(key) { reads -> SearchListing? in
            var shelf: Shelf?
            if let slug {
                shelf = try reads.fetchOne(SQLRequest<Shelf>.at(slug))
                if shelf == nil { return nil }
            }
            guard let words = query.matchExpression else { return SearchListing(shelf: shelf, ids: []) }
            return SearchListing(shelf: shelf, ids: try reads.fetchAll(SQLRequest<Int>.matching(words, on: slug)))
        }
        guard let listing else { return nil }
        return SearchResult(books: try await self.list(listing.ids), shelf: listing.shelf)
    }

    private func list(_ ids: [Int]) async throws -> [BookSummary] {
        let books = try await self.summaries(of: ids)
        return ids.compactMap { books[$0] }
    }

    // MARK: Writing

    /// Gives a book another title; afterwards no call returns the old one.
    ///
    /// Nothing has to be invalidated: the commit does it.
    ///
    /// - Returns: The book, or `nil` where there is none of that number.
    func rename(_ id: Int, to title: String) async throws -> Book? {
        let isThere = try await self.books.write { db in
            guard var row = try BookRow.fetchOne(db, key: id) else { return false }
            row.title = title
            try row.update(db, columns: ["title"])
            return true
        }
        return isThere ? try await self.book(id) : nil
    }
}
