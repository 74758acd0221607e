import GRDB

// Which books stand where. Lists hold numbers and no titles: so a title that changes leaves all of them in the cache, and
// each book is cached once, however many lists it is in.

/// How many books lists show.
enum ListSize {
    /// The top of a shelf.
    static let top = 20
    /// A search, at most.
    static let search = 50
}

/// The best books of a shelf, by their numbers.
struct ShelfListing: Codable, Sendable, Equatable {
    let shelf: Shelf
    let ids: [Int]
}

/// One page of all books, or of a shelf's, by their numbers.
struct PageListing: Codable, Sendable, Equatable {
    /// The shelf that the list is limited to.
    let shelf: Shelf?
    /// How many books there are on all pages.
    let total: Int
    let ids: [Int]
}

/// What a search found, by numbers.
struct SearchListing: Codable, Sendable, Equatable {
    /// The shelf that the search was limited to.
    let shelf: Shelf?
    let ids: [Int]
}

extension SQLRequest<Shelf> {
    /// All shelves, by name.
    static var byName: Self { "SELECT slug, name, books FROM shelf ORDER BY name" }

    /// The shelf of an address.
    static func at(_ slug: String) -> Self { "SELECT slug, name, books FROM shelf WHERE slug = \(slug)" }
}

extension SQLRequest<ShelfName> {
    /// The shelves on which a book stands, in the catalogue's order.
    static func holding(_ id: Int) -> Self {
        """
        SELECT slug, name FROM shelf JOIN bookOnShelf ON shelfID = shelf.id WHERE bookID = \(id) ORDER BY position
        """
    }
}

extension SQLRequest<Int> {
    /// Limits books to those on a shelf; all books where there is none.
    private static func joined(_ slug: String?) -> SQL {
        guard let slug else { return "" }
        return "JOIN bookOnShelf ON bookID = book.id AND shelfID = (SELECT id FROM shelf WHERE slug = \(slug))"
    }

    /// The top books of a shelf.
    ///
    /// The catalogue knows of no sales, but the people who keep it put a book on the more shelves the better known it
    /// is. So the top books are those with the most shelves, and among equals those with the lowest number, because
    /// Project Gutenberg began with the classics.
    static func top(of slug: String) -> Self {
        """
        SELECT book.id FROM book \(Self.joined(slug)) ORDER BY standing DESC, book.id LIMIT \(ListSize.top)
        """
    }

    // A query that reads nothing of a table but the rows' numbers counts as one that reads all of it, so that each new title
    // would make it untrue. Therefore these name a column that changes as seldom as the list does.

    /// How many books there are.
    static var total: Self { "SELECT count(standing) FROM book" }

    /// A page of all books, or of a shelf's, by number.
    static func page(_ number: Int, of slug: String?) -> Self {
        """
        SELECT book.id FROM book \(Self.joined(slug)) WHERE standing >= 0
        ORDER BY book.id LIMIT \(BookPage.size) OFFSET \((number - 1) * BookPage.size)
        """
    }

    /// The books whose title and authors have all the words, best first.
    ///
    /// bm25 is the more negative the better the match. A hit in the title counts twice one among the authors, and
    /// well-known books gain on others that match as well.
    static func matching(_ words: String, on slug: String?) -> Self {
        """
        SELECT book.id FROM bookSearch JOIN book ON book.id = bookSearch.rowid
        \(Self.joined(slug)) WHERE bookSearch MATCH \(words)
        ORDER BY bm25(bookSearch, 2.0, 1.0) * (4 + standing), book.id LIMIT \(ListSize.search)
        """
    }
}
