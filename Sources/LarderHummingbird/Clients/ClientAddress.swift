public import HTTPTypes
public import Hummingbird

/// Finds out which address a request comes from, behind trusted proxies too.
///
/// ```swift
/// let address = ClientAddress(behind: .networks([IPNetwork("10.0.0.0/8")].compactMap { $0 }))
/// ```
public struct ClientAddress: Sendable, Hashable {
    /// The proxies whose word is taken.
    public let proxies: TrustedProxies

    private static let xForwardedFor = HTTPField.Name("X-Forwarded-For")
    private static let forwarded = HTTPField.Name("Forwarded")

    /// Takes the word of some proxies.
    ///
    /// - Parameter proxies: The proxies.
    public init(behind proxies: TrustedProxies = .none) {
        self.proxies = proxies
    }

    /// The address that a request comes from.
    ///
    /// Beginning with the other end of the connection, each address that is a trusted proxy's gives way to the one that it passes
    /// on. Where such a proxy does not say an address, its own is the last that is known.
    ///
    /// - Parameters:
    ///   - peer: The other end of the connection; `nil` where it has no address, as on a Unix socket: then it counts as a trusted
    ///     proxy, if any is.
    ///   - headers: The request's fields.
    /// - Returns: The address; `nil` where none is known.
    public func resolve(peer: IPAddress?, headers: HTTPFields) -> IPAddress? {
        guard self.proxies != .none else { return peer }
        var address = peer
        var passed = 0
        for hop in self.hops(headers) {
            if let address, !self.proxies.trusts(address, after: passed) { break }
            if case .hops(let count) = self.proxies.kind, passed >= count { break }
            guard let hop else { break }
            address = hop
            passed += 1
        }
        return address
    }

    /// The address that a request comes from.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - context: Its context, which knows the other end of the connection.
    /// - Returns: The address; `nil` where none is known.
    public func resolve(_ request: Request, _ context: some RemoteAddressRequestContext) -> IPAddress? {
        self.resolve(peer: context.remoteAddress?.ipAddress.flatMap { IPAddress($0) }, headers: request.headers)
    }

    private func hops(_ headers: HTTPFields) -> [IPAddress?] {
        switch self.proxies.field {
        case .xForwardedFor: Self.xForwardedFor.map { ForwardedField.forwardedFor(headers[values: $0]) } ?? []
        case .forwarded: Self.forwarded.map { ForwardedField.forwarded(headers[values: $0]) } ?? []
        }
    }
}
