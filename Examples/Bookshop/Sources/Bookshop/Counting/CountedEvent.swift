/// What is counted each day.
enum CountedEvent: String, CaseIterable, Codable, CodingKeyRepresentable, Sendable {
    /// Pages that were shown, whatever they show.
    case pages
    /// Books that were looked at, on their page or by the API.
    case bookViews
    /// Searches that were let through, by a page or by the API.
    case searches
    /// Searches that were refused because there were too many.
    case limitedSearches
    /// Calls of the API, whatever became of them.
    case apiCalls
}
