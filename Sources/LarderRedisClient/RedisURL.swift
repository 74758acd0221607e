/// The parts of a Redis URL, percent-decoded.
struct RedisURL {
    enum Scheme: String, CaseIterable {
        case redis
        case rediss
        case unix
        case redisSentinel = "redis+sentinel"
        case redissSentinel = "rediss+sentinel"
        case redisCluster = "redis+cluster"
        case redissCluster = "rediss+cluster"
        case redisShards = "redis+shards"
        case redissShards = "rediss+shards"

        enum Topology {
            case redis
            case unix
            case sentinel
            case cluster
            case shards
        }

        /// What the hosts are.
        var topology: Topology {
            switch self {
            case .redis, .rediss: .redis
            case .unix: .unix
            case .redisSentinel, .redissSentinel: .sentinel
            case .redisCluster, .redissCluster: .cluster
            case .redisShards, .redissShards: .shards
            }
        }

        var isEncrypted: Bool { self.rawValue.hasPrefix("rediss") }

        /// The same with TLS.
        var encrypted: Scheme {
            switch self.topology {
            case .redis, .unix: .rediss
            case .sentinel: .redissSentinel
            case .cluster: .redissCluster
            case .shards: .redissShards
            }
        }
    }

    /// A host of the list; either part may be absent.
    struct Host {
        var name: String?
        var port: Int?
    }

    private static let schemes =
        "redis://, rediss:// and unix://, redis+shards://, redis+sentinel:// and redis+cluster://"

    var scheme: Scheme
    var username: String?
    var password: String?
    /// At least one, if only with both parts absent.
    var hosts: [Host] = []
    var path: String
    var options: [(name: String, value: String)] = []

    /// Whether an `@` stands behind the host: perhaps the password had a raw `/`, `?` or `#`, and what looks like the
    /// path or an option is the password's rest.
    ///
    /// Errors then show nothing of them.
    var mayLeak: Bool

    init(_ url: String) throws(RedisError) {
        guard let separator = url.firstIndex(of: ":"), url[separator...].hasPrefix("://") else {
            throw Self.error("the URL has no scheme; accepted are \(Self.schemes)")
        }
        let name = url[..<separator]
        guard let scheme = Scheme(rawValue: name.lowercased()) else {
            let isName = name.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || $0 == 0x2B }
            let found = isName ? " \"\(name)\"" : ""
            throw Self.error("unknown scheme\(found); accepted are \(Self.schemes)")
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
        let hosts = authority.split(separator: ",", omittingEmptySubsequences: false)
        for host in hosts { self.hosts.append(try self.host(host)) }
        if hosts.count > 1, hosts.contains(where: \.isEmpty) {
            throw Self.error("in the list of hosts one is empty; accepted is host:port,host:port")
        }
        if scheme == .unix {
            guard authority.isEmpty else {
                throw Self.error("a unix:// URL has no host: write three slashes, unix:///path/to/redis.sock")
            }
            guard self.path.count > 1 else {
                throw Self.error("the path of the socket is missing; accepted is unix:///path/to/redis.sock")
            }
        }
        try self.readOptions(tail[pathEnd...].dropFirst())
    }

    /// The database that a path names; 0 if it names none.
    func pathDatabase(_ path: String) throws(RedisError) -> Int {
        if path.isEmpty || path == "/" { return 0 }
        guard let database = Self.wholeNumber(path.dropFirst()) else {
            let place = self.scheme.topology == .sentinel ? "behind the primary's name the path" : "the path"
            throw Self.error("\(place) must be the number of a database, such as /1\(self.found(path))")
        }
        return database
    }

    /// The name of the primary that sentinels watch, and the database.
    func pathNameAndDatabase() throws(RedisError) -> (name: String?, database: Int) {
        // What stands behind a raw / may be the rest of a password; a name with an @ in it would be one nobody meant.
        if self.mayLeak, self.path.contains("@") {
            throw Self.error(
                "the primary's name must not have an @ in it; if the password has one of / ? # in it, write %2F %3F %23"
            )
        }
        let path = self.path.dropFirst()
        let end = path.firstIndex(of: "/") ?? path.endIndex
        let name = String(path[..<end])
        return (name.isEmpty ? nil : name, try self.pathDatabase(String(path[end...])))
    }

    /// Where the hosts listen, or the socket is.
    var addresses: [RedisConfiguration.Address] {
        if self.scheme == .unix { return [.unixSocket(path: self.path)] }
        let port = self.scheme.topology == .sentinel ? 26_379 : 6379
        return self.hosts.map { .hostname($0.name ?? "127.0.0.1", port: $0.port ?? port) }
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

    private func host(_ text: Substring) throws(RedisError) -> Host {
        var result = Host()
        var port = text[text.endIndex...]
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw Self.error("the host's opening bracket is not closed; accepted is [::1]")
            }
            let host = text[text.index(after: text.startIndex)..<end]
            guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x25 }) else {
                throw Self.error("the brackets must hold an IPv6 address, such as [::1]")
            }
            result.name = String(host)
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
            if !host.isEmpty { result.name = host }
        }
        guard port.count > 1 else { return result }
        // What stands here may be a password whose `@` is missing or hidden, so it is never shown.
        guard let number = Self.wholeNumber(port.dropFirst()), (1...65_535).contains(number) else {
            let hint = self.mayLeak ? "; if the password has one of / ? # in it, write %2F %3F %23" : ""
            throw Self.error("the port must be a number from 1 to 65535\(hint)")
        }
        result.port = number
        return result
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
