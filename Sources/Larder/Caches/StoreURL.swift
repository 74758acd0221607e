/// The URL of a store, taken apart: `redis://user:password@host1,host2:6380/1?near_cache=10000`.
///
/// It differs from RFC 3986 where stores need it: there may be several hosts, separated by commas, and a password may hold
/// `@` and `:` as they are. All parts are percent-decoded; `+` is a plus. Foundation's URL types differ between platforms
/// in what they accept raw in a password, so they are not asked.
public struct StoreURL: Sendable, Hashable, CustomStringConvertible {
    /// One of the hosts.
    public struct Host: Sendable, Hashable {
        /// The host's name or address, an IPv6 address without its brackets; `nil` where there is only a port.
        public let name: String?

        /// The port; `nil` for the store's usual one.
        public let port: Int?
    }

    /// One option of the query.
    public struct Option: Sendable, Hashable {
        /// The option's name.
        public let name: String

        /// What it is set to.
        public let value: String

        /// Describes an option.
        ///
        /// - Parameters:
        ///   - name: The option's name.
        ///   - value: What it is set to.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The scheme, in lower case: `redis`, `memory`.
    public let scheme: String

    /// Who to be to the store.
    public let username: String?

    /// The password.
    public let password: String?

    /// The hosts in their order; none in `sqlite:///path`.
    public let hosts: [Host]

    /// What stands behind the hosts, with its slash; empty where nothing does.
    public let path: String

    /// The options in their order, each name once.
    public let query: [Option]

    /// Whether an `@` stands behind the hosts: perhaps a password had a raw `/`, `?` or `#`, and what looks like a path or an
    /// option is its rest.
    ///
    /// Errors then must show nothing of them.
    public let mayHoldPasswordInWrongPlace: Bool

    /// The URL as it was written, up to its query.
    private let front: Substring

    /// Takes a URL apart.
    ///
    /// - Parameter text: The URL.
    /// - Throws: An error that says what is wrong, and quotes nothing that may be a password.
    public init(_ text: String) throws(StoreSettingError) {
        guard let separator = text.firstIndex(of: ":"), text[separator...].hasPrefix("://") else {
            throw Self.error(
                text.isEmpty ? "nothing" : "a text without a scheme",
                "a URL, such as memory://?entries=10000"
            )
        }
        let scheme = text[..<separator].lowercased()
        let isScheme =
            !scheme.isEmpty
            && scheme.utf8.allSatisfy { (0x61...0x7A).contains($0) || "+-.0123456789".utf8.contains($0) }
        guard isScheme else {
            throw Self.error("a scheme with other characters than letters, digits and +", "a URL, such as memory://")
        }
        let rest = text[separator...].dropFirst(3)
        let authorityEnd = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        let tail = rest[authorityEnd...]
        if tail.contains("#") { throw Self.error("a #", "%23 for one in a password or a path") }
        self.mayHoldPasswordInWrongPlace = tail.contains("@")
        let pathEnd = tail.firstIndex(of: "?") ?? tail.endIndex
        self.scheme = scheme
        self.front = text[..<pathEnd]
        self.path = try Self.decoded(tail[..<pathEnd], "the path")
        var authority = rest[..<authorityEnd]
        (self.username, self.password) = try Self.login(takenFrom: &authority)
        self.hosts = try Self.hosts(authority, mayLeak: tail.contains("@"))
        self.query = try Self.query(tail[pathEnd...].dropFirst(), mayLeak: tail.contains("@"))
    }

    /// The URL as it was written, with other options.
    ///
    /// - Parameter options: The options that it is to have, instead of its own.
    /// - Returns: The URL's text, password included.
    public func text(with options: [Option]) -> String {
        let query = options.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }
        return query.isEmpty ? String(self.front) : "\(self.front)?\(query.joined(separator: "&"))"
    }

