public import HTTPTypes

/// What a client gets from the store: a head, and which part of the stored body goes with it.
public struct StoredAnswer: Sendable, Hashable {
    /// Which part of the stored body is sent.
    public enum Body: Sendable, Hashable {
        /// None.
        case none
        /// All of it.
        case whole
        /// A part.
        case part(ByteRange)
    }

    /// The head.
    public var response: HTTPResponse
    /// The body.
    public var body: Body

    /// Adds the cookies that a 304 sets, where the policy keeps them out of what is stored: they are this client's.
    ///
    /// - Parameters:
    ///   - exchange: The client's request and the 304.
    ///   - policy: The cache's policy.
    public mutating func addCookies(of exchange: Exchange, policy: CachePolicy) {
        guard policy.setCookie == .strip else { return }
        for field in exchange.response.headerFields where field.name == .setCookie {
            self.response.headerFields.add(field)
        }
    }
}

extension StoredResponse {
    /// Answers a request: whole, with a part, with a 304, or with a head alone.
    ///
    /// There is one `Age`, `Date` and `Expires` are as they came, and there is no `Warning` (RFC 9111, sections 4 and 5).
    ///
    /// - Parameters:
    ///   - request: What was read of the request.
    ///   - fields: Its fields.
    ///   - age: How old the response is.
    ///   - now: The time now, for dates with years of two digits.
    ///   - policy: The cache's policy.
    ///   - status: What to tell of the cache's part in it; `nil` for nothing.
    /// - Returns: The answer.
    public func answer(
        to request: RequestSummary,
        fields: HTTPFields,
        age: Age,
        now: HTTPTime,
        policy: CachePolicy,
        status: CacheStatus? = nil
    ) -> StoredAnswer {
        let sent = policy.forwardsTargetedFields ? self.fields : Outgoing.untargeted(self.fields, policy)
        // Most requests have neither conditions nor ranges, and then nothing is looked at twice.
        if request.traits.isDisjoint(with: [.ifNoneMatch, .ifModifiedSince, .range]) {
            return self.whole(sent, for: request, age, status)
        }
        if Preconditions(request, fields: fields, stored: self.metadata, now: now) == .notModified {
            let response = HTTPResponse(status: .notModified, headerFields: Self.notModified(sent, policy))
            return Self.finished(response, .none, age, status)
        }
        switch RangeSelection(request, fields: fields, stored: self.metadata, now: now) {
        case .whole:
            return self.whole(sent, for: request, age, status)
        case .part(let range):
            var kept = sent
            let length = self.metadata.bodyLength ?? 0
            kept.set(HTTPField(name: .contentLength, value: String(range.count)))
            kept.set(HTTPField(name: .contentRange, value: range.contentRange(of: length)))
            let response = HTTPResponse(status: .partialContent, headerFields: kept)
            return Self.finished(response, .part(range), age, status)
        case .unsatisfiable:
            var kept = HTTPFields()
            if let date = self.fields.first(.date) { kept.append(date) }
            let length = self.metadata.bodyLength ?? 0
            kept.append(HTTPField(name: .contentRange, value: ByteRange.unsatisfiedContentRange(of: length)))
            kept.append(HTTPField(name: .contentLength, value: "0"))
            let response = HTTPResponse(status: .rangeNotSatisfiable, headerFields: kept)
            return Self.finished(response, .none, age, status)
        }
    }

    private func whole(
        _ fields: HTTPFields,
        for request: RequestSummary,
        _ age: Age,
        _ status: CacheStatus?
    ) -> StoredAnswer {
        let response = HTTPResponse(status: self.status, headerFields: fields)
        let isHeadOnly = request.method == .head || self.metadata.status == 204
        return Self.finished(response, isHeadOnly ? .none : .whole, age, status)
    }

    /// The fields of a 304 (RFC 9110, section 15.4.5): those of the 200 that a cache beyond needs, and no `Content-Length`.
    private static func notModified(_ fields: HTTPFields, _ policy: CachePolicy) -> HTTPFields {
        var kept = fields
        kept.removeAll { field in
            switch field.name {
            case .cacheControl, .contentLocation, .date, .eTag, .expires, .vary, .lastModified, .setCookie,
                FieldName.cacheStatus, FieldName.cdnCacheControl:
                false
            default: !policy.targetedFields.contains(field.name)
            }
        }
        return kept
    }

    private static func finished(
        _ response: HTTPResponse,
        _ body: StoredAnswer.Body,
        _ age: Age,
        _ status: CacheStatus?
    ) -> StoredAnswer {
        var response = response
        response.headerFields.add(HTTPField(name: .age, value: String(age.seconds)))
        status?.append(to: &response.headerFields)
        return StoredAnswer(response: response, body: body)
    }
}

/// What passes through the cache without coming from its store.
public enum Outgoing: Sendable {
    /// An origin's answer as it goes to the client that caused it.
    ///
    /// - Parameters:
    ///   - exchange: What was sent and what came back.
    ///   - policy: The cache's policy.
    ///   - status: What to tell of the cache's part in it; `nil` for nothing.
    ///   - now: When it is sent, if the cache held it back: it is that much older then.
    /// - Returns: The answer without hop-by-hop fields and tags.
    public static func passing(
        _ exchange: Exchange,
        policy: CachePolicy,
        status: CacheStatus? = nil,
        now: HTTPTime? = nil
    ) -> HTTPResponse {
        var response = exchange.response
        HopByHop.remove(from: &response.headerFields)
        for field in policy.tagFields { response.headerFields.remove(field.name) }
        if !policy.forwardsTargetedFields {
            response.headerFields = Self.untargeted(response.headerFields, policy)
        }
        // An answer that took seconds to come is that old (RFC 9111, section 4.2.3), and one with an age gets no younger.
        let resident = now.map { $0.duration(since: exchange.responseTime) } ?? .zero
        let known = Age.field(in: response.headerFields)
        let delay = max(0, exchange.responseTime.milliseconds(since: exchange.requestTime))
        let age = Age(milliseconds: ((known ?? 0) * 1_000).addedSaturating(delay)).after(resident)
        if known != nil || age.seconds > 0, response.status.code >= 200 {
            response.headerFields.set(HTTPField(name: .age, value: String(age.seconds)))
        }
        status?.append(to: &response.headerFields)
        return response
    }

    /// Fields without those that were for this cache; they stay in what is stored, since a 304 need not repeat them.
    static func untargeted(_ fields: HTTPFields, _ policy: CachePolicy) -> HTTPFields {
        var fields = fields
        for name in policy.targetedFields { fields.remove(name) }
        return fields
    }

    /// What stands in where a client wants only what is stored, and nothing is (RFC 9111, section 5.2.1.7), or where an
    /// origin does not answer.
    ///
    /// - Parameter status: What to tell of the cache's part in it; `nil` for nothing.
    /// - Returns: A 504 without a body.
    public static func gatewayTimeout(status: CacheStatus? = nil) -> HTTPResponse {
        var response = HTTPResponse(status: .gatewayTimeout, headerFields: [.contentLength: "0"])
        status?.append(to: &response.headerFields)
        return response
    }
}
