import HTTPTypes
import LarderHTTP
import NIOCore

/// What a proxy changes about the messages that it passes on (RFC 9110, section 7.6).
struct Forwarding: Sendable {
    /// What the proxy calls itself in `Via` and `Proxy-Status`: another name in each process, so that it knows itself again.
    let pseudonym: String
    /// The `Host` that the origin is asked under; `nil` for the client's.
    let host: String?

    /// Says who asks, instead of what the client says about that.
    ///
    /// This comes before the cache, so that what the origin hears and what `Vary` compares are the same.
    ///
    /// - Parameters:
    ///   - request: The client's request.
    ///   - address: The client's address.
    /// - Returns: The request with fields that can be trusted.
    func identified(_ request: HTTPRequest, address: SocketAddress?) -> HTTPRequest {
        var request = request
        let mayBeStored = request.method == .get || request.method == .head
        request.headerFields = request.headerFields.without { name in
            Self.isHearsay(name) || mayBeStored && Self.isOverride(name)
        }
        request.keepBeyondThisHop(Self.own)
        // The cache keeps one page for all ways to write a host, so the origin sees one too (`Shop.example:80`).
        if let target = TargetURI(request) { request.authority = target.authority }
        let ip = address?.ipAddress ?? "unknown"
        request.headerFields[.xForwardedFor] = ip
        request.headerFields[.xForwardedProto] = "http"
        // RFC 7239, section 6: addresses of IPv6 stand in brackets and, for their colons, in quotes.
        var forwarded = "for=\(ip.contains(":") ? "\"[\(ip)]\"" : ip);proto=http"
        if let authority = request.authority {
            request.headerFields[.xForwardedHost] = authority
            forwarded += ";host=\"\(authority)\""
        }
        request.headerFields[.forwarded] = forwarded
        return request
    }

    /// A request as the origin gets it.
    func outgoing(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        HopByHop.remove(from: &request.headerFields)
        request.headerFields[.contentLength] = nil
        request.headerFields.append(HTTPField(name: .via, value: "1.1 \(self.pseudonym)"))
        if let host = self.host { request.authority = host }
        return request
    }

    /// An answer as the cache and the client get it.
    ///
    /// - Parameters:
    ///   - fields: The origin's fields.
    ///   - isOld: Whether the origin speaks HTTP/1.0.
    /// - Returns: The fields that go on.
    func incoming(_ fields: HTTPFields, isOld: Bool) -> HTTPFields {
        var fields = fields
        // A coded body has been decoded, and its length is what came of that (RFC 9112, section 6.3).
        if fields.contains(.transferEncoding) { fields[.contentLength] = nil }
        HopByHop.remove(from: &fields)
        fields.append(HTTPField(name: .via, value: "\(isOld ? "1.0" : "1.1") \(self.pseudonym)"))
        return fields
    }

    /// Whether a request has been here before.
    func knows(_ request: HTTPRequest) -> Bool {
        request.headerFields[values: .via].contains { $0.contains(self.pseudonym) }
    }

    /// What the proxy says itself, in lower case.
    ///
    /// A client that names one of these in `Connection` would have it removed on the way to the origin, which then takes the proxy
    /// for the client, or its own name for the site's, and the page that comes of it is stored for all.
    private static let own: Set<String> = [
        "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    ]

    /// What any client can claim, and only a proxy should: addresses, hosts, schemes and paths other than the request's, and
    /// `Proxy`, which CGI gives to programs as `HTTP_PROXY`.
    ///
    /// Origins that speak CGI take an underscore for a hyphen.
    private static func isHearsay(_ name: String) -> Bool {
        let name = name.replacing("_", with: "-")
        return switch name {
        case "forwarded", "x-forwarded", "proxy", "x-original-url", "x-original-uri", "x-rewrite-url",
            "x-original-host", "x-host",
            "x-http-host-override", "front-end-https", "x-url-scheme", "x-scheme", "x-real-ip", "x-client-ip",
            "client-ip",
            "true-client-ip", "x-cluster-client-ip", "cf-connecting-ip":
            true
        default: name.hasPrefix("x-forwarded-")
        }
    }

    /// What makes another request of a GET, although the cache takes it for one.
    private static func isOverride(_ name: String) -> Bool {
        let name = name.replacing("_", with: "-")
        return name == "x-http-method-override" || name == "x-http-method" || name == "x-method-override"
    }
}

extension HTTPRequest {
    /// Takes names out of `Connection`, so that these fields are not for the next hop alone.
    fileprivate mutating func keepBeyondThisHop(_ names: Set<String>) {
        let lines = self.headerFields[values: .connection]
        let members = lines.flatMap { $0.split(separator: ",") }.map { member in
            String(member.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" })
        }
        let kept = members.filter { !names.contains($0.lowercased()) }
        guard kept.count < members.count else { return }
        self.headerFields[.connection] = kept.isEmpty ? nil : kept.joined(separator: ", ")
    }
}

extension HTTPFields {
    /// The fields whose name, in lower case, is not one of these.
    fileprivate func without(_ isLeftOut: (String) -> Bool) -> HTTPFields {
        guard self.contains(where: { isLeftOut($0.name.canonicalName) }) else { return self }
        return HTTPFields(self.filter { !isLeftOut($0.name.canonicalName) })
    }
}
