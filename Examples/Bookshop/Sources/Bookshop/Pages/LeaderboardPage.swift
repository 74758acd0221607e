/// The books that were looked at most.
struct LeaderboardPage: PageContent {
    static let template = "leaderboard"

    /// How many books each ranking shows.
    static let size = 20

    struct Ranking: Sendable {
        let id: String
        let heading: String
        /// What is said where there are none.
        let nothing: String
        let books: [Row]
    }

    struct Row: Sendable {
        let rank: Int
        let book: BookCard
        let views: String
        /// How many views there are beside those of the first book, for a bar.
        let part: Double
    }

    let rankings: [Ranking]

    /// - Parameters:
    ///   - today: Today's most viewed books; `nil` where they are not known.
    ///   - ever: Those of all time; `nil` where they are not known.
    init(today: [RankedBook]?, ever: [RankedBook]?) {
        self.rankings = [
            Self.ranking("today", "Today", today, nothing: "Nobody has looked at a book yet today."),
            Self.ranking("ever", "Of all time", ever, nothing: "Nobody has looked at a book yet."),
        ]
    }

    private static func ranking(_ id: String, _ heading: String, _ books: [RankedBook]?, nothing: String) -> Ranking {
        let most = Double(books?.first?.views ?? 0)
        return Ranking(
            id: id,
            heading: heading,
            nothing: books == nil ? "This cannot be told at the moment. Please come back in a minute." : nothing,
            books: (books ?? []).map { ranked in
                Row(
                    rank: ranked.rank,
                    book: BookCard(ranked.book),
                    views: grouped(ranked.views),
                    part: most > 0 ? Double(ranked.views) / most : 0
                )
            }
        )
    }
}
