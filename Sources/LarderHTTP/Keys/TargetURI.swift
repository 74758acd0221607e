public import HTTPTypes

/// The URI that a request is for (RFC 9110, section 7.1), as a key and an invalidation see it.
///
/// The path and the query are the bytes as they came: decoding or folding them would give one entry to what a handler
/// tells apart.
public struct TargetURI: Sendable, Hashable {
    /// The scheme, in lower case.
    public let scheme: String
    /// Host and port, in lower case and without the port that the scheme has anyway.
    public let authority: String
    /// Path and query together, beginning with the path, which is `/` where it is empty.
    ///
    /// Kept as they came: most keys are made of them without ever taking them apart.
    public let pathAndQuery: String
    /// Where the question mark is among the bytes.
    let mark: Int?

    /// The path, `/` where it is empty.
    public var path: String { String(self.pathAndQuery.utf8.prefix(self.mark ?? .max)) ?? "/" }
    /// What follows the question mark; `nil` where there is none.
    public var query: String? {
        self.mark.map { String(self.pathAndQuery.utf8.dropFirst($0 + 1)) ?? "" }
    }

    /// Reads a request's target; `nil` where it has no authority that a URI could have.
    ///
    /// - Parameters:
    ///   - request: The request; its path may be a whole URI, as clients send it to proxies, if that has the scheme and the
    ///     authority that the request says otherwise. Who says two things has no target: the cache could believe the one
    ///     and the handler the other.
    ///   - scheme: The scheme where the request does not tell it.
    public init?(_ request: HTTPRequest, scheme: String = "http") {
        let path = request.path ?? "/"
        // Bytes that are no UTF-8 have become U+FFFD on their way into a string, so that paths which differ look the same.
        let isPlain = path.withBytes { bytes in bytes.allSatisfy { $0 < 0x80 } }
        guard isPlain || !path.unicodeScalars.contains("\u{FFFD}") else { return nil }
        guard let authority = request.authority else { return nil }
        if path.utf8.first != UInt8(ascii: "/"), let absolute = TargetURI(absolute: Array(path.utf8)) {
            let said = TargetURI(scheme: request.scheme ?? scheme, authority: authority, pathAndQuery: "/")
            guard let said, said.hasSameOrigin(as: absolute) else { return nil }
            self = absolute
            return
        }
        self.init(scheme: request.scheme ?? scheme, authority: authority, pathAndQuery: path)
    }

    /// Makes a target from its parts; `nil` where the authority is empty, carries credentials or bytes that none has.
    ///
    /// - Parameters:
    ///   - scheme: The scheme, in any case.
    ///   - authority: Host and port.
    ///   - pathAndQuery: Path and query as in a request line.
    public init?(scheme: String, authority: String, pathAndQuery: String) {
        let scheme = Self.lowercased(scheme)
        guard let authority = Self.normalized(authority, scheme: scheme) else { return nil }
        self.init(scheme: scheme, checkedAuthority: authority, pathAndQuery)
    }

    private init(scheme: String, checkedAuthority: String, _ pathAndQuery: String) {
        self.scheme = scheme
        self.authority = checkedAuthority
        var text = pathAndQuery
        var mark = text.withBytes { $0.firstIndex(of: UInt8(ascii: "?")) }
        if mark == 0 || text.isEmpty {
            text = "/" + text
            mark = mark.map { $0 + 1 }
        }
        self.pathAndQuery = text
        self.mark = mark
    }

    private init(scheme: String, checkedAuthority: String, path: String, query: String?) {
        self.init(scheme: scheme, checkedAuthority: checkedAuthority, query.map { path + "?" + $0 } ?? path)
    }

    /// Reads an absolute URI with an authority; a fragment is left out.
    init?(absolute bytes: [UInt8]) {
        guard let parts = Reference(bytes), let scheme = parts.scheme, let authority = parts.authority else {
            return nil
        }
        self.init(scheme: scheme, authority: authority, path: parts.path, query: parts.query)
    }

