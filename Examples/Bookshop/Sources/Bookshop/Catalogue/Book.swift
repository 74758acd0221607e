import GRDB

/// A book with everything that the catalogue says of it.
struct Book: Codable, Sendable, Equatable {
    /// Project Gutenberg's number of the ebook, `Text#` in its catalogue.
    let id: Int
    /// The title; later lines are subtitles.
    let title: String
    /// The headings of the authors, as the catalogue writes them: `Austen, Jane, 1775-1817`.
    let authors: [String]
    /// The languages' codes, `; `-separated.
    let language: String
    /// The day on which the ebook came out, as `1998-06-01`.
    let issued: String
    /// The shelves on which the book stands, in the catalogue's order.
    let shelves: [ShelfName]
    let subjects: [String]
}

/// What a list shows of a book.
///
/// Lists hold this rather than ``Book``, which is several times as large.
struct BookSummary: Codable, Sendable, Equatable {
    let id: Int
    let title: String
    let authors: [String]
    let language: String
    let issued: String
}

extension BookSummary {
    /// What a list shows of a book that is there as a whole.
    init(_ book: Book) {
        self.init(id: book.id, title: book.title, authors: book.authors, language: book.language, issued: book.issued)
    }
}

/// A shelf's name and its address.
struct ShelfName: Codable, FetchableRecord, Sendable, Equatable {
    /// What stands in URLs.
    ///
    /// It never changes, because it depends on nothing but the name.
    let slug: String
    let name: String
}

/// A shelf.
struct Shelf: Codable, FetchableRecord, Sendable, Equatable {
    let slug: String
    let name: String
    /// How many books stand on it.
    let books: Int
}

/// A shelf and the best of its books.
struct TopOfShelf: Sendable, Equatable {
    let shelf: Shelf
    let books: [BookSummary]
}

/// What a search found.
struct SearchResult: Sendable, Equatable {
    let books: [BookSummary]
    /// The shelf that the search was limited to.
    let shelf: Shelf?
}

/// One page of a list that is too long for one page.
struct BookPage: Sendable, Equatable {
    /// How many books a page holds.
    static let size = 20

    let books: [BookSummary]
    /// This page's number, from 1.
    let page: Int
    /// How many pages there are.
    let pages: Int
    /// How many books there are on all pages.
    let total: Int
    /// The shelf that the list is limited to.
    let shelf: Shelf?

    /// How many pages so many books take; none at all take one, with nothing on it.
    static func count(for total: Int) -> Int { max(1, (total + Self.size - 1) / Self.size) }

    var hasNext: Bool { self.page < self.pages }
    var hasPrevious: Bool { self.page > 1 }
}
