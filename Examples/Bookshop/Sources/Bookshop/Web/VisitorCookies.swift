import Crypto
import Foundation
import Hummingbird

/// The cookies that visitors are known by: their number, signed.
///
/// Without the signature anybody could make up numbers, and have the shop remember something of each for a month.
struct VisitorCookies: Sendable {
    private static let name = "visitor"

    /// How long a cookie is kept: afterwards, the visitor is somebody else.
    private static let seconds = 30 * 86_400

    private let key: SymmetricKey

    /// - Parameter secret: What signatures are made with, the same in all processes that are to know the same visitors. `nil`
    ///   draws one that ends with this process, and all who come back are new.
    init(secret: String?) {
        self.key = secret.map { SymmetricKey(data: SHA256.hash(data: Data($0.utf8))) } ?? SymmetricKey(size: .bits256)
    }

    /// The visitor whose cookie a request carries.
    ///
    /// - Parameter request: The request.
    /// - Returns: `nil` if it carries none, or one that the shop has not made.
    func visitor(in request: Request) -> Visitor? {
        guard let value = request.cookies[Self.name]?.value else { return nil }
        let parts = value.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let signature = Self.bytes(parts[1]),
            // Compares in constant time.
            HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: Self.message(parts[0]), using: self.key)
        else { return nil }
        return Visitor(id: String(parts[0]), isReturning: true)
    }

    /// A visitor's cookie, which scripts cannot read and which other sites' forms do not bring along.
    ///
    /// - Parameter visitor: The visitor.
    /// - Returns: The cookie.
    func cookie(for visitor: Visitor) -> Cookie {
        let signature = HMAC<SHA256>.authenticationCode(for: Self.message(visitor.id), using: self.key)
        return Cookie(
            name: Self.name,
            value: visitor.id + "." + signature.map { Self.hexadecimal($0) }.joined(),
            maxAge: Self.seconds,
            path: "/",
            httpOnly: true,
            sameSite: .lax
        )
    }

    /// What is signed: the number, and what it is for, so that no other use of the secret makes a cookie.
    private static func message(_ id: some StringProtocol) -> Data { Data("bookshop visitor \(id)".utf8) }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }

    /// The bytes that hexadecimal digits say; `nil` if they are none.
    private static func bytes(_ digits: Substring) -> [UInt8]? {
        let digits = Array(digits.utf8)
        guard digits.count == 2 * SHA256.byteCount else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }
}
