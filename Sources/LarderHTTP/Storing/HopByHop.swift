public import HTTPTypes

/// The fields that are meant for the next hop alone (RFC 9110, section 7.6.1; RFC 9111, section 3.1).
public enum HopByHop: Sendable {
    /// Removes them from fields, those that `Connection` names included.
    ///
    /// - Parameters:
    ///   - fields: A request's or a response's fields.
    ///   - kept: Names, in lower case, that stay although `Connection` names them.
    public static func remove(from fields: inout HTTPFields, keeping kept: Set<String> = []) {
        let named = self.named(in: fields).subtracting(kept)
        if fields.contains(where: { self.isHopByHop($0.name, named) }) {
            fields.removeAll { self.isHopByHop($0.name, named) }
        }
    }

    static func isHopByHop(_ name: HTTPField.Name, _ named: Set<String>) -> Bool {
        let name = name.canonicalName
        return self.isAlways(name) || !named.isEmpty && named.contains(name)
    }

    /// Whether a field, in lower case, is for the next hop whatever `Connection` says.
    static func isAlways(_ name: String) -> Bool {
        switch name {
        case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
            "proxy-authenticate", "proxy-authorization", "proxy-authentication-info":
            true
        default: false
        }
    }

    /// Whether a field, in lower case, is never for the next hop alone, whoever says so.
    ///
    /// RFC 9110 says it of `Cache-Control`. Without the others a client would have a request that means something else to
    /// the origin than to everybody before it.
    private static func isNever(_ name: String) -> Bool {
        switch name {
        case "cache-control", "host", "content-length", "authorization", "cookie": true
        default: false
        }
    }

    /// The names in `Connection`, in lower case.
    static func named(in fields: HTTPFields) -> Set<String> {
        var names: Set<String> = []
        fields.forEachMember(of: .connection) { member in
            if let name = member.lowercasedToken, !self.isNever(name) { names.insert(name) }
            return names.count < 1_000
        }
        return names
    }
}
