public import Hummingbird

/// Whom a request is charged to.
///
/// ```swift
/// RateLimitKey<AppContext>.clientAddress(behind: .hops(1))
/// RateLimitKey<AppContext>.user { request, context in try await context.session.user }
/// ```
public struct RateLimitKey<Context: RequestContext>: Sendable {
    let subject: @Sendable (Request, Context) async throws -> String?

    /// Whom a function names.
    ///
    /// - Parameter subject: Names whom the request is charged to, in any text; `nil`, nobody: then the limit does not hold.
    /// - Returns: The key.
    public static func function(_ subject: @escaping @Sendable (Request, Context) async throws -> String?) -> Self {
        Self(subject: subject)
    }

    /// The user who is signed in; requests of others are not charged.
    ///
    /// - Parameter user: The user's name; `nil` where nobody is signed in.
    /// - Returns: The key.
    public static func user(_ user: @escaping @Sendable (Request, Context) async throws -> String?) -> Self {
        Self { request, context in try await user(request, context).map { "user:\($0)" } }
    }

    /// Everybody together: what the service as a whole can bear.
    public static var everybody: Self { Self { _, _ in "everybody" } }

    /// This key, or another one where it names nobody: the user, else the address.
    ///
    /// - Parameter other: The other key.
    /// - Returns: The key.
    public func or(_ other: RateLimitKey) -> Self {
        Self { [subject] request, context in
            if let found = try await subject(request, context) { return found }
            return try await other.subject(request, context)
        }
    }

    /// Each route by itself: the same client may do as much on every one.
    ///
    /// A route is its method, where HEAD counts as GET, and its path with names in place of what they stand for. What the router does not know is one route.
    public var perRoute: Self {
        Self { [subject] request, context in
            guard let found = try await subject(request, context) else { return nil }
            return "\(RateLimitKey.route(request, context)) \(found)"
        }
    }

    static func route(_ request: Request, _ context: Context) -> String {
        // What no route has is one, whatever methods a client makes up for it. HEAD runs the handler that GET runs.
        let method = request.method == .head ? .get : request.method
        return context.endpointPath.map { "\(method.rawValue) \($0)" } ?? "unknown"
    }
}

extension RateLimitKey where Context: RemoteAddressRequestContext {
    /// The address that the request comes from.
    ///
    /// Who has an IPv6 address mostly has all of its network, so addresses of one network count together.
    ///
    /// - Parameters:
    ///   - proxies: The proxies whose word on the address is taken.
    ///   - ipv6Prefix: How many bits of an IPv6 address count. Providers give away networks of 64, 56 or 48.
    ///   - ipv4Prefix: How many bits of an IPv4 address count.
    /// - Returns: The key. Requests from no address, as over a Unix socket, count together.
    public static func clientAddress(
        behind proxies: TrustedProxies = .none,
        ipv6Prefix: Int = 64,
        ipv4Prefix: Int = 32
    ) -> Self {
        let client = ClientAddress(behind: proxies)
        return Self { request, context in
            guard let address = client.resolve(request, context) else { return "address:unknown" }
            return "address:\(address.network(address.isIPv6 ? ipv6Prefix : ipv4Prefix))"
        }
    }
}
