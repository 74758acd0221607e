public import HTTPTypes

/// What an answer without a body does to stored responses (RFC 9111, sections 4.3.3 to 4.3.5).
public enum Freshening: Sendable {
    /// The stored response as it is now; send it, conditions and all, and store it.
    case updated(StoredResponse)
    /// The stored response as it is now; send it, and then remove it, for it may not be stored any more.
    case updatedAndRefused(StoredResponse, StorageRefusal)
    /// The answer is about something else than what is stored. After a 304, ask the origin again without conditions; after
    /// a HEAD, mark what is stored as stale.
    case mismatch

    /// What a 304 makes of the response that the request was made for.
    ///
    /// The fields that the 304 has replace those of their names, and the others stay. Lifetime, age and times begin anew.
    ///
    /// - Parameters:
    ///   - stored: The response.
    ///   - exchange: The client's request, the 304 and when it came.
    ///   - policy: The cache's policy.
    public init(_ stored: StoredResponse, notModified exchange: Exchange, policy: CachePolicy) {
        let fields = exchange.response.headerFields
        // A strong tag that is not the stored one is another representation's (section 4.3.4). Where the stored tag is
        // weak, and where there is none on either side, the answer is about the one that was asked for.
        if let tag = EntityTag(in: fields), let known = stored.metadata.entityTag, !tag.isWeaklyEqual(to: known) {
            self = .mismatch
            return
        }
        self = Self.merged(stored, exchange, policy)
    }

    /// What the 200 to a HEAD makes of a stored response to GET (section 4.3.5).
    ///
    /// - Parameters:
    ///   - stored: The response.
    ///   - exchange: The client's request, the answer to HEAD and when it came.
    ///   - policy: The cache's policy.
    public init(_ stored: StoredResponse, head exchange: Exchange, policy: CachePolicy) {
        let fields = exchange.response.headerFields
        let modified = HTTPDate.field(.lastModified, in: fields, now: exchange.responseTime)
        let length = StoredResponse.contentLength(of: fields)
        // A validator that only one of both has tells nothing; one that both have must agree.
        let tagsAgree = Self.agree(EntityTag(in: fields), stored.metadata.entityTag)
        let datesAgree = Self.agree(modified.date, stored.metadata.lastModified)
        let lengthsAgree = Self.agree(length, stored.metadata.bodyLength)
        guard exchange.response.status.code == 200, stored.metadata.status == 200, tagsAgree, datesAgree, lengthsAgree
        else {
            self = .mismatch
            return
        }
        self = Self.merged(stored, exchange, policy)
    }

    private static func agree<Value: Equatable>(_ new: Value?, _ old: Value?) -> Bool {
        guard let new, let old else { return true }
        return new == old
    }

    /// Which of the stored responses of a key a 304 is about (section 4.3.4).
    ///
    /// - Parameters:
    ///   - variants: What is stored under the key.
    ///   - offered: The indices of those whose validators the request carried.
    ///   - notModified: The fields of the 304.
    /// - Returns: All with the same strong tag; or the newest with the same weak one; or, where the 304 has no tag, the one
    ///   that was asked for.
    public static func selected(
        among variants: [StoredResponse.Metadata],
        offered: [Int],
        by notModified: HTTPFields
    ) -> [Int] {
        guard let tag = EntityTag(in: notModified) else {
            // Many origins send a bare 304, which is clear if one was asked for.
            return offered.count == 1 ? offered.filter { variants.indices.contains($0) } : []
        }
        if !tag.isWeak {
            let strong = variants.indices.filter { variants[$0].entityTag?.isStronglyEqual(to: tag) == true }
            if !strong.isEmpty { return strong }
        }
        let weak = variants.indices.filter { variants[$0].entityTag?.isWeaklyEqual(to: tag) == true }
        return weak.max { variants[$0].date < variants[$1].date }.map { [$0] } ?? []
    }

    /// What a 304 must not change (section 3.2): what describes the stored bytes, which are still those of before.
    private static func isUntouchable(_ name: HTTPField.Name, _ named: Set<String>) -> Bool {
        switch name {
        case .contentLength, .contentEncoding, .contentRange: true
        default: HopByHop.isHopByHop(name, named)
        }
    }

    private static func merged(_ stored: StoredResponse, _ exchange: Exchange, _ policy: CachePolicy) -> Freshening {
        let received = exchange.response.headerFields
        let named = HopByHop.named(in: received)
        // Grouped by name in one pass each: the lines of a name go where its first one was.
        var updates: [HTTPField.Name: [HTTPField]] = [:]
        var order: [HTTPField.Name] = []
        for field in received where !Self.isUntouchable(field.name, named) {
            if updates[field.name] == nil { order.append(field.name) }
            updates[field.name, default: []].append(field)
        }
        var fields = HTTPFields()
        fields.reserveCapacity(stored.fields.count + order.count)
        var placed: Set<HTTPField.Name> = []
        for field in stored.fields {
            guard let update = updates[field.name] else {
                fields.add(field)
                continue
            }
            if placed.insert(field.name).inserted { update.forEach { fields.add($0) } }
        }
        for name in order where !placed.contains(name) {
            updates[name]?.forEach { fields.add($0) }
        }
        return Self.made(stored, fields, exchange, policy)
    }

    /// The stored response with its new fields, read anew as if it had just come whole.
    private static func made(
        _ stored: StoredResponse,
        _ fields: HTTPFields,
        _ exchange: Exchange,
        _ policy: CachePolicy
    ) -> Freshening {
        var whole = exchange
        // A 304 without a date must not make the response as old as its first coming.
        var read = fields
        if !exchange.response.headerFields.contains(.date) {
            read.set(HTTPField(name: .date, value: HTTPDate(exchange.responseTime).description))
        }
        whole.response = HTTPResponse(status: stored.status, headerFields: read)
        let (directives, source) = ResponseDirectives.effective(in: read, targets: policy.targetedFields)
        let vary = VaryKey(response: read, request: exchange.request.headerFields, policy: policy)
        let newTags = TagField.tags(in: exchange.response.headerFields, policy: policy)
        let tags = newTags.map { $0.isEmpty ? stored.metadata.tags : $0 }
        var updated = StoredResponse(
            whole,
            directives,
            source,
            vary ?? stored.metadata.vary,
            tags ?? stored.metadata.tags,
            policy
        )
        updated.metadata.bodyLength = stored.metadata.bodyLength
        if let refusal = Storability.veto(whole, directives, policy) {
            return .updatedAndRefused(updated, refusal)
        }
        if vary == nil { return .updatedAndRefused(updated, .varyAny) }
        if tags == nil { return .updatedAndRefused(updated, .tooManyTags) }
        return .updated(updated)
    }
}
