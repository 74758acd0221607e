/// A session as a store keeps it.
struct SessionRecord: Codable, Sendable, Hashable {
    /// How often it was changed: who finds another number than he has read knows that somebody was faster.
    var revision: Int64 = 0

    /// When it was begun, in milliseconds since 1970, by the wall clock of whoever did.
    var begun: Int64

    /// When its user signed in.
    var signedIn: Int64?

    /// Who is signed in.
    ///
    /// It never changes under one id: signing in draws a new one, signing out ends the session.
    var user: String?

    var expiry: SessionExpiry

    /// The values by their names, each as JSON.
    var values: [String: String] = [:]

    /// Whether it was moved to another id, or ended: who still changes it learns that there is no session any more.
    var isOver: Bool?

    /// What a session that is over was moved to, so that whoever ends it under the old id ends it where it is.
    var successor: SessionReference?

    private enum CodingKeys: String, CodingKey {
        case revision = "r"
        case begun = "b"
        case signedIn = "a"
        case user = "u"
        case expiry = "e"
        case values = "v"
        case isOver = "o"
        case successor = "n"
    }
}
