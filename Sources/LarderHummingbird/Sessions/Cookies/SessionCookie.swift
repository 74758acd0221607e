public import Hummingbird

/// The cookie in which browsers keep the session.
public struct SessionCookie: Sendable {
    /// The name.
    public let name: String

    /// The domain and all below it that get the cookie; `nil`, the host alone that has set it.
    public let domain: String?

    /// The paths that get it.
    public let path: String

    /// Whether it is sent over encrypted connections alone.
    public let isSecure: Bool

    /// Whether scripts cannot read it.
    public let isHTTPOnly: Bool

    /// Which requests from other sites bring it along.
    public let sameSite: Cookie.SameSite

    /// What every host may be told to keep: browsers that know the prefix take such a cookie from the host itself alone, over an
    /// encrypted connection, so no neighbour under the same domain can plant one (RFC 6265bis, section 4.1.3.2).
    public static let hostPrefix = "__Host-"

    /// The longest lifetime that browsers take: 400 days (RFC 6265bis, section 5.5).
    private static let longestAge = 400 * 86_400

    /// Describes a cookie.
    ///
    /// - Parameters:
    ///   - name: The name. `nil` takes `__Host-session`, or `session` where the cookie is not secure, has a domain or a path.
    ///   - domain: The domain and all below it that get the cookie; `nil`, the host alone that has set it.
    ///   - path: The paths that get it.
    ///   - isSecure: Whether it is sent over encrypted connections alone. `false` is for development.
    ///   - isHTTPOnly: Whether scripts cannot read it.
    ///   - sameSite: Which requests from other sites bring it along. `.lax` keeps it from the forms of other sites.
    /// - Throws: ``SessionError`` with ``SessionError/Code/invalidCookie`` where these contradict each other, or a part of it cannot
    ///   stand in a cookie.
    public init(
        name: String? = nil,
        domain: String? = nil,
        path: String = "/",
        isSecure: Bool = true,
        isHTTPOnly: Bool = true,
        sameSite: Cookie.SameSite = .lax
    ) throws {
        let isHostOnly = isSecure && domain == nil && path == "/"
        let name = name ?? (isHostOnly ? "\(Self.hostPrefix)session" : "session")
        self.name = name
        self.domain = domain
        self.path = path
        self.isSecure = isSecure
        self.isHTTPOnly = isHTTPOnly
        self.sameSite = sameSite
        if let fault = self.fault { throw SessionError(.invalidCookie, "the session's cookie \(fault)") }
    }

    private init() {
        self.name = "\(Self.hostPrefix)session"
        self.domain = nil
        self.path = "/"
        self.isSecure = true
        self.isHTTPOnly = true
        self.sameSite = .lax
    }

    /// `__Host-session`: secure, for this host alone, not for scripts, not for the forms of other sites.
    public static let standard = SessionCookie()

    /// `session`, over plain connections too: for development on a machine of one's own.
    ///
    /// Browsers that take `localhost` for secure take ``standard`` there.
    public static let insecure = SessionCookie(insecureNamed: "session")

    private init(insecureNamed name: String) {
        self.name = name
        self.domain = nil
        self.path = "/"
        self.isSecure = false
        self.isHTTPOnly = true
        self.sameSite = .lax
    }

    /// What is wrong, as the end of a sentence; `nil` when nothing is.
    private var fault: String? {
        let name = self.name.lowercased()
        if !self.name.utf8.allSatisfy(Self.isTokenCharacter) || name.isEmpty { return "has a name that is no token" }
        if !self.path.hasPrefix("/") || !self.path.utf8.allSatisfy(Self.isAttributeCharacter) {
            return "has a path that is none"
        }
        if let domain = self.domain, domain.isEmpty || !domain.utf8.allSatisfy(Self.isAttributeCharacter) {
            return "has a domain that is none"
        }
        if self.sameSite == .none, !self.isSecure { return "goes to other sites' requests and has to be secure" }
        if name.hasPrefix("__secure-") || name.hasPrefix("__host-"), !self.isSecure {
            return "has a name that only secure cookies may have"
        }
        if name.hasPrefix("__host-"), self.domain != nil || self.path != "/" {
            return "has a name that allows neither a domain nor a path"
        }
        return nil
    }

    /// RFC 9110, section 5.6.2.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func isAttributeCharacter(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F && byte != 0x3B }

    // MARK: In messages

    /// The values of all cookies of this name that a request brings along.
    func values(in request: Request) -> [String] {
        request.headers[values: .cookie].flatMap { line in
            line.split(separator: ";").compactMap { pair -> String? in
                guard let equals = pair.firstIndex(of: "=") else { return nil }
                guard pair[..<equals].trimmed() == self.name[...] else { return nil }
                return String(pair[pair.index(after: equals)...].trimmed())
            }
        }
    }

    /// The field that carries out an order; `nil` where there is nothing to say.
    func field(for order: CookieOrder) -> String? {
        switch order {
        case .keep: nil
        case .set(let value, let lifetime): self.field(value, lifetime.map { Self.seconds($0) })
        case .remove: self.field("", 0)
        }
    }

    private func field(_ value: String, _ maxAge: Int?) -> String {
        var field = "\(self.name)=\(value)"
        if let maxAge { field += "; Max-Age=\(maxAge)" }
        if let domain = self.domain { field += "; Domain=\(domain)" }
        field += "; Path=\(self.path)"
        if self.isSecure { field += "; Secure" }
        if self.isHTTPOnly { field += "; HttpOnly" }
        return field + "; SameSite=\(self.sameSite.rawValue)"
    }

    /// Whole seconds, rounded up: the server decides when it is over.
    private static func seconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return Int(max(1, min(seconds + (attoseconds > 0 ? 1 : 0), Int64(Self.longestAge))))
    }
}

extension Substring {
    /// Without the spaces and tabs at its ends.
    fileprivate func trimmed() -> Substring {
        var text = self
        while let first = text.utf8.first, first == 0x20 || first == 0x09 { text = text.dropFirst() }
        while let last = text.utf8.last, last == 0x20 || last == 0x09 { text = text.dropLast() }
        return text
    }
}
