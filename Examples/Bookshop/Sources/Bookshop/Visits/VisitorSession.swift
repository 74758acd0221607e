import LarderHummingbird

/// What the shop remembers of a visitor, in their session.

extension SessionKey where Value == String {
    /// The visitor's number.
    static var visitor: Self { "visitor" }
    /// What somebody who has signed in is called.
    static var name: Self { "name" }
}

extension SessionKey where Value == [Int] {
    /// The books that the visitor has looked at, the latest first.
    static var recentlyViewed: Self { "recentlyViewed" }
}

/// How long sessions live.
enum SessionTimes {
    /// Until the cookie has come back once: crawlers that keep no cookies leave a session with each page.
    static let firstVisit = SessionExpiry.sliding(.seconds(3_600))

    /// From then on, from visit to visit.
    static let visitor = SessionExpiry.sliding(.seconds(30 * 86_400))
}

extension Session {
    /// How many books are remembered.
    static let trailLength = 12

    /// Whose session this is, if it has been here before.
    var visitor: Visitor? {
        guard !self.isNew, let id = self[.visitor] else { return nil }
        return Visitor(id: id, isReturning: true)
    }

    /// Whose session this is; who is new gets a number.
    ///
    /// - Throws: `SessionError`.
    func meet() throws -> Visitor {
        if let visitor = self.visitor {
            if self.expiry == SessionTimes.firstVisit { try self.setExpiry(SessionTimes.visitor) }
            return visitor
        }
        let visitor = Visitor.new()
        try self.set(.visitor, to: visitor.id)
        if self.isNew { try self.setExpiry(SessionTimes.firstVisit) }
        return visitor
    }

    /// Remembers that the visitor has looked at a book.
    ///
    /// - Parameter book: The book's number.
    /// - Throws: `SessionError`.
    func follow(to book: Int) throws {
        // Who loads a page again writes nothing.
        guard self[.recentlyViewed]?.first != book else { return }
        try self.update(.recentlyViewed, default: []) { trail in
            trail.removeAll { $0 == book }
            trail.insert(book, at: 0)
            trail = Array(trail.prefix(Self.trailLength))
        }
    }
}

extension ShopContext {
    /// Who asks, if the shop has seen them before; `nil` also while sessions cannot be read.
    var visitor: Visitor? {
        get async throws { try await self.session.visitor }
    }
}
