import HTTPTypes
import Hummingbird
import NIOCore

/// The proxies before the shop whose word on where a request comes from is taken.
///
/// Each proxy appends the address that it was called from to `X-Forwarded-For`. What stands further left may have been made up by
/// the caller, so the header is read from the right, and only as far as what it says was said by a proxy of ours.
enum TrustedProxies: Sendable, Equatable {
    /// So many stand one behind the other; 0, none, and the header is not read at all.
    case count(Int)
    /// Those with these addresses.
    case addresses(Set<String>)

    /// More in a row are a mistake.
    static let most = 16

    /// The address that a request comes from.
    ///
    /// - Parameters:
    ///   - peer: The other end of the connection.
    ///   - forwarded: The header's fields, in order.
    /// - Returns: The right-most address that is none of a trusted proxy.
    func client(of peer: String, forwarded: [String]) -> String {
        var hops = forwarded.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
        var address = Self.address(peer) ?? peer
        var passed = 0
        while self.trusts(address, after: passed), let hop = hops.popLast() {
            // What is no address was said by a proxy that does not know better: then it is the last that is known.
            guard let next = Self.address(hop) else { break }
            address = next
            passed += 1
        }
        return address
    }

    private func trusts(_ address: String, after passed: Int) -> Bool {
        switch self {
        case .count(let count): passed < count
        case .addresses(let addresses): addresses.contains(address)
        }
    }

    /// An address as it is compared and counted by: without brackets, port and other ways to write the same one.
    ///
    /// - Parameter text: The text, such as `192.0.2.1`, `192.0.2.1:443`, `2001:DB8::1` or `[2001:db8::1]:443`.
    /// - Returns: `nil` if it is none.
    static func address(_ text: some StringProtocol) -> String? {
        var text = String(text).filter { $0 != " " && $0 != "\t" }
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            text = String(text[text.index(after: text.startIndex)..<end])
        } else if text.contains("."), let colon = text.lastIndex(of: ":"), text.firstIndex(of: ":") == colon {
            text = String(text[..<colon])
        }
        let address: String
        do {
            guard let canonical = try SocketAddress(ipAddress: text, port: 0).ipAddress else { return nil }
            address = canonical
        } catch {
            return nil
        }
        // An IPv4 address on a socket for both.
        let mapped = "::ffff:"
        return address.hasPrefix(mapped) && address.contains(".") ? String(address.dropFirst(mapped.count)) : address
    }
}

/// Finds out where requests come from that trusted proxies pass on.
struct ClientAddressMiddleware: RouterMiddleware {
    typealias Context = ShopContext

    let proxies: TrustedProxies

    private static let forwardedFor = HTTPField.Name("X-Forwarded-For")

    func handle(
        _ request: Request,
        context: ShopContext,
        next: @concurrent (Request, ShopContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        let fields = Self.forwardedFor.map { request.headers[values: $0] } ?? []
        context.address = self.proxies.client(of: context.address, forwarded: fields)
        return try await next(request, context)
    }
}
