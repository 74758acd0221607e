public import HTTPTypes

/// What goes to the origin (RFC 9111, section 4.3.1).
///
/// Hop-by-hop fields are left out of all of them; a proxy adds its own.
public enum ConditionalRequest: Sendable {
    /// More tags than this are not sent.
    private static let mostTags = 16

    /// Asks whether a stored response is still true.
    ///
    /// The client's own conditions give way; they are evaluated on what comes back. Everything else is the client's,
    /// the fields that `Vary` names among it.
    ///
    /// - Parameters:
    ///   - stored: The response that the key and `Vary` have selected.
    ///   - request: The client's request.
    /// - Returns: The request for the origin.
    public static func validating(_ stored: StoredResponse, for request: HTTPRequest) -> HTTPRequest {
        var request = Self.unconditional(request)
        if let tag = stored.metadata.entityTag { request.headerFields.add(tag.field(.ifNoneMatch)) }
        // The date goes as it came, not as this module would write it.
        if stored.metadata.lastModified != nil, let modified = stored.fields.first(.lastModified) {
            request.headerFields.add(
                HTTPField(name: .ifModifiedSince, lenientValue: modified.withUnsafeBytesOfValue { Array($0) })
            )
        }
        return request
    }

    /// Asks whether one of several stored responses, none of which was made for such a request, is nonetheless the answer:
    /// the tag of a 304 says which.
    ///
    /// - Parameters:
    ///   - variants: What is stored under the key, the most promising first.
    ///   - request: The client's request.
    /// - Returns: The request for the origin, and the indices of the variants whose tags it carries; none where no variant
    ///   has a tag.
    public static func choosing(
        among variants: some Collection<StoredResponse.Metadata>,
        for request: HTTPRequest
    ) -> (request: HTTPRequest, offered: [Int]) {
        var offered: [Int] = []
        var seen: Set<EntityTag> = []
        var bytes: [UInt8] = []
        for (index, variant) in variants.enumerated() where seen.count < Self.mostTags {
            // A tag that is no tag cannot stand in a list beside others.
            guard let tag = variant.entityTag, tag.isWellFormed else { continue }
            offered.append(index)
            guard seen.insert(tag).inserted else { continue }
            if !bytes.isEmpty { bytes += [UInt8(ascii: ","), UInt8(ascii: " ")] }
            bytes += tag.bytes
        }
        var request = Self.unconditional(request)
        if !offered.isEmpty { request.headerFields.add(HTTPField(name: .ifNoneMatch, lenientValue: bytes)) }
        return (request, offered)
    }

    /// Asks for what is not stored.
    ///
    /// The client's conditions go along, and their 304 goes back to it and is not stored.
    ///
    /// - Parameters:
    ///   - request: The client's request.
    ///   - whole: Whether to ask for the whole where the client asks for a range; see ``fillsWhole(length:policy:)``.
    /// - Returns: The request for the origin.
    public static func forwarding(_ request: HTTPRequest, whole: Bool = false) -> HTTPRequest {
        var request = request
        HopByHop.remove(from: &request.headerFields)
        if whole {
            request.headerFields.remove(.range)
            request.headerFields.remove(.ifRange)
        }
        return request
    }

    /// Asks for what is to be stored anew behind the client that got the old answer (RFC 5861, section 3).
    ///
    /// - Parameters:
    ///   - stored: The response to refresh.
    ///   - request: The request of the client at whose coming the refresh begins.
    ///   - policy: The cache's policy.
    /// - Returns: The request for the origin: a GET, since what a HEAD brings cannot be stored, without ranges, conditions
    ///   and what describes a body, and without credentials that are not in the key.
    public static func refreshing(
        _ stored: StoredResponse,
        for request: HTTPRequest,
        policy: CachePolicy
    ) -> HTTPRequest {
        var request = request
        request.method = .get
        request.headerFields.removeAll { field in
            let name = field.name.canonicalName
            return name.hasPrefix("content-") || name == "expect"
        }
        if policy.effectiveAuthorization != .keyed { request.headerFields.remove(.authorization) }
        return Self.validating(stored, for: request)
    }

    /// Whether a request for a range is worth asking for the whole, which can be stored.
    ///
    /// - Parameters:
    ///   - length: How long the whole is, where that is known from an earlier answer; see
    ///     ``ByteRange/completeLength(in:)``.
    ///   - policy: The cache's policy.
    /// - Returns: Whether it is known and not too long.
    public static func fillsWhole(length: Int64?, policy: CachePolicy) -> Bool {
        length.map { $0 <= policy.longestRangeFill } ?? false
    }

    /// A request without conditions, ranges and hop-by-hop fields.
    private static func unconditional(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        HopByHop.remove(from: &request.headerFields)
        request.headerFields.removeAll { field in
            switch field.name {
            case .ifNoneMatch, .ifModifiedSince, .ifMatch, .ifUnmodifiedSince, .ifRange, .range: true
            default: false
            }
        }
        return request
    }
}

extension EntityTag {
    /// Whether the tag follows the grammar: quoted, with no quote inside.
    var isWellFormed: Bool {
        let opaque = self.isWeak ? self.bytes.dropFirst(2) : self.bytes[...]
        guard opaque.count >= 2, opaque.first == 0x22, opaque.last == 0x22 else { return false }
        return opaque.dropFirst().dropLast().allSatisfy { $0 != 0x22 && $0 > 0x20 && $0 != 0x7F }
    }
}
