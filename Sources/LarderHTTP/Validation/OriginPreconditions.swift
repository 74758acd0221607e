public import HTTPTypes

/// What a client's conditions make of a resource that its origin knows the state of (RFC 9110, section 13.2.2).
///
/// For handlers: they can tell before they do any work. Caches answer fewer conditions, see ``Preconditions``.
public enum OriginPreconditions: Sendable, Hashable {
    /// Do what the request asks.
    case proceed
    /// The client has it already: 304.
    case notModified
    /// The resource is in another state than the client takes it for: 412.
    case failed

    /// Evaluates the conditions of a request, in the order that the section says.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - entityTag: The tag of the resource as it is now, quotes included, such as `"v7"` or `W/"v7"`.
    ///   - lastModified: When it was last changed.
    ///   - exists: Whether there is such a resource; `*` stands for any.
    ///   - now: The time now, for dates with years of two digits.
    public init(
        _ request: HTTPRequest,
        entityTag: String?,
        lastModified: HTTPDate?,
        exists: Bool = true,
        now: HTTPTime
    ) {
        self.init(request, entityTag.flatMap { EntityTag(Array($0.utf8)) }, lastModified, exists, now)
    }

    private init(
        _ request: HTTPRequest,
        _ tag: EntityTag?,
        _ lastModified: HTTPDate?,
        _ exists: Bool,
        _ now: HTTPTime
    ) {
        let fields = request.headerFields
        let isRead = request.method == .get || request.method == .head
        self = .proceed
        if fields.contains(.ifMatch) {
            guard Self.matches(.ifMatch, fields, tag, exists, isStrong: true) else {
                self = .failed
                return
            }
        } else if let since = HTTPDate.field(.ifUnmodifiedSince, in: fields, now: now).date, let lastModified,
            lastModified > since
        {
            self = .failed
            return
        }
        if fields.contains(.ifNoneMatch) {
            if Self.matches(.ifNoneMatch, fields, tag, exists, isStrong: false) {
                self = isRead ? .notModified : .failed
            }
        } else if isRead, let since = HTTPDate.field(.ifModifiedSince, in: fields, now: now).date, let lastModified,
            lastModified <= since
        {
            self = .notModified
        }
    }

    /// Evaluates the conditions of a request for which there is an answer already.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - fields: The answer's fields, with its `ETag` and `Last-Modified`.
    ///   - now: The time now, for dates with years of two digits.
    public init(_ request: HTTPRequest, answeredWith fields: HTTPFields, now: HTTPTime) {
        let lastModified = HTTPDate.field(.lastModified, in: fields, now: now).date
        self.init(request, EntityTag(in: fields), lastModified, true, now)
    }

    /// Whether a list of tags has the resource's, or takes any.
    private static func matches(
        _ name: HTTPField.Name,
        _ fields: HTTPFields,
        _ tag: EntityTag?,
        _ exists: Bool,
        isStrong: Bool
    ) -> Bool {
        guard exists else { return false }
        let isAbsent = fields.forEachMember(of: name, escapes: false) { member in
            if member.count == 1, member[0] == UInt8(ascii: "*") { return false }
            guard let tag, let other = EntityTag(Array(member)) else { return true }
            return isStrong ? !tag.isStronglyEqual(to: other) : !tag.isWeaklyEqual(to: other)
        }
        return !isAbsent
    }
}
