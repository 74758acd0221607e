public import HTTPTypes

/// What an answer without a body does to stored responses (RFC 9111, sections 4.3.3 to 4.3.5).
public enum Freshening: Sendable {
    /// The stored response as it is now; send it, conditions and all, and store it.
    case updated(StoredResponse)
    /// The stored response as it is now; send it, and then remove it, for it may not be stored any more.
    case updatedAndRefused(StoredResponse, StorageRefusal)
    /// The stored response as this client gets it; what is stored stays as it was, for the request forbids to store the
    /// answer, and says nothing of what is stored.
    case updatedForOne(StoredResponse, StorageRefusal)
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
        // Another tag is another representation's (section 4.3.4). Where there is none on either side, the answer is about
        // the one that was asked for.
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
        // A validator that is left out tells nothing, and one that both have must agree. One that only the answer has would
        // be put on bytes that nobody has compared.
        let tag = EntityTag(in: fields)
        let tagsAgree = tag == nil || tag == stored.metadata.entityTag
        let datesAgree = modified.date == nil || modified.date == stored.metadata.lastModified
        let lengthsAgree = length == nil || stored.metadata.bodyLength == nil || length == stored.metadata.bodyLength
        // What is for one client says nothing of what all get, even where it differs.
        let (directives, _) = ResponseDirectives.effective(in: fields, targets: policy.targetedFields)
        if let refusal = Storability.veto(exchange, directives, policy), refusal.liesInRequest {
            self = .updatedForOne(stored, refusal)
            return
        }
        guard exchange.response.status.code == 200, stored.metadata.status == 200, tagsAgree, datesAgree, lengthsAgree
        else {
            self = .mismatch
            return
        }
        self = Self.merged(stored, exchange, policy)
    }

    /// Which of the stored responses of a key a 304 is about (section 4.3.4).
    ///
    /// Freshen each of them, and store ``StoredResponse/variant(for:policy:)`` of one beside them: it answers the request
    /// that they did not match.
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
    ///
    /// Their tag is one of them: where it differs at all, it does so in its weakness, and bytes that were only known to be
    /// equivalent do not become equal.
    private static func isUntouchable(_ name: HTTPField.Name, _ named: Set<String>) -> Bool {
        switch name {
        case .contentLength, .contentEncoding, .contentRange, .eTag: true
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
        // What was made for other requests is still theirs; `StoredResponse.variant(for:policy:)` makes one for this request.
        let asked = exchange.request.headerFields
        let known = stored.metadata.vary
        let isOwn = known.matches(asked, policy: policy)
        let vary =
            isOwn
            ? VaryKey(response: read, request: asked, policy: policy) : known.narrowed(to: read)
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
        let lackOfKey = isOwn ? VaryKey.refusal(read) : .varyAny
        let refusal =
            Storability.veto(whole, directives, policy)
            ?? Storability.lackOfLifetime(updated.metadata, exchange.request, policy)
            ?? (vary == nil ? lackOfKey : nil)
        if let refusal {
            return refusal.liesInRequest ? .updatedForOne(updated, refusal) : .updatedAndRefused(updated, refusal)
        }
        if tags == nil { return .updatedAndRefused(updated, .tooManyTags) }
        return .updated(updated)
    }
}
