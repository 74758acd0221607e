import Hummingbird

/// Somebody who looks at the shop: nobody knows who, but it is the same one as before.
///
/// A visitor is a random number in a cookie, and all that the shop knows of them is what it was shown with that number.
struct Visitor: Sendable, Hashable {
    /// 128 random bits in hexadecimal.
    let id: String

    /// Whether the cookie has come back.
    ///
    /// A crawler that keeps no cookies is a new visitor with each page, and nothing is worth being remembered of it.
    let isReturning: Bool

    private static let cookie = "visitor"

    /// How long the cookie is kept: afterwards, the visitor is somebody else.
    private static let cookieSeconds = 30 * 86_400

    private static let digits = 32

    /// Somebody who has not been here before.
    static func new() -> Self {
        // The system's generator is one for cryptography, so nobody guesses another visitor's number.
        var generator = SystemRandomNumberGenerator()
        let halves = [generator.next(), generator.next()].map { (half: UInt64) in
            let text = String(half, radix: 16)
            return String(repeating: "0", count: Self.digits / 2 - text.count) + text
        }
        return Self(id: halves.joined(), isReturning: false)
    }

    /// The visitor whose cookie a request carries.
    ///
    /// - Returns: `nil` if it carries none, or one that the shop cannot have made.
    static func returning(in request: Request) -> Self? {
        guard let id = request.cookies[Self.cookie]?.value, Self.isID(id) else { return nil }
        return Self(id: id, isReturning: true)
    }

    /// The cookie, which scripts cannot read and which other sites' forms do not bring along.
    var setCookie: Cookie {
        Cookie(
            name: Self.cookie,
            value: self.id,
            maxAge: Self.cookieSeconds,
            path: "/",
            httpOnly: true,
            sameSite: .lax
        )
    }

    /// Whether the text could be a visitor's number: what a browser sends becomes part of a key only then.
    private static func isID(_ text: String) -> Bool {
        text.utf8.count == Self.digits
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
                default: false
                }
            }
    }
}
