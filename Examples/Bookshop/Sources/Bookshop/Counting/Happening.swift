/// Something that a visitor did and that is counted.
enum Happening: Sendable, Equatable {
    /// A page was shown, to somebody who is known unless sessions cannot be read.
    case page(Visitor?)
    /// A book was shown, on its page or by the API.
    case book(Int)
    /// A search was let through.
    case search
    /// A search was refused.
    case limitedSearch
    /// The API was called.
    case apiCall(Visitor?)
}
