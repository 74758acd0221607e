/// Where a server of a cluster sends a command that it does not execute itself.
struct Redirection: Sendable, Equatable {
    enum Kind: Sendable, Hashable {
        /// The slot belongs to another server now: later commands go there as well.
        case moved
        /// The slot is on its way to another server: this command goes there, after `ASKING`, and later ones do not.
        case ask
    }

    let kind: Kind
    let slot: Int
    /// The other server; nil if the one that was asked does not know its address either.
    ///
    /// Then the map of slots helps.
    let address: NodeAddress?

    /// Reads `MOVED slot host:port` and `ASK slot host:port`; nil for all other errors.
    ///
    /// - Parameters:
    ///   - error: What a server answered.
    ///   - askedHost: The host of that server, which an empty host stands for.
    init?(_ error: RedisServerError, askedHost: String) {
        let message = error.message.utf8
        guard message.count <= 300, message.first == UInt8(ascii: "M") || message.first == UInt8(ascii: "A") else {
            return nil
        }
        let words = error.message.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, let slot = Self.number(words[1]), slot < KeySlot.count else { return nil }
        switch words[0] {
        case "MOVED": self.kind = .moved
        case "ASK": self.kind = .ask
        default: return nil
        }
        // The last colon: an IPv6 address has its own, and Redis writes it without brackets.
        guard let colon = words[2].lastIndex(of: ":"),
            let port = Self.number(words[2][words[2].index(after: colon)...]),
            (1...65535).contains(port)
        else { return nil }
        var host = words[2][..<colon]
        if host.hasPrefix("["), host.hasSuffix("]"), host.utf8.count > 2 { host = host.dropFirst().dropLast() }
        self.slot = slot
        switch host {
        case "?": self.address = nil
        case "": self.address = NodeAddress(host: askedHost, port: port)
        default:
            guard String(host).isPlausibleHost else { return nil }
            self.address = NodeAddress(host: String(host), port: port)
        }
    }

    /// A number in one to five digits and nothing else: `Int` would take a sign.
    private static func number(_ text: Substring) -> Int? {
        (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}
