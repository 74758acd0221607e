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

    /// The variants, the most recently used first.
    public private(set) var variants: [Variant]

    /// Makes a list without variants.
    public init() {
        self.variants = []
    }

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
        self.best(now: now) { $0.vary.matches(request, policy: policy) }
            ?? self.best(now: now) { $0.vary.matches(request, language: $0.language, policy: policy) }
    }

    private func best(now: HTTPTime, where matches: (StoredResponse.Metadata) -> Bool) -> Int? {
        var best: (index: Int, rank: Rank)?
        // In their places: a variant that is taken out to look at costs more than the look.
        for index in self.variants.indices where matches(self.variants[index].metadata) {
            // Most keys have one variant, which needs no rank.
            if self.variants.count == 1 { return index }
            let rank = Rank(self.variants[index].metadata, now: now)
            if let best, !(best.rank < rank) { continue }
            best = (index, rank)
        }
        return best?.index
    }

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

    /// Says that a variant was used.
    ///
    /// - Parameter index: Its index.
    public mutating func touch(_ index: Int) {
        guard index > 0, self.variants.indices.contains(index) else { return }
        self.variants.insert(self.variants.remove(at: index), at: 0)
    }

    /// Adds a variant, in the place of one for the same requests.
    ///
    /// - Parameters:
    ///   - variant: The variant.
    ///   - most: How many there may be.
    /// - Returns: Those that had to leave.
    public mutating func insert(_ variant: Variant, most: Int) -> [Variant] {
        var leaving: [Variant] = []
        self.variants.removeAll { other in
            guard other.metadata.vary == variant.metadata.vary else { return false }
            leaving.append(other)
            return true
        }
        self.variants.insert(variant, at: 0)
        let bound = max(1, most)
        if self.variants.count > bound {
            leaving += self.variants[bound...]
            self.variants.removeSubrange(bound...)
        }
        return leaving
    }

    /// Changes a variant in its place, as a 304 does.
    ///
    /// - Parameters:
    ///   - index: Its index.
    ///   - change: Changes it.
    public mutating func update(_ index: Int, _ change: (inout Variant) -> Void) {
        guard self.variants.indices.contains(index) else { return }
        change(&self.variants[index])
    }

    /// Removes a variant.
    ///
    /// - Parameter index: Its index.
    /// - Returns: The variant; `nil` where there is none.
    @discardableResult
    public mutating func remove(_ index: Int) -> Variant? {
        self.variants.indices.contains(index) ? self.variants.remove(at: index) : nil
    }

    /// The fields by which the variants vary, in lower case; what ``Collapsing/key(_:varyingBy:request:policy:)`` takes.
    public var names: Set<String> {
        Set(self.variants.flatMap { $0.metadata.vary.selectors.map(\.name) })
    }
}

extension VariantList: Codable where Payload: Codable {}
extension VariantList.Variant: Codable where Payload: Codable {}
