import NIOHTTP1

extension HTTPRequestHead {
    /// Refuses what two readers could understand differently, and brings the target into the one form that is left.
    ///
    /// Much of this the parser refuses itself. It is said here again because everything behind a cache depends on it: a
    /// request whose end or whose host is a matter of opinion poisons what others get (RFC 9112, section 11).
    ///
    /// - Throws: An `HTTPParserError`, which the server answers with 400 and the end of the connection.
    mutating func makeUnambiguous() throws(HTTPParserError) {
        guard self.version == .http1_1 || self.version == .http1_0 else { throw .invalidVersion }
        try self.checkFraming()
        try self.checkTarget()
        let hosts = self.headers["host"]
        guard hosts.count == 1 || hosts.isEmpty && self.version == .http1_0 else { throw .invalidHeaderToken }
        guard hosts.allSatisfy(Self.isAuthority) else { throw .invalidHeaderToken }
    }

    /// The body has one end (RFC 9112, section 6).
    private func checkFraming() throws(HTTPParserError) {
        let codings = self.headers["transfer-encoding"]
        let lengths = self.headers["content-length"]
        guard lengths.count <= 1 else { throw .unexpectedContentLength }
        guard lengths.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            throw .invalidContentLength
        }
        guard !codings.isEmpty else { return }
        guard lengths.isEmpty else { throw .unexpectedContentLength }
        guard self.version == .http1_1, codings.count == 1, codings[0].lowercased() == "chunked" else {
            throw .unknown
        }
    }

    /// The target is a path, or `*` for OPTIONS (RFC 9112, section 3.2); of a whole URI the host goes where a host stands.
    private mutating func checkTarget() throws(HTTPParserError) {
        guard self.uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw .invalidURL
        }
        if self.method == .CONNECT || self.uri.hasPrefix("/") { return }
        if self.uri == "*" {
            guard self.method == .OPTIONS else { throw .invalidURL }
            return
        }
        for scheme in ["http://", "https://"] where self.uri.lowercased().hasPrefix(scheme) {
            let rest = self.uri.dropFirst(scheme.count)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
            // What `Host` says is of no account then.
            self.headers.replaceOrAdd(name: "Host", value: String(rest[..<end]))
            let target = rest[end...]
            let asterisk = target.isEmpty && self.method == .OPTIONS
            self.uri = asterisk ? "*" : target.hasPrefix("/") ? String(target) : "/" + target
            return
        }
        throw .invalidURL
    }

    /// Whether a text is a host and perhaps a port.
    private static func isAuthority(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "@"), UInt8(ascii: "\\"),
                    UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"):
                    false
                default: (0x21...0x7E).contains(byte)
                }
            }
    }
}
