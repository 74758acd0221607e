/// Every tag of the shop: names for the data that cached values are made of.
///
/// A tag is invalidated when its data has changed, by whoever changed it and without knowing what is cached: all that
/// was made of the data falls with it.
enum Tag {
    /// A book: the book itself, and every list that shows it.
    static func book(_ id: Int) -> String { "book:\(id)" }

    /// A shelf: its row, and every list of its books.
    static func shelf(_ slug: String) -> String { "shelf:\(slug)" }

    /// Which shelves there are.
    static let shelves = "shelves"

    /// Which books there are: the pages of all books.
    static let books = "books"

    /// Which words the titles have: every search.
    static let searches = "searches"
}
