public import HTTPTypes

/// What a cache did with a request, for those who look at its answer (RFC 9211).
public struct CacheStatus: Sendable, Hashable {
    /// Why a request went to the origin (RFC 9211, section 2.2).
    public enum Forward: String, Sendable, Hashable {
        /// The cache was to stay out of it.
        case bypass
        /// The method is one that goes to the origin.
        case method
        /// Nothing is stored for the URI.
        case uriMiss = "uri-miss"
        /// Something is stored for the URI, and nothing for this request.
        case varyMiss = "vary-miss"
        /// Nothing is stored, and the cache does not say which of both.
        case miss
        /// The request asks for it.
        case request
        /// What is stored is stale.
        case stale
        /// What is stored is a part.
        case partial
    }

    /// Whether the answer came from the store.
    public enum Outcome: Sendable, Hashable {
        /// It did, without asking the origin.
        case hit
        /// The origin was asked.
        case forward(Forward)
    }

    /// What the cache calls itself.
    public var cache: String
    /// Whether the answer came from the store.
    public var outcome: Outcome
    /// The status that the origin answered with, if that is not the one that the client gets.
    public var forwardStatus: Int?
    /// For how many seconds the answer is still fresh; negative by how long it is stale.
    public var timeToLive: Int64?
    /// Whether the origin's answer was stored.
    public var isStored = false
    /// Whether the request waited for another's.
    public var isCollapsed = false
    /// The key, for debugging.
    public var key: String?
    /// Anything else, for debugging.
    public var detail: String?

    /// Makes a status.
    ///
    /// - Parameters:
    ///   - cache: What the cache calls itself.
    ///   - outcome: Whether the answer came from the store.
    public init(_ cache: String, _ outcome: Outcome) {
        self.cache = cache
        self.outcome = outcome
    }

    /// Makes a status as a policy wants it told; `nil` where it is not to be told.
    ///
    /// - Parameters:
    ///   - policy: What the cache calls itself, and whether it tells keys.
    ///   - outcome: Whether the answer came from the store.
    ///   - key: The request's key.
    public init?(_ policy: CachePolicy, _ outcome: Outcome, key: ResponseKey? = nil) {
        guard let name = policy.statusName else { return nil }
        self.init(name, outcome)
        self.key = policy.tellsKey ? key?.fingerprint : nil
    }

    /// The member of the list, as a structured field (RFC 9651, section 4.1).
    public var serialized: String {
        var text = ""
        text.reserveCapacity(64)
        Self.append(self.cache, to: &text)
        switch self.outcome {
        case .hit:
            text += ";hit"
        case .forward(let forward):
            text += ";fwd="
            text += forward.rawValue
            if let status = self.forwardStatus {
                text += ";fwd-status="
                text += String(max(0, min(status, 999)))
            }
        }
        if let timeToLive = self.timeToLive {
            text += ";ttl="
            text += String(max(-Self.greatest, min(timeToLive, Self.greatest)))
        }
        if case .forward = self.outcome {
            if self.isStored { text += ";stored" }
            if self.isCollapsed { text += ";collapsed" }
        }
        if let key = self.key {
            text += ";key="
            Self.appendString(key, to: &text)
        }
        if let detail = self.detail {
            text += ";detail="
            Self.append(detail, to: &text)
        }
        return text
    }

    /// Adds the member behind those of caches nearer to the origin (RFC 9211, section 2).
    ///
    /// - Parameter fields: A response's fields.
    public func append(to fields: inout HTTPFields) {
        fields.add(HTTPField(name: FieldName.cacheStatus, value: self.serialized))
    }

    /// The greatest integer of a structured field: fifteen digits.
    private static let greatest: Int64 = 999_999_999_999_999

    /// A token where the text is one, or else a string.
    private static func append(_ text: String, to result: inout String) {
        if Self.isToken(text) { result += text } else { Self.appendString(text, to: &result) }
    }

    private static func isToken(_ text: String) -> Bool {
        guard let first = text.utf8.first else { return false }
        let isLetter = (0x61...0x7A).contains(first.lowercased)
        guard isLetter || first == UInt8(ascii: "*") else { return false }
        return text.utf8.allSatisfy { $0.isTokenByte || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
    }

    /// A string; what a string cannot hold becomes a question mark.
    private static func appendString(_ text: String, to result: inout String) {
        result += "\""
        for byte in text.utf8 {
            switch byte {
            case 0x22, 0x5C:
                result += "\\"
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x20...0x7E: result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "?"
            }
        }
        result += "\""
    }
}

extension CacheStatus.Forward {
    /// What a decision about a stored response means here; `nil` where the origin was not asked for the client.
    ///
    /// - Parameter reuse: The decision.
    public init?(_ reuse: Reuse) {
        guard reuse.action == .validate else { return nil }
        switch reuse.reason {
        case .requestNoCache, .requestMaxAge, .requestMinFresh: self = .request
        default: self = .stale
        }
    }

    /// What a treatment without a lookup means here; `nil` where there was one.
    ///
    /// - Parameter treatment: The treatment.
    public init?(_ treatment: RequestTreatment) {
        switch treatment {
        case .lookUp: return nil
        case .forward, .forwardAndInvalidate: self = .method
        case .bypass(.noStore): self = .request
        case .bypass: self = .bypass
        }
    }
}
