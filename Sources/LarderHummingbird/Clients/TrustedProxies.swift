/// The proxies before this server whose word on where a request comes from is taken.
///
/// Each proxy adds the address that it was called from at the end of a header field. What stands further left may have been made up
/// by the caller, so such a field is read from the right, and only as far as what it says was said by a proxy of one's own.
public struct TrustedProxies: Sendable, Hashable {
    /// The field in which proxies say whom they pass on.
    ///
    /// It is the one that one's own proxies write; another one comes from callers as it is.
    public enum Field: Sendable, Hashable {
        /// `X-Forwarded-For`, as most write it.
        case xForwardedFor
        /// `Forwarded` (RFC 7239).
        case forwarded
    }

    enum Kind: Sendable, Hashable {
        case none
        case hops(Int)
        case networks([IPNetwork])
    }

    let kind: Kind

    let field: Field

    /// No proxy: the other end of the connection is the client, whatever a field says.
    public static let none = TrustedProxies(kind: .none, field: .xForwardedFor)

    /// So many proxies, one behind the other, whatever their addresses are.
    ///
    /// Right only where nobody can reach the server but through all of them.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - field: Where they say whom they pass on.
    /// - Returns: The proxies.
    public static func hops(_ count: Int, _ field: Field = .xForwardedFor) -> Self {
        Self(kind: count > 0 ? .hops(count) : .none, field: field)
    }

    /// The proxies of these networks, however many there are one behind the other.
    ///
    /// - Parameters:
    ///   - networks: Their networks.
    ///   - field: Where they say whom they pass on.
    /// - Returns: The proxies.
    public static func networks(_ networks: [IPNetwork], _ field: Field = .xForwardedFor) -> Self {
        Self(kind: networks.isEmpty ? .none : .networks(networks), field: field)
    }

    func trusts(_ address: IPAddress, after passed: Int) -> Bool {
        switch self.kind {
        case .none: false
        case .hops(let count): passed < count
        case .networks(let networks): networks.contains { $0.contains(address) }
        }
    }
}