    /// The URL as logs may show it: without its password and what its options say, and without what may be a password.
    public var description: String {
        if self.mayHoldPasswordInWrongPlace { return "\(self.scheme)://***" }
        var text = "\(self.scheme)://"
        if self.username != nil || self.password != nil {
            text += "\(self.username ?? "")\(self.password == nil ? "" : ":***")@"
        }
        text += self.hosts.map { host in
            let name = host.name.map { $0.contains(":") ? "[\($0)]" : $0 } ?? ""
            return name + (host.port.map { ":\($0)" } ?? "")
        }.joined(separator: ",")
        text += self.path
        return self.query.isEmpty ? text : "\(text)?\(self.query.map { "\($0.name)=…" }.joined(separator: "&"))"
    }

    // MARK: Parts

    private static func login(
        takenFrom authority: inout Substring
    ) throws(StoreSettingError) -> (username: String?, password: String?) {
        guard let at = authority.lastIndex(of: "@") else { return (nil, nil) }
        let login = authority[..<at]
        authority = authority[authority.index(after: at)...]
        let colon = login.firstIndex(of: ":") ?? login.endIndex
        let username = colon == login.startIndex ? nil : try self.decoded(login[..<colon], "the user's name")
        guard colon != login.endIndex else { return (username, nil) }
        let password = try self.decoded(login[login.index(after: colon)...], "the password")
        return (username, password.isEmpty ? nil : password)
    }

    private static func hosts(_ text: Substring, mayLeak: Bool) throws(StoreSettingError) -> [Host] {
        if text.isEmpty { return [] }
        var hosts: [Host] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard !part.isEmpty else { throw self.error("an empty host in a list", "hosts as in host:port,host:port") }
            hosts.append(try self.host(part, mayLeak: mayLeak))
        }
        return hosts
    }

    private static func host(_ text: Substring, mayLeak: Bool) throws(StoreSettingError) -> Host {
        var name: String?
        var port: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else {
                throw self.error("a host's opening bracket that is not closed", "an IPv6 address as in [::1]")
            }
            let address = text[text.index(after: text.startIndex)..<end]
            guard !address.isEmpty, address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x25 }) else {
                throw self.error("brackets without an address", "an IPv6 address as in [::1]")
            }
            name = String(address)
            port = text[text.index(after: end)...]
            guard port.isEmpty || port.hasPrefix(":") else {
                throw self.error("something behind a host's closing bracket", "only a port there, as in [::1]:6379")
            }
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            let host = try self.decoded(text[..<colon], "a host")
            port = text[colon...]
            guard !port.dropFirst().contains(":") else {
                throw self.error("a host with colons", "brackets around it, as in [::1]:6379")
            }
            if !host.isEmpty { name = host }
        }
        guard port.count > 1 else { return Host(name: name, port: nil) }
        // What stands here may be a password whose `@` is missing or hidden, so it is never shown.
        guard let number = SettingText.wholeNumber(port.dropFirst()), (1...65_535).contains(number) else {
            let hint = mayLeak ? "; if the password has one of / ? # in it, write %2F %3F %23" : ""
            throw self.error("a port that is none", "a number from 1 to 65535\(hint)")
        }
        return Host(name: name, port: number)
    }

    private static func query(_ text: Substring, mayLeak: Bool) throws(StoreSettingError) -> [Option] {
        var options: [Option] = []
        for part in text.split(separator: "&") {
            let equals = part.firstIndex(of: "=") ?? part.endIndex
            let name = try self.decoded(part[..<equals], "an option's name")
            let value = try self.decoded(part[equals...].dropFirst(), "an option's value")
            guard !options.contains(where: { $0.name == name }) else {
                throw self.error(
                    mayLeak ? "an option twice" : "the option \(name.debugDescription) twice",
                    "each option once"
                )
            }
            options.append(Option(name: name, value: value))
        }
        return options
    }

    private static func error(_ found: String, _ accepted: String) -> StoreSettingError {
        StoreSettingError(found: found, accepted: accepted)
    }

    // MARK: Percent-encoding

    private static func decoded(_ text: Substring, _ part: String) throws(StoreSettingError) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(self.hexadecimal),
                let low = rest.popFirst().flatMap(self.hexadecimal)
            else {
                throw self.error("in \(part) a % that two hexadecimal digits do not follow", "%25 for a % itself")
            }
            bytes.append(high << 4 | low)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw self.error("in \(part) bytes that are not UTF-8", "percent-encoded UTF-8")
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

    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "-._~/:,".utf8.contains(byte)
            if isPlain {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
