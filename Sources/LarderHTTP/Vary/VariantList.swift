public import HTTPTypes

/// What is stored under one key: responses that differ in what they vary by, each with what the caller keeps beside it.
///
/// The most recently used is the first, and the last leaves when there are too many.
public struct VariantList<Payload: Sendable>: Sendable {
    /// A stored response among those of its key.
    public struct Variant: Sendable {
        /// What its fields mean.
        public var metadata: StoredResponse.Metadata
        /// What the caller keeps beside it: where the body lies, or the whole response.
        public var payload: Payload

        /// Makes a variant.
        ///
        /// - Parameters:
        ///   - metadata: What its fields mean.
        ///   - payload: What the caller keeps beside it.
        public init(metadata: StoredResponse.Metadata, payload: Payload) {
            self.metadata = metadata
            self.payload = payload
        }
    }

    // Apart, so that selecting is done by code that is not generic, and takes no payload out to look at its variant.
    private var metadata: [StoredResponse.Metadata] = []
    private var payloads: [Payload] = []

    /// Makes a list without variants.
    public init() {}

    /// How many variants there are.
    public var count: Int { self.metadata.count }

    /// A variant; the most recently used is the first.
    ///
    /// - Parameter index: Its index, less than ``count``.
    public subscript(index: Int) -> Variant {
        Variant(metadata: self.metadata[index], payload: self.payloads[index])
    }

    /// What the fields of a variant mean, without the rest of it.
    ///
    /// - Parameter index: Its index, less than ``count``.
    /// - Returns: The metadata.
    package func metadata(at index: Int) -> StoredResponse.Metadata { self.metadata[index] }

    /// What the caller keeps beside a variant, without the rest of it.
    ///
    /// - Parameter index: Its index, less than ``count``.
    /// - Returns: The payload.
    package func payload(at index: Int) -> Payload { self.payloads[index] }

    /// The variants, the most recently used first.
    public var variants: [Variant] { self.metadata.indices.map { self[$0] } }

    /// The variant that answers a request, if it is fresh or becomes so (RFC 9111, section 4.1).
    ///
    /// - Complexity: O(*n* × *m*) for *n* variants and a request of *m* fields; both are bounded.
    ///
    /// - Parameters:
    ///   - request: The request's fields.
    ///   - now: The time now, by the wall clock.
    ///   - policy: How values are made comparable.
    /// - Returns: The index of the best that matches: a fresh one before a stale one, then one that varies before one that
    ///   does not, then the one with the latest date.
    public func select(for request: HTTPFields, now: HTTPTime, policy: CachePolicy) -> Int? {
        var forms = RequestForms()
        if let index = self.metadata.best(now: now, where: { $0.vary.matches(request, &forms, policy: policy) }) {
            return index
        }
        guard policy.matchesContentLanguage, self.metadata.contains(where: { $0.language != nil }),
            let preferred = AcceptLanguage.preferred(in: request)
        else { return nil }
        return self.metadata.best(now: now) { metadata in
            let language = metadata.language
            return metadata.vary.matches(
                request,
                &forms,
                preferred: preferred,
                language: language,
                policy: policy
            )
        }
    }

    /// Says that a variant was used.
    ///
    /// - Parameter index: Its index.
    public mutating func touch(_ index: Int) {
        guard index > 0, index < self.count else { return }
        self.metadata.insert(self.metadata.remove(at: index), at: 0)
        self.payloads.insert(self.payloads.remove(at: index), at: 0)
    }

    /// Adds a variant, in the place of one for the same requests.
    ///
    /// - Parameters:
    ///   - variant: The variant.
    ///   - most: How many there may be.
    /// - Returns: Those that had to leave.
    public mutating func insert(_ variant: Variant, most: Int) -> [Variant] {
        var leaving: [Variant] = []
        if let index = self.metadata.firstIndex(where: { $0.vary == variant.metadata.vary }) {
            leaving.append(self[index])
            self.remove(index)
        }
        self.metadata.insert(variant.metadata, at: 0)
        self.payloads.insert(variant.payload, at: 0)
        while self.count > max(1, most) {
            leaving.append(self[self.count - 1])
            self.remove(self.count - 1)
        }
        return leaving
    }

    /// Changes a variant in its place, as a 304 does.
    ///
    /// - Parameters:
    ///   - index: Its index.
    ///   - change: Changes it.
    public mutating func update(_ index: Int, _ change: (inout Variant) -> Void) {
        guard index >= 0, index < self.count else { return }
        var variant = self[index]
        change(&variant)
        self.metadata[index] = variant.metadata
        self.payloads[index] = variant.payload
    }

    /// Removes a variant.
    ///
    /// - Parameter index: Its index.
    /// - Returns: The variant; `nil` where there is none.
    @discardableResult
    public mutating func remove(_ index: Int) -> Variant? {
        guard index >= 0, index < self.count else { return nil }
        return Variant(metadata: self.metadata.remove(at: index), payload: self.payloads.remove(at: index))
    }

    /// The fields by which the variants vary, in lower case; what ``Collapsing/key(_:varyingBy:request:policy:)`` takes.
    public var names: Set<String> {
        Set(self.metadata.flatMap { $0.vary.selectors.map(\.name) })
    }
}

extension VariantList: Codable where Payload: Codable {
    /// Reads the variants.
    public init(from decoder: any Decoder) throws {
        for variant in try decoder.singleValueContainer().decode([Variant].self) {
            self.metadata.append(variant.metadata)
            self.payloads.append(variant.payload)
        }
    }

    /// Writes the variants.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.variants)
    }
}

extension VariantList.Variant: Codable where Payload: Codable {}

extension [StoredResponse.Metadata] {
    /// The best of those that match.
    fileprivate func best(now: HTTPTime, where matches: (StoredResponse.Metadata) -> Bool) -> Int? {
        // Most keys have one variant, which needs no rank.
        if self.count == 1 { return matches(self[0]) ? 0 : nil }
        var best: (index: Int, rank: Rank)?
        // In their places: what is taken out to look at costs more than the look.
        for index in self.indices where matches(self[index]) {
            let rank = Rank(self[index], now: now)
            if let best, !(best.rank < rank) { continue }
            best = (index, rank)
        }
        return best?.index
    }
}

/// Which of two responses that match is better.
private struct Rank: Comparable {
    let isFresh: Bool
    let varies: Bool
    let date: HTTPDate
    let responseTime: HTTPTime

    init(_ metadata: StoredResponse.Metadata, now: HTTPTime) {
        let age = metadata.initialAge.after(now.duration(since: metadata.responseTime))
        self.isFresh = metadata.lifetime.covers(age)
        self.varies = !metadata.vary.isEmpty
        self.date = metadata.date
        self.responseTime = metadata.responseTime
    }

    static func < (left: Rank, right: Rank) -> Bool {
        if left.isFresh != right.isFresh { return right.isFresh }
        if left.varies != right.varies { return right.varies }
        if left.date != right.date { return left.date < right.date }
        return left.responseTime < right.responseTime
    }
}
