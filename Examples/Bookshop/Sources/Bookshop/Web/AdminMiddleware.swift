import HTTPTypes
import Hummingbird

/// Lets requests pass that carry `Authorization: Bearer` with the admin token.
struct AdminMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    /// The token; `nil` lets nobody pass.
    let token: String?

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        guard let given = Self.bearerToken(request.headers[.authorization]) else {
            throw HTTPError(
                .unauthorized,
                headers: [.wwwAuthenticate: "Bearer realm=\"bookshop\""],
                message: "This needs the header \"Authorization: Bearer\" with the admin token."
            )
        }
        guard let token = self.token else {
            throw HTTPError(.forbidden, message: "Admin calls are off, because ADMIN_TOKEN is not set.")
        }
        guard constantTimeEqual(given.utf8, token.utf8) else {
            throw HTTPError(.forbidden, message: "That is not the admin token.")
        }
        return try await next(request, context)
    }

    /// The token of an `Authorization` header; `nil` if there is none or it is of another scheme.
    static func bearerToken(_ header: String?) -> String? {
        guard let parts = header?.split(separator: " ", maxSplits: 1), parts.count == 2,
            parts[0].lowercased() == "bearer"
        else { return nil }
        return String(parts[1])
    }
}

/// Compares a secret with what somebody sent, in a time that does not tell how much of it was right.
///
/// The time depends on the length of what was sent, which the sender knows, and on nothing else.
func constantTimeEqual(_ given: some Collection<UInt8>, _ secret: some Collection<UInt8>) -> Bool {
    let given = Array(given)
    let secret = Array(secret)
    guard !secret.isEmpty else { return given.isEmpty }
    var difference = given.count ^ secret.count
    for index in given.indices {
        difference |= Int(given[index] ^ secret[index % secret.count])
    }
    return difference == 0
}
