import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import NIOCore

extension ResponseCache {
    /// A page as the store has it.
    struct Found {
        var page: StoredPage
        /// When it was written.
        var writing: CacheInstant
        /// Whether one of its tags was expired: its variants may stand in for something, and no more.
        var isExpired: Bool

        /// How long a variant has lain in the store.
        func resident(_ variant: StoredPage.Variant, now: CacheInstant) -> Duration {
            variant.residentAtWriting + max(.zero, self.writing.duration(to: now))
        }
    }

    /// What the store has of a page.
    enum Lookup {
        case found(Found)
        case absent
        /// The store could not be asked.
        case unavailable
    }

    /// Looks for a page, and answers with what there is or asks for it.
    func lookUp(_ call: PageCall, _ next: (Request) async throws -> Response) async throws -> Response {
        try await self.decide(call, try await self.find(call.cacheKey), next)
    }

    /// Answers with what was found, or asks for it.
    func decide(
        _ call: PageCall,
        _ lookup: Lookup,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        guard case .found(let found) = lookup else {
            if case .unavailable = lookup { self.tallies.unavailable.add() }
            return try await self.miss(call, nil, lookup, next)
        }
        guard let index = found.page.variants.select(for: call.fields, now: self.wallTime, policy: self.policy) else {
            return try await self.miss(call, found, lookup, next)
        }
        let variant = found.page.variants.payload(at: index)
        let resident = found.resident(variant, now: self.now)
        let reuse = self.reuse(variant.stored.metadata, call.summary, resident, found.isExpired)
        switch reuse.action {
        case .serve:
            if reuse.reason == .fresh { self.tallies.hits.add() } else { self.tallies.staleHits.add() }
            return self.answer(call, variant, reuse, .hit)
        case .gatewayTimeout:
            self.tallies.onlyIfCached.add()
            return self.gatewayTimeout(call)
        case .serveAndRefresh:
            return try await self.serveAndRefresh(call, found, index, reuse, next)
        case .validate:
            return try await self.validate(call, found, index, reuse, next)
        }
    }

    /// Looks for a page.
    ///
    /// - Throws: `CancellationError`; a store that cannot be asked is an answer.
    func find(_ key: CacheKey<StoredPage>, isUnderLease: Bool = false) async throws -> Lookup {
        do {
            // What is written back must not come from a copy that has not heard of an invalidation.
            switch try await self.cache.lookup(key, freshness: isUnderLease ? .strict : nil) {
            case .hit(let page, let info):
                return .found(Found(page: page, writing: page.note(age: info.age, now: self.now), isExpired: false))
            case .stale(let page, let info):
                return .found(Found(page: page, writing: page.note(age: info.age, now: self.now), isExpired: true))
            case .miss: return .absent
            case .unavailable: return .unavailable
            }
        } catch let error as CacheError where error.code == .unavailable {
            return .unavailable
        }
    }

    /// What to do with a variant.
    func reuse(
        _ metadata: StoredResponse.Metadata,
        _ request: RequestSummary,
        _ resident: Duration,
        _ isExpired: Bool
    ) -> Reuse {
        guard isExpired else { return metadata.reuse(for: request, after: resident, policy: self.policy) }
        return metadata.endingFreshness(after: resident).reuse(for: request, after: resident, policy: self.policy)
    }

    // MARK: Answers from the store

    /// Answers with a stored variant.
    func answer(
        _ call: PageCall,
        _ variant: StoredPage.Variant,
        _ reuse: Reuse,
        _ outcome: CacheStatus.Outcome,
        _ change: (inout CacheStatus) -> Void = { _ in }
    ) -> Response {
        var status = CacheStatus(self.policy, outcome, key: call.key)
        status?.timeToLive = reuse.timeToLive
        if var described = status {
            change(&described)
            status = described
        }
        return self.answer(call, variant, age: reuse.age, status)
    }

    /// Answers with a stored variant of a known age.
    func answer(_ call: PageCall, _ variant: StoredPage.Variant, age: Age, _ status: CacheStatus?) -> Response {
        self.pageAnswer(variant, call.summary, call.fields, age: age, status).response
    }

    /// The answer of a stored variant to a request with these fields.
    func pageAnswer(
        _ variant: StoredPage.Variant,
        _ request: RequestSummary,
        _ requestFields: HTTPFields,
        age: Age,
        _ status: CacheStatus?
    ) -> PageAnswer {
        var answer = variant.stored.answer(
            to: request,
            fields: requestFields,
            age: age,
            now: self.wallTime,
            policy: self.policy,
            status: status
        )
        if !self.options.variations.isEmpty { self.completeVary(&answer.response.headerFields) }
        let body: ByteBuffer?
        switch answer.body {
        case .none: body = nil
        case .whole: body = variant.body
        case .part(let range):
            let start = variant.body.readerIndex + Int(range.first)
            body = variant.body.getSlice(at: start, length: Int(range.count))
        }
        return PageAnswer(head: answer.response, body: body)
    }

    /// What a client gets who wants nothing from the origin, where nothing is stored.
    func gatewayTimeout(_ call: PageCall) -> Response {
        let head = Outgoing.gatewayTimeout(status: CacheStatus(self.policy, .forward(.miss), key: call.key))
        return Response(status: head.status, headers: head.headerFields)
    }

    /// Names in `Vary` what this cache selects by, for caches beyond it.
    func completeVary(_ fields: inout HTTPFields) {
        for variation in self.options.variations where !variation.fields.isEmpty { fields.addVary(variation.fields) }
    }
}

extension HTTPFields {
    /// Names fields in `Vary`, those that are not named already.
    mutating func addVary(_ names: [HTTPField.Name]) {
        let lines = self[values: .vary]
        let known = Set(
            lines.flatMap { $0.split(separator: ",") }.map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        )
        if known.contains("*") { return }
        let missing = names.filter { !known.contains($0.canonicalName) }
        guard !missing.isEmpty else { return }
        let all = lines.filter { !$0.isEmpty } + missing.map(\.rawName)
        self[.vary] = all.joined(separator: ", ")
    }
}
