/// Something that a visitor did and that is counted.
enum Happening: Sendable, Equatable {
    /// A page was shown.
    case page(Visitor)
    /// A book was shown, on its page or by the API, which need not know the visitor.
    case book(Int, Visitor?)
    /// A search was let through.
    case search
    /// A search was refused.
    case limitedSearch
    /// The API was called.
    case apiCall(Visitor?)
}