    private init?(scheme: String, authority: String, path: String, query: String?) {
        let scheme = Self.lowercased(scheme)
        guard let authority = Self.normalized(authority, scheme: scheme) else { return nil }
        self.init(scheme: scheme, checkedAuthority: authority, path: path, query: query)
    }

    /// Whether both have the same origin: scheme, host and port (RFC 9110, section 4.3.1).
    ///
    /// - Parameter other: The other URI.
    /// - Returns: Whether the origin is the same.
    public func hasSameOrigin(as other: TargetURI) -> Bool {
        self.scheme == other.scheme && self.authority == other.authority
    }

    /// The URI that a reference means here, as in `Location` (RFC 3986, section 5.2).
    ///
    /// - Parameter reference: An absolute or relative reference; a fragment is left out.
    /// - Returns: `nil` where it is none that has an authority.
    public func resolving(_ reference: String) -> TargetURI? {
        self.resolving(Array(reference.utf8))
    }

    func resolving(_ reference: [UInt8]) -> TargetURI? {
        guard let parts = Reference(reference) else { return nil }
        if parts.scheme != nil, parts.authority == nil { return nil }
        if let authority = parts.authority {
            return TargetURI(
                scheme: parts.scheme ?? self.scheme,
                authority: authority,
                path: Reference.withoutDots(parts.path),
                query: parts.query
            )
        }
        var path = parts.path
        var query = parts.query
        if path.isEmpty {
            path = self.path
            query = query ?? self.query
        } else if path.utf8.first == UInt8(ascii: "/") {
            path = Reference.withoutDots(path)
        } else {
            let slash = self.path.utf8.lastIndex(of: UInt8(ascii: "/"))
            let folder = slash.map { self.path[...$0] } ?? "/"
            path = Reference.withoutDots(folder + path)
        }
        return TargetURI(scheme: self.scheme, checkedAuthority: self.authority, path: path, query: query)
    }

    private static func lowercased(_ text: String) -> String {
        text.withBytes { bytes in
            if bytes.allSatisfy({ $0.lowercased == $0 }) { return text }
            return String(decoding: bytes.map(\.lowercased), as: UTF8.self)
        }
    }

    /// The authority in lower case without its scheme's own port.
    private static func normalized(_ authority: String, scheme: String) -> String? {
        let (isPlain, colon) = authority.withBytes { bytes in
            var colon: Int?
            // Inside the brackets of an IPv6 address there is no port.
            let isBracketed = bytes.first == UInt8(ascii: "[")
            var isInside = isBracketed
            for (index, byte) in bytes.enumerated() {
                switch byte {
                // No spaces and controls, no credentials, and nothing that ends an authority.
                case ...0x20, 0x7F..., 0x40, 0x2F, 0x3F, 0x23, 0x5C: return (false, Int?.none)
                case UInt8(ascii: "["): if index > 0 { return (false, nil) }
                case UInt8(ascii: "]"):
                    guard isInside else { return (false, nil) }
                    isInside = false
                case UInt8(ascii: ":") where !isInside:
                    if colon != nil { return (false, nil) }
                    colon = index
                default:
                    // Behind the brackets there is nothing but a port, and a port is digits.
                    if !isInside, isBracketed || colon != nil, colon == nil || byte.digit == nil { return (false, nil) }
                }
            }
            return (!bytes.isEmpty && !isInside, colon)
        }
        guard isPlain else { return nil }
        let lower = self.lowercased(authority)
        guard let colon else { return lower }
        let port = lower.utf8.dropFirst(colon + 1)
        let isDefault =
            port.isEmpty || (scheme == "http" && port.elementsEqual("80".utf8))
            || (scheme == "https" && port.elementsEqual("443".utf8))
        if colon == 0 { return nil }
        return isDefault ? String(decoding: lower.utf8.prefix(colon), as: UTF8.self) : lower
    }
}
