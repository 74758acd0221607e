public import HTTPTypes

/// The head of a response as it lies in the store, with everything that answering from it needs already read.
///
/// The body lies beside it, where the caller keeps bodies. Fields are those that came, each line and in order, without
/// those of the connection and `Age`; ``Metadata`` decides, the fields are only sent.
public struct StoredResponse: Sendable, Hashable, Codable {
    /// What the response's fields mean, read once.
    public struct Metadata: Sendable, Hashable, Codable {
        /// The response's status.
        public internal(set) var status: Int
        /// What it says to this cache.
        public internal(set) var directives: ResponseDirectives
        /// In which field it says so.
        public internal(set) var source: DirectiveSource
        /// How long it is fresh, and on which ground.
        public internal(set) var lifetime: FreshnessLifetime
        /// How old it was when it came (RFC 9111, section 4.2.3).
        public internal(set) var initialAge: Age
        /// When it came, by the wall clock.
        public internal(set) var responseTime: HTTPTime
        /// Its `Date`, or when it came.
        public internal(set) var date: HTTPDate
        /// Its `ETag`, if it has one.
        public internal(set) var entityTag: EntityTag?
        /// Its `Last-Modified`, if it has one that is a date.
        public internal(set) var lastModified: HTTPDate?
        /// Which requests it answers, of those with its key.
        public internal(set) var vary: VaryKey
        /// Its one language, in lower case.
        public internal(set) var language: String?
        /// How long its body is; `nil` while that is not known.
        public internal(set) var bodyLength: Int64?
        /// The tags that it can be purged by.
        public internal(set) var tags: [String]

        /// Whether there is something to ask the origin with if the response has changed.
        public var hasValidator: Bool { self.entityTag != nil || self.lastModified != nil }

        var contentLocationIsTarget = false
        var setsCookie = false

        private enum CodingKeys: String, CodingKey {
            case status = "s"
            case directives = "d"
            case source = "o"
            case lifetime = "f"
            case initialAge = "a"
            case responseTime = "r"
            case date = "t"
            case entityTag = "e"
            case lastModified = "m"
            case vary = "v"
            case language = "l"
            case bodyLength = "b"
            case tags = "g"
        }
    }

    /// The status, without a reason phrase of its own.
    public var status: HTTPResponse.Status { HTTPResponse.Status(code: max(200, min(self.metadata.status, 599))) }

    /// The fields as they are stored.
    public internal(set) var fields: HTTPFields

    /// What they mean.
    public internal(set) var metadata: Metadata

    init(
        _ exchange: Exchange,
        _ directives: ResponseDirectives,
        _ source: DirectiveSource,
        _ vary: VaryKey,
        _ tags: [String],
        _ policy: CachePolicy
    ) {
        let received = exchange.response.headerFields
        let date = HTTPDate.field(.date, in: received, now: exchange.responseTime)
        var fields = StoredFields.kept(received, directives: directives, policy: policy)
        // RFC 9110, section 6.6.1: who receives a response without a date gives it the time of receipt.
        if date == .absent {
            fields.add(HTTPField(name: .date, value: HTTPDate(exchange.responseTime).description))
        }
        self.fields = fields
        self.metadata = Metadata(
            status: exchange.response.status.code,
            directives: directives,
            source: source,
            lifetime: FreshnessLifetime(
                status: exchange.response.status.code,
                fields: received,
                directives: directives,
                source: source,
                date: date.date,
                responseTime: exchange.responseTime,
                policy: policy
            ),
            initialAge: Age.onArrival(
                received,
                date: date.date,
                requestTime: exchange.requestTime,
                responseTime: exchange.responseTime,
                skew: policy.dateSkew
            ),
            responseTime: exchange.responseTime,
            date: date.date ?? HTTPDate(exchange.responseTime),
            entityTag: EntityTag(in: fields),
            lastModified: HTTPDate.field(.lastModified, in: fields, now: exchange.responseTime).date,
            vary: vary,
            language: AcceptLanguage.content(fields),
            tags: tags,
            setsCookie: fields.contains(.setCookie)
        )
        if exchange.request.method == .post, let target = TargetURI(exchange.request, scheme: policy.key.scheme),
            let location = received.first(.contentLocation)
        {
            let resolved = target.resolving(location.withUnsafeBytesOfValue { Array($0.trimmed) })
            self.metadata.contentLocationIsTarget = resolved == target
        }
    }

