// The URLs are those of redis-py, because that is what the settings of a shop's Django services hold, and what people
// expect. They are taken apart here and not by Foundation: its URL types differ between platforms and versions in what
// they accept raw in a password.

extension RedisConfiguration {
    /// Reads a configuration from a URL.
    ///
    /// ```
    /// redis://[[user]:[password]@]host[:port][/database][?option=value&...]
    /// rediss://...                                   the same with TLS
    /// unix://[[user]:[password]@]/path[?db=number&...]
    /// ```
    ///
    /// User, password, path and values may be percent-encoded; in a password `/`, `?`, `#` and `%` have to be (`%2F`,
    /// `%3F`, `%23`, `%25`), `@` and `:` may be. A host with colons stands in brackets. An absent host is `127.0.0.1`,
    /// an absent port 6379. `+` is a plus, not a space.
    ///
    /// Options, as redis-py names them; times are in seconds, with a fraction if need be:
    ///
    /// | option | sets |
    /// |---|---|
    /// | `db` | `database`; wins over the path's |
    /// | `username`, `password` | the same, where the part before `@` does not say them |
    /// | `client_name` | `clientName` |
    /// | `protocol` | `protocolVersion`: `2` or `3` |
    /// | `socket_connect_timeout` | `connectTimeout` |
    /// | `socket_timeout` | `commandTimeout` |
    /// | `health_check_interval` | `healthCheckInterval`; `0` for none |
    /// | `max_connections` | `maximumLentConnections`, which is that number without the shared connection, at least 1 |
    /// | `ssl_cert_reqs` | `tls.verification`: `required`, or `none` for no check at all |
    /// | `ssl_check_hostname` | `tls.verification`: `false` checks the certificate, but not its name |
    /// | `ssl_ca_certs` | `tls.trustedCertificateFiles` |
    /// | `ssl_certfile`, `ssl_keyfile` | `tls.certificateFile`, `tls.privateKeyFile` |
    ///
    /// - Parameter url: The URL.
    /// - Throws: `RedisError` with the code `.invalidConfiguration`, which names the part or the option that is wrong,
    ///   what is accepted, and what was found unless that could be a part of the password.
    public init(url: String) throws(RedisError) {
        let parts = try RedisURL(url)
        switch parts.scheme {
        case .unix:
            self.init(address: .unixSocket(path: parts.path))
        case .redis, .rediss:
            self.init(host: parts.host ?? "127.0.0.1", port: parts.port ?? 6379)
            if parts.scheme == .rediss { self.tls = .enabled }
            self.database = try parts.pathDatabase()
        }
        self.username = parts.username
        self.password = parts.password
        var reader = RedisURLOptions(parts)
        try reader.apply(to: &self)
        try self.validate()
    }

    /// A URL as logs may show it: without its password, whatever else is wrong with it.
    ///
    /// - Parameter url: The URL to show.
    /// - Returns: The URL with `***` in place of the password; of a URL that cannot be read, the scheme only.
    public static func redacted(url: String) -> String {
        guard let parts = try? RedisURL(url), !parts.mayLeak else {
            let scheme = RedisURL.Scheme.allCases.first { url.hasPrefix("\($0.rawValue)://") }
            return "\(scheme?.rawValue ?? "?")://***"
        }
        var text = "\(parts.scheme.rawValue)://"
        if parts.username != nil || parts.password != nil {
            text += "\(parts.username ?? "")\(parts.password == nil ? "" : ":***")@"
        }
        if let host = parts.host { text += host.contains(":") ? "[\(host)]" : host }
        if let port = parts.port { text += ":\(port)" }
        text += parts.path
        for (index, option) in parts.options.enumerated() {
            let value = option.name == "password" ? "***" : option.value
            text += "\(index == 0 ? "?" : "&")\(option.name)=\(value)"
        }
        return text
    }
}

/// The parts of a Redis URL, percent-decoded.
struct RedisURL {
    enum Scheme: String, CaseIterable {
        case redis
        case rediss
        case unix
    }

    var scheme: Scheme
    var username: String?
    var password: String?
    var host: String?
    var port: Int?
    var path: String
    var options: [(name: String, value: String)] = []

    /// Whether an `@` stands behind the host: perhaps the password had a raw `/`, `?` or `#`, and what looks like the
    /// path or an option is the password's rest.
    ///
    /// Errors then show nothing of them.
    var mayLeak: Bool

