/// What stands beside a page and is somebody's own: who they are, and what they have looked at.
///
/// It is a cached fragment. Books that it shows drop it when they change, by the tags of their reads.
struct Sidebar: Sendable {
    /// The most books that are shown.
    static let mostBooks = 6

    /// What the fragment varies on: a text that changes with everything it shows but the books' own data.
    ///
    /// Who has the same key sees the same sidebar.
    let key: String
    /// Who is signed in; `nil` for nobody.
    let name: String?
    /// Reads what they have looked at, the latest first, through the cache of the fragments.
    let recent: @Sendable () async throws -> [BookSummary]

    /// What the template shows.
    struct Content: Sendable {
        let key: String
        let name: String?
        /// The books as cards.
        let recent: Later
    }

    var content: Content {
        Content(
            key: self.key,
            name: self.name,
            recent: Later { try await self.recent().prefix(Self.mostBooks).map(BookCard.init) }
        )
    }
}
