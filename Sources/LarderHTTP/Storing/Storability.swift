import HTTPTypes

/// Whether a response may be stored (RFC 9111, section 3), and as what.
///
/// Asked when the response's head has come; ``StoredResponse/finish(bodyLength:endedCleanly:)`` is asked again when its
/// body has.
public enum Storability: Sendable {
    /// It may be.
    case storable(StoredResponse)
    /// It may not be, for this reason.
    case refused(StorageRefusal)

    /// Decides.
    ///
    /// - Parameters:
    ///   - exchange: What was sent and what came back.
    ///   - policy: The cache's policy.
    public init(_ exchange: Exchange, policy: CachePolicy) {
        if let refusal = Self.refusal(of: exchange, policy) {
            self = .refused(refusal)
            return
        }
        let fields = exchange.response.headerFields
        let (directives, source) = ResponseDirectives.effective(in: fields, targets: policy.targetedFields)
        if let refusal = Self.veto(exchange, directives, policy) {
            self = .refused(refusal)
            return
        }
        guard let vary = VaryKey(response: fields, request: exchange.request.headerFields, policy: policy) else {
            self = .refused(VaryKey.refusal(fields))
            return
        }
        guard let tags = TagField.tags(in: fields, policy: policy) else {
            self = .refused(.tooManyTags)
            return
        }
        let stored = StoredResponse(exchange, directives, source, vary, tags, policy)
        if let refusal = Self.lackOfGround(stored.metadata, exchange.request, policy) {
            self = .refused(refusal)
        } else {
            self = .storable(stored)
        }
    }

    /// The response as it is to be stored.
    public var stored: StoredResponse? {
        if case .storable(let stored) = self { stored } else { nil }
    }

    /// The reason not to store it.
    public var refusal: StorageRefusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }

    /// What rules it out whatever the response says.
    private static func refusal(of exchange: Exchange, _ policy: CachePolicy) -> StorageRefusal? {
        let summary = exchange.summary
        switch summary.method {
        case .get:
            if case .bypass(let bypass) = summary.treatment(policy) { return Self.refusal(of: bypass) }
        case .post where policy.storesPOST:
            if policy.heedsRequestDirectives, summary.directives.noStore { return .requestNoStore }
        default:
            return .method
        }
        switch exchange.response.status.code {
        case ..<200, 600...: return .status
        case 206: return .partialContent
        case 304: return .notModified
        // What became of one client's conditions and ranges, which are not in the key.
        case 412, 416: return .requestSpecific
        case 200: break
        default: if summary.traits.contains(.range) { return .requestSpecific }
        }
        if exchange.response.headerFields.count > policy.mostFields { return .tooManyFields }
        return Self.isEventStream(exchange.response.headerFields) ? .eventStream : nil
    }

    /// An answer that the cache stayed out of is one to what no key holds.
    private static func refusal(of bypass: RequestTreatment.Bypass) -> StorageRefusal {
        switch bypass {
        case .body, .upgrade: .method
        case .precondition: .requestSpecific
        case .authorization: .authorization
        case .noStore: .requestNoStore
        }
    }

    /// Whether the body is a stream of events (WHATWG, "Server-sent events").
    private static func isEventStream(_ fields: HTTPFields) -> Bool {
        fields.first(.contentType)?.withUnsafeBytesOfValue { value in
            value.part(0..<(value.firstIndex(of: UInt8(ascii: ";")) ?? value.count)).trimmed.isToken(
                "text/event-stream"
            )
        } ?? false
    }

    /// What in the response rules it out.
    static func veto(
        _ exchange: Exchange,
        _ directives: ResponseDirectives,
        _ policy: CachePolicy
    ) -> StorageRefusal? {
        if directives.flags.contains(.mustUnderstand) {
            // It lifts `no-store` for those who understand the status, and forbids storing to all others.
            guard StatusRules.isUnderstood(exchange.response.status.code) else { return .notUnderstood }
        } else if directives.flags.contains(.noStore) {
            return .noStore
        }
        if directives.flags.contains(.isPrivate) { return .isPrivate }
        if exchange.summary.traits.contains(.authorization) {
            switch policy.effectiveAuthorization {
            case .bypass: return .authorization
            case .whenPermitted: if !directives.permitsAuthorization { return .authorization }
            case .keyed: break
            }
        }
        if exchange.response.headerFields.contains(.setCookie) {
            switch policy.setCookie {
            case .bypass: return .setCookie
            case .storeIfPublic: if !directives.flags.contains(.isPublic) { return .setCookie }
            case .store, .strip: break
            }
        }
        return nil
    }

    /// Whether it takes a lifetime that the response does not have.
    ///
    /// A cookie is somebody's: it takes the origin's word that it is for all, and not a guess, nor a lifetime that has ended.
    static func lackOfLifetime(
        _ metadata: StoredResponse.Metadata,
        _ request: HTTPRequest,
        _ policy: CachePolicy
    ) -> StorageRefusal? {
        let isExplicit = metadata.lifetime.isExplicit
        if metadata.setsCookie, !isExplicit || !metadata.lifetime.covers(metadata.initialAge) { return .setCookie }
        // The page may be its visitor's, unless cookies are told apart.
        guard !isExplicit, !policy.guessesWithCookies, request.headerFields.contains(.cookie) else { return nil }
        let isApart = policy.key.fields.contains("cookie") || metadata.vary.selectors.contains { $0.name == "cookie" }
        return isApart ? nil : .cookie
    }

    /// Whether there is nothing for which it would be stored: a lifetime, or something to ask again with.
    private static func lackOfGround(
        _ metadata: StoredResponse.Metadata,
        _ request: HTTPRequest,
        _ policy: CachePolicy
    ) -> StorageRefusal? {
        let lifetime = metadata.lifetime
        if request.method == .post {
            guard lifetime.isExplicit, metadata.status == 200, metadata.contentLocationIsTarget else { return .method }
        }
        if !lifetime.isExplicit {
            let isAllowed =
                StatusRules.allowsHeuristics(metadata.status) || metadata.directives.flags.contains(.isPublic)
            guard isAllowed, lifetime.ground != .none || metadata.hasValidator else { return .noFreshness }
        }
        if let refusal = Self.lackOfLifetime(metadata, request, policy) { return refusal }
        if metadata.hasValidator { return nil }
        // Asked for each time, with nothing to ask with: it would always come anew.
        if metadata.directives.flags.contains(.noCache) { return .staleOnArrival }
        if lifetime.covers(metadata.initialAge) { return nil }
        // Stale, with nothing to ask again with: all it can do is stand in.
        return policy.storesStaleOnArrival && !metadata.directives.forbidsStale ? nil : .staleOnArrival
    }
}
