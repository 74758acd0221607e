public import HTTPTypes

/// The fields that are meant for the next hop alone (RFC 9110, section 7.6.1; RFC 9111, section 3.1).
public enum HopByHop: Sendable {
    /// Removes them from fields, those that `Connection` names included.
    ///
    /// - Parameter fields: A request's or a response's fields.
    public static func remove(from fields: inout HTTPFields) {
        let named = self.named(in: fields)
        if fields.contains(where: { self.isHopByHop($0.name, named) }) {
            fields.removeAll { self.isHopByHop($0.name, named) }
        }
    }

    static func isHopByHop(_ name: HTTPField.Name, _ named: Set<String>) -> Bool {
        let name = name.canonicalName
        switch name {
        case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
            "proxy-authenticate", "proxy-authorization", "proxy-authentication-info":
            return true
        default:
            return !named.isEmpty && named.contains(name)
        }
    }

    /// The names in `Connection`, in lower case.
    static func named(in fields: HTTPFields) -> Set<String> {
        var names: Set<String> = []
        fields.forEachMember(of: .connection) { member in
            // `Cache-Control` is never for the next hop alone, says RFC 9110; and without `Host` there is no request.
            if let name = member.lowercasedToken, name != "cache-control", name != "host" { names.insert(name) }
            return names.count < 1_000
        }
        return names
    }
}
