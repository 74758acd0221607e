public import HTTPTypes

/// What a client's conditions make of a stored response (RFC 9110, section 13; RFC 9111, section 4.3.2).
public enum Preconditions: Sendable, Hashable {
    /// The client has it already: 304.
    case notModified
    /// The client gets the whole.
    case full

    /// Evaluates the conditions that a cache may answer, on a response that is fresh or was just validated.
    ///
    /// - Parameters:
    ///   - request: What was read of the request.
    ///   - fields: Its fields.
    ///   - stored: The response.
    ///   - now: The time now, for dates with years of two digits.
    public init(_ request: RequestSummary, fields: HTTPFields, stored: StoredResponse.Metadata, now: HTTPTime) {
        self = .full
        guard !request.traits.isDisjoint(with: .conditional), (200..<300).contains(stored.status) else { return }
        guard request.method == .get || request.method == .head else { return }
        if request.traits.contains(.ifNoneMatch) {
            // If-None-Match alone decides where it is present (RFC 9110, section 13.1.3).
            if Self.takesAny(fields) || stored.entityTag?.isInList(.ifNoneMatch, of: fields) == true {
                self = .notModified
            }
        } else if let since = HTTPDate.field(.ifModifiedSince, in: fields, now: now).date {
            // RFC 9111, section 4.3.2: without Last-Modified the date of the response stands for it.
            if stored.lastModified ?? stored.date <= since { self = .notModified }
        }
    }

    /// Whether `If-None-Match` is `*`, and nothing but it.
    private static func takesAny(_ fields: HTTPFields) -> Bool {
        var isFirst = true
        var isAny = false
        fields.forEachMember(of: .ifNoneMatch, escapes: false) { member in
            isAny = isFirst && member.count == 1 && member[0] == UInt8(ascii: "*")
            isFirst = false
            return isAny
        }
        return isAny
    }
}
