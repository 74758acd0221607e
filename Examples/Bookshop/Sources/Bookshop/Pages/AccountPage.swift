import Foundation

/// Who somebody is to the shop: where they sign in, or what is known of them once they have.
struct AccountPage: PageContent {
    static let template = "account"

    /// A browser in which somebody is signed in.
    struct Session: Sendable {
        let since: String
        let sinceInWords: String
        let isThisOne: Bool

        /// - Parameters:
        ///   - since: When they signed in.
        ///   - isThisOne: Whether it is the one that asks.
        init(since: Date, isThisOne: Bool) {
            self.since = since.formatted(.iso8601)
            self.sinceInWords = momentInWords(self.since)
            self.isThisOne = isThisOne
        }
    }

    /// Somebody who is signed in.
    struct SignedIn: Sendable {
        let name: String
        let recentlyViewed: String
        let sessions: [Session]
    }

    let signedIn: SignedIn?
    /// Why nobody is signed in who wanted to be.
    let error: String?
    /// The name that was typed before.
    let typedName: String

    /// The page of somebody who is signed in.
    ///
    /// - Parameters:
    ///   - name: Who.
    ///   - recentlyViewed: How many books they have looked at.
    ///   - sessions: Where they are signed in.
    init(signedIn name: String, recentlyViewed: Int, sessions: [Session]) {
        self.signedIn = SignedIn(
            name: name,
            recentlyViewed: recentlyViewed == 0 ? "no books" : countOfBooks(recentlyViewed),
            sessions: sessions
        )
        self.error = nil
        self.typedName = ""
    }

    /// The page with the forms to sign in and to create an account.
    ///
    /// - Parameters:
    ///   - error: Why that has failed before; `nil` where it has not.
    ///   - typedName: The name that was typed then.
    init(error: String? = nil, typedName: String = "") {
        self.signedIn = nil
        self.error = error
        self.typedName = typedName
    }
}
