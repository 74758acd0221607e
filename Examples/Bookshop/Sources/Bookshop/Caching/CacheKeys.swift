import Larder

// Every key of the shop, so that two of them never meet by accident. A value that can be absent has an optional type:
// "there is no such book" is an answer worth keeping, and whoever asks for it again gets it from the cache.

extension CacheKey where Value == Book? {
    /// A book.
    static func book(_ id: Int) -> Self { "book:\(id)" }
}

extension CacheKey where Value == Shelf? {
    /// A shelf.
    static func shelf(_ slug: String) -> Self { "shelf:\(slug)" }
}

extension CacheKey where Value == [Shelf] {
    /// The list of all shelves.
    static var shelves: Self { "shelves" }
}

extension CacheKey where Value == TopOfShelf? {
    /// The top books of a shelf.
    static func top(ofShelf slug: String) -> Self { "top:\(slug)" }
}

extension CacheKey where Value == BookPage? {
    /// A page of all books, or of a shelf's.
    static func page(_ number: Int, ofShelf slug: String?) -> Self { "page:\(slug ?? ""):\(number)" }
}

extension CacheKey where Value == [BookSummary]? {
    /// What a search found.
    ///
    /// Two texts with the same words are the same search.
    static func search(_ query: SearchQuery, onShelf slug: String?) -> Self {
        "search:\(slug ?? ""):\(query.terms.joined(separator: "+"))"
    }
}