    /// Takes note of the body's end.
    ///
    /// A stored body has a length that is known and said, however it came.
    ///
    /// - Parameters:
    ///   - bodyLength: How many bytes came.
    ///   - endedCleanly: Whether the message came to its end, as far as the connection can tell.
    /// - Returns: Why the response must be dropped; `nil` where it may be stored (RFC 9111, section 3.3).
    public mutating func finish(bodyLength: Int64, endedCleanly: Bool) -> StorageRefusal? {
        guard endedCleanly, bodyLength >= 0 else { return .incomplete }
        if let declared = Self.contentLength(of: self.fields), declared != bodyLength { return .incomplete }
        self.metadata.bodyLength = bodyLength
        // Such a response must not say a length (RFC 9110, section 8.6).
        if self.metadata.status != 204 {
            self.fields.set(HTTPField(name: .contentLength, value: String(bodyLength)))
        }
        return nil
    }

    /// What `Content-Length` says; -1, which no body has, where it says nothing that can be.
    static func contentLength(of fields: HTTPFields) -> Int64? {
        var length: Int64?
        for field in fields where field.name == .contentLength {
            let isPlain = field.withUnsafeBytesOfValue { value in
                value.forEachMember { member in
                    guard member.count <= 18, member.allSatisfy({ $0.digit != nil }) else { return false }
                    let read = member.reduce(Int64(0)) { $0 * 10 + ($1.digit ?? 0) }
                    // The same length twice is that length (RFC 9110, section 8.6).
                    guard length == nil || length == read else { return false }
                    length = read
                    return true
                }
            }
            guard isPlain else { return -1 }
        }
        return length
    }

    /// The same response as one for another request, which the origin chose it for with a 304.
    ///
    /// - Parameters:
    ///   - request: The request's fields.
    ///   - policy: How values are made comparable.
    /// - Returns: A copy to be stored beside this one; `nil` where no other request can be like that one.
    public func variant(for request: HTTPFields, policy: CachePolicy) -> StoredResponse? {
        guard let vary = VaryKey(response: self.fields, request: request, policy: policy) else { return nil }
        var copy = self
        copy.metadata.vary = vary
        return copy
    }

    /// Ends the response's freshness, as a purge does that leaves it to stand in for a failing origin.
    ///
    /// - Parameter resident: How long it has lain in the store.
    public mutating func markStale(after resident: Duration) {
        self.metadata.lifetime = self.metadata.lifetime.ended(at: self.metadata.initialAge.after(resident))
    }
}

/// What is stored of a response's fields (RFC 9111, section 3.1).
enum StoredFields {
    /// The fields without those that are for the next hop, for this cache, or not for a second client.
    static func kept(_ fields: HTTPFields, directives: ResponseDirectives, policy: CachePolicy) -> HTTPFields {
        var without = HopByHop.named(in: fields)
        // What `private` and `no-cache` name would need another answer for each request.
        without.formUnion(directives.privateFields)
        without.formUnion(directives.noCacheFields)
        // The age is told anew with each answer; a warning was about another exchange.
        without.insert("age")
        without.insert("warning")
        for field in policy.tagFields { without.insert(field.name.canonicalName) }
        if policy.setCookie == .strip { without.insert("set-cookie") }
        var kept = fields
        kept.removeAll { HopByHop.isHopByHop($0.name, without) }
        return kept
    }
}

extension StoredResponse.Metadata {
    /// The same response with its freshness ended, as an expired tag has it: it may stand in, where stale answers may.
    ///
    /// - Parameter resident: How long it has lain in the store.
    /// - Returns: The metadata.
    package func endingFreshness(after resident: Duration) -> Self {
        var copy = self
        copy.lifetime = copy.lifetime.ended(at: copy.initialAge.after(resident))
        return copy
    }
}

extension StoredResponse {
    /// Takes a field out of what is sent from the store.
    ///
    /// - Parameter name: Its name.
    package mutating func removeField(_ name: HTTPField.Name) {
        self.fields.remove(name)
    }

    /// Gives a response that has none the entity tag that the caller has made of its body.
    ///
    /// - Parameter tag: The tag, quotes included.
    package mutating func setEntityTag(_ tag: String) {
        self.fields.set(HTTPField(name: .eTag, value: tag))
        self.metadata.entityTag = EntityTag(in: self.fields)
    }
}
