public import HTTPTypes

/// What a cache has to know of a request, read in one pass over its fields.
public struct RequestSummary: Sendable, Hashable {
    /// Which fields with a meaning here a request has, and what else sets it apart.
    public struct Traits: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: UInt16

        /// Makes a set from its bits.
        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// It has a body, or says so.
        public static let body = Traits(rawValue: 1 << 0)
        /// A GET or HEAD that asks to switch to a protocol of ``CachePolicy/upgradeProtocols``.
        public static let upgrade = Traits(rawValue: 1 << 1)
        /// `Authorization`.
        public static let authorization = Traits(rawValue: 1 << 2)
        /// `Range`.
        public static let range = Traits(rawValue: 1 << 3)
        /// `If-Range`.
        public static let ifRange = Traits(rawValue: 1 << 4)
        /// `If-None-Match`.
        public static let ifNoneMatch = Traits(rawValue: 1 << 5)
        /// `If-Modified-Since`.
        public static let ifModifiedSince = Traits(rawValue: 1 << 6)
        /// `If-Match` or `If-Unmodified-Since`, which only an origin can answer.
        public static let originPrecondition = Traits(rawValue: 1 << 7)

        /// A condition that a cache can answer.
        public static let conditional: Traits = [.ifNoneMatch, .ifModifiedSince]
    }

    /// The request's method.
    public let method: HTTPRequest.Method
    /// What sets it apart.
    public let traits: Traits
    /// What it asks of caches.
    public let directives: RequestDirectives

    /// Reads a request, and takes from it what is for this hop alone.
    ///
    /// What `Connection` names does not reach the origin, so it must not select what is stored either: who sends
    /// `Connection: X-Country` would store the page for one country under another. Use the request as it is afterwards for
    /// everything: key, variants and what goes to the origin.
    ///
    /// - Parameters:
    ///   - request: The request. One that asks to switch protocols keeps its fields.
    ///   - hasBody: Whether it has a body, where the server knows; in HTTP/2 no field need say so.
    ///   - policy: The cache's policy.
    public init(_ request: inout HTTPRequest, hasBody: Bool, policy: CachePolicy) {
        var reading = Reading(request)
        if hasBody { reading.traits.insert(.body) }
        if reading.hasConnection, request.method != .connect {
            let isSafe = request.method == .get || request.method == .head
            if isSafe, Self.asksToUpgrade(request.headerFields, policy.upgradeProtocols) {
                reading.traits.insert(.upgrade)
            } else if !HopByHop.named(in: request.headerFields).allSatisfy(HopByHop.isAlways) {
                // What is always for the next hop is left out by whatever makes a request for the origin.
                HopByHop.remove(from: &request.headerFields, keeping: policy.key.fields)
                let isWithBody = reading.traits.contains(.body)
                reading = Reading(request)
                if isWithBody { reading.traits.insert(.body) }
            }
        }
        self.method = request.method
        self.traits = reading.traits
        self.directives = reading.hasDirectives ? RequestDirectives(request.headerFields) : RequestDirectives()
    }

    /// Whether `Connection` names `Upgrade`, without which it is for somebody else (RFC 9110, section 7.8), and that names a
    /// protocol that is spoken here.
    private static func asksToUpgrade(_ fields: HTTPFields, _ protocols: Set<String>) -> Bool {
        guard fields.contains(.upgrade) else { return false }
        let isElsewhere = fields.forEachMember(of: .connection) { !$0.isToken("upgrade") }
        if isElsewhere { return false }
        return !fields.forEachMember(of: .upgrade) { member in
            let name = member.part(0..<(member.firstIndex(of: UInt8(ascii: "/")) ?? member.count))
            return name.lowercasedToken.map { !protocols.contains($0) } ?? true
        }
    }

    /// Whether the answer to a miss is a 504, since the client wants nothing from the origin (RFC 9111, section 5.2.1.7); see
    /// ``Outgoing/gatewayTimeout(status:)``.
    ///
    /// What is stored answers for itself, see ``StoredResponse/Metadata/reuse(for:after:policy:)``.
    ///
    /// - Parameter policy: The cache's policy.
    /// - Returns: Whether it says `only-if-cached`, and is heeded.
    public func wantsOnlyStored(_ policy: CachePolicy) -> Bool {
        policy.heedsRequestDirectives && self.directives.onlyIfCached
    }

    /// What is done with the request.
    ///
    /// - Parameter policy: The cache's policy.
    /// - Returns: Whether to look it up, to send it on, or to stay out of it.
    public func treatment(_ policy: CachePolicy) -> RequestTreatment {
        switch self.method {
        case .get, .head:
            if self.traits.contains(.upgrade) { return .bypass(.upgrade) }
            if self.traits.contains(.body) { return .bypass(.body) }
            if self.traits.contains(.originPrecondition) { return .bypass(.precondition) }
            if self.traits.contains(.authorization), policy.effectiveAuthorization == .bypass {
                return .bypass(.authorization)
            }
            if policy.heedsRequestDirectives, self.directives.noStore { return .bypass(.noStore) }
            return .lookUp
        case .connect:
            return .bypass(.upgrade)
        case .options, .trace:
            return .forward
        default:
            return .forwardAndInvalidate
        }
    }
}

/// What one pass over a request's fields finds.
private struct Reading {
    var traits: RequestSummary.Traits = []
    var hasDirectives = false
    var hasConnection = false

    init(_ request: HTTPRequest) {
        for field in request.headerFields {
            let name = field.name.canonicalName
            // The names of one length are few, and no other field is compared at all.
            switch name.utf8.count {
            case 5 where name == "range": traits.insert(.range)
            case 6 where name == "pragma": hasDirectives = true
            case 8:
                if name == "if-range" {
                    traits.insert(.ifRange)
                } else if name == "if-match" {
                    traits.insert(.originPrecondition)
                }
            case 10 where name == "connection": hasConnection = true
            case 13:
                if name == "cache-control" {
                    hasDirectives = true
                } else if name == "if-none-match" {
                    traits.insert(.ifNoneMatch)
                } else if name == "authorization" {
                    traits.insert(.authorization)
                }
            case 14 where name == "content-length":
                let isEmpty = field.withUnsafeBytesOfValue { $0.allSatisfy { $0 == UInt8(ascii: "0") } }
                if !isEmpty { traits.insert(.body) }
            case 17:
                if name == "if-modified-since" {
                    traits.insert(.ifModifiedSince)
                } else if name == "transfer-encoding" {
                    traits.insert(.body)
                }
            case 19 where name == "if-unmodified-since": traits.insert(.originPrecondition)
            default: break
            }
        }
    }
}

/// What a cache does with a request (RFC 9111, sections 2 and 4).
public enum RequestTreatment: Sendable, Hashable {
    /// Look for a stored response.
    case lookUp
    /// Send it on; nothing is stored and nothing changes.
    case forward
    /// Send it on; its answer may make stored responses untrue, see ``Invalidation``.
    case forwardAndInvalidate
    /// Send it on as if there were no cache.
    case bypass(Bypass)

    /// Why a cache stays out of a request.
    public enum Bypass: String, Sendable, Hashable {
        /// A GET or HEAD with a body, which is not in the key.
        case body
        /// A change of protocol, or a tunnel; such a request keeps its hop-by-hop fields.
        case upgrade
        /// Conditions that only an origin can answer (RFC 9111, section 4.3.2).
        case precondition
        /// Credentials, and a policy that does not want them.
        case authorization
        /// The request says `no-store`.
        case noStore
    }
}
