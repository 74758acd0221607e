/// Somebody who looks at the shop: nobody knows who, but it is the same one as before.
///
/// A visitor is a random number in a session. It is what visitors of a day are told apart by; the session's own id, by which a
/// browser is known, goes nowhere else.
struct Visitor: Sendable, Hashable {
    /// 128 random bits in hexadecimal.
    let id: String

    /// Whether the session's cookie has come back.
    ///
    /// A crawler that keeps no cookies is a new visitor with each page.
    let isReturning: Bool

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
}