    init(_ url: String) throws(RedisError) {
        guard let separator = url.firstIndex(of: ":"), url[separator...].hasPrefix("://") else {
            throw Self.error("the URL has no scheme; accepted are redis://, rediss:// and unix://")
        }
        let name = url[..<separator]
        guard let scheme = Scheme(rawValue: name.lowercased()) else {
            let isName = name.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2B }
            let found = isName ? " \"\(name)\"" : ""
            throw Self.error("unknown scheme\(found); accepted are redis://, rediss:// and unix://")
        }
        self.scheme = scheme
        let rest = url[separator...].dropFirst(3)
        let authorityEnd = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        let tail = rest[authorityEnd...]
        self.mayLeak = tail.contains("@")
        if tail.contains("#") {
            throw Self.error("a # is not accepted; in a password write it as %23")
        }
        let pathEnd = tail.firstIndex(of: "?") ?? tail.endIndex
        self.path = try Self.decoded(tail[..<pathEnd], "path")

        if let at = authority.lastIndex(of: "@") {
            let login = authority[..<at]
            authority = authority[authority.index(after: at)...]
            let colon = login.firstIndex(of: ":") ?? login.endIndex
            if colon != login.startIndex { self.username = try Self.decoded(login[..<colon], "user name") }
            if colon != login.endIndex {
                let password = try Self.decoded(login[login.index(after: colon)...], "password")
                if !password.isEmpty { self.password = password }
            }
        }
        try self.readHost(authority)
        if scheme == .unix {
            guard self.host == nil, self.port == nil else {
                throw Self.error("a unix:// URL has no host: write three slashes, unix:///path/to/redis.sock")
            }
            guard self.path.count > 1 else {
                throw Self.error("the path of the socket is missing; accepted is unix:///path/to/redis.sock")
            }
        }
        try self.readOptions(tail[pathEnd...].dropFirst())
    }

    /// The database that the path names; 0 if it names none.
    func pathDatabase() throws(RedisError) -> Int {
        if self.path.isEmpty || self.path == "/" { return 0 }
        guard let database = Self.wholeNumber(self.path.dropFirst()) else {
            throw Self.error("the path must be the number of a database, such as /1\(self.found(self.path))")
        }
        return database
    }

    /// What an error may add about a part behind the host.
    func found(_ text: String) -> String {
        self.mayLeak
            ? "; if the password has one of / ? # in it, write %2F %3F %23"
            : ", not \"\(text.prefix(60))\""
    }

    /// Digits and nothing else; `Int.init` would take a sign too.
    static func wholeNumber(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    static func error(_ message: String) -> RedisError {
        RedisError(.invalidConfiguration, message: "Redis URL: \(message)")
    }

    private mutating func readHost(_ text: Substring) throws(RedisError) {
        var port = text[text.endIndex...]
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw Self.error("the host's opening bracket is not closed; accepted is [::1]")
            }
            let host = text[text.index(after: text.startIndex)..<end]
            guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x25 }) else {
                throw Self.error("the brackets must hold an IPv6 address, such as [::1]")
            }
            self.host = String(host)
            port = text[text.index(after: end)...]
            guard port.isEmpty || port.hasPrefix(":") else {
                throw Self.error("only a port may follow the host's closing bracket, such as [::1]:6379")
            }
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            let host = try Self.decoded(text[..<colon], "host")
            port = text[colon...]
            guard !port.dropFirst().contains(":") else {
                throw Self.error("a host with colons must stand in brackets, such as [::1]:6379")
            }
            if !host.isEmpty { self.host = host }
        }
        guard port.count > 1 else { return }
        // What stands here may be a password whose `@` is missing or hidden, so it is never shown.
        guard let number = Self.wholeNumber(port.dropFirst()), (1...65_535).contains(number) else {
            let hint = self.mayLeak ? "; if the password has one of / ? # in it, write %2F %3F %23" : ""
            throw Self.error("the port must be a number from 1 to 65535\(hint)")
        }
        self.port = number
    }

    private mutating func readOptions(_ query: Substring) throws(RedisError) {
        for option in query.split(separator: "&") {
            let equals = option.firstIndex(of: "=") ?? option.endIndex
            let name = try Self.decoded(option[..<equals], "option")
            let value = try Self.decoded(option[equals...].dropFirst(), "value of an option")
            if self.options.contains(where: { $0.name == name }) {
                throw Self.error(self.mayLeak ? "an option is given twice" : "the option \"\(name)\" is given twice")
            }
            self.options.append((name, value))
        }
    }

    private static func decoded(_ text: Substring, _ part: String) throws(RedisError) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Self.hexadecimal),
                let low = rest.popFirst().flatMap(Self.hexadecimal)
            else {
                throw Self.error("in the \(part), a % is not followed by two hexadecimal digits; write %25 for one")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Self.error("the \(part), percent-decoded, is not UTF-8")
        }
        return decoded
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
