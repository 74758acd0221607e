import HTTPTypes
import LarderHTTP

/// A whole cache of one request at a time, made of nothing but this module's decisions, a dictionary and a script for the
/// origin: what a middleware does with them.
struct SimulatedCache {
    typealias Source = Story.Source

    /// What a client got.
    struct Answer {
        var source: Source
        var response: HTTPResponse
        var body: String
        /// What the origin was asked, if it was.
        var asked: HTTPRequest?
    }

    /// What the origin does; `nil` for no answer.
    typealias Origin = (HTTPRequest) -> (response: HTTPResponse, body: String)?

    var policy: CachePolicy
    private var entries: [ResponseKey: VariantList<Entry>] = [:]

    struct Entry: Sendable {
        var stored: StoredResponse
        var body: String
    }

    init(_ policy: CachePolicy) {
        self.policy = policy
    }

    mutating func handle(_ asked: HTTPRequest, hasBody: Bool = false, now: HTTPTime, _ origin: Origin) -> Answer {
        var request = asked
        let summary = RequestSummary(&request, hasBody: hasBody, policy: self.policy)
        guard let key = ResponseKey(request, policy: self.policy.key) else {
            return self.pass(request, summary, nil, now, origin)
        }
        switch summary.treatment(self.policy) {
        case .forward, .bypass: return self.pass(request, summary, nil, now, origin)
        case .forwardAndInvalidate: return self.pass(request, summary, key, now, origin)
        case .lookUp: break
        }
        let list = self.entries[key] ?? VariantList()
        guard let index = list.select(for: request.headerFields, now: now, policy: self.policy) else {
            if summary.wantsOnlyStored(self.policy) {
                return Answer(source: .cached, response: Outgoing.gatewayTimeout(), body: "")
            }
            return self.pass(request, summary, key, now, origin)
        }
        return self.use(list[index], index, request, summary, key, now, origin)
    }

    /// Answers from what is stored, or asks about it.
    private mutating func use(
        _ variant: VariantList<Entry>.Variant,
        _ index: Int,
        _ request: HTTPRequest,
        _ summary: RequestSummary,
        _ key: ResponseKey,
        _ now: HTTPTime,
        _ origin: Origin
    ) -> Answer {
        let resident = now.duration(since: variant.metadata.responseTime)
        let reuse = variant.metadata.reuse(for: summary, after: resident, policy: self.policy)
        let entry = variant.payload
        switch reuse.action {
        case .serve, .serveAndRefresh:
            self.entries[key]?.touch(index)
            return self.answer(entry, .cached, request, summary, reuse.age, now)
        case .gatewayTimeout:
            return Answer(source: .cached, response: Outgoing.gatewayTimeout(), body: "")
        case .validate:
            break
        }
        if summary.method == .head { return self.head(entry, index, request, summary, key, now, origin) }
        let outgoing = ConditionalRequest.validating(entry.stored, for: request)
        guard let (response, body) = origin(outgoing) else {
            if reuse.mayServeStale(after: .unreachable) {
                return self.answer(entry, .cached, request, summary, reuse.age, now)
            }
            return Answer(source: .fetched, response: Outgoing.gatewayTimeout(), body: "", asked: outgoing)
        }
        if reuse.mayServeStale(after: .status(response.status.code)) {
            return self.answer(entry, .cached, request, summary, reuse.age, now)
        }
        let exchange = Self.exchange(request, summary, response, now)
        guard response.status == .notModified else {
            return self.store(exchange, key, body, outgoing)
        }
        switch Freshening(entry.stored, notModified: exchange, policy: self.policy) {
        case .updated(let stored):
            let fresh = Entry(stored: stored, body: entry.body)
            self.entries[key]?.update(index) { $0 = .init(metadata: stored.metadata, payload: fresh) }
            return self.answer(fresh, .validated, request, summary, stored.metadata.initialAge, now, outgoing)
        case .updatedAndRefused(let stored, _):
            self.entries[key]?.remove(index)
            let fresh = Entry(stored: stored, body: entry.body)
            return self.answer(fresh, .validated, request, summary, stored.metadata.initialAge, now, outgoing)
        case .updatedForOne(let stored, _):
            let own = Entry(stored: stored, body: entry.body)
            return self.answer(own, .validated, request, summary, stored.metadata.initialAge, now, outgoing)
        case .mismatch:
            self.entries[key]?.remove(index)
            return self.pass(request, summary, key, now, origin)
        }
    }

    /// A HEAD about something that is stale (RFC 9111, section 4.3.5).
    private mutating func head(
        _ entry: Entry,
        _ index: Int,
        _ request: HTTPRequest,
        _ summary: RequestSummary,
        _ key: ResponseKey,
        _ now: HTTPTime,
        _ origin: Origin
    ) -> Answer {
        let answer = self.pass(request, summary, nil, now, origin)
        let exchange = Self.exchange(request, summary, answer.response, now)
        var entry = entry
        switch Freshening(entry.stored, head: exchange, policy: self.policy) {
        case .updated(let stored): entry.stored = stored
        case .updatedForOne: return answer
        default: entry.stored.markStale(after: now.duration(since: entry.stored.metadata.responseTime))
        }
        self.entries[key]?.update(index) { $0 = .init(metadata: entry.stored.metadata, payload: entry) }
        return answer
    }

    /// Sends a request on, stores what may be, and removes what is not true any more.
    private mutating func pass(
        _ request: HTTPRequest,
        _ summary: RequestSummary,
        _ key: ResponseKey?,
        _ now: HTTPTime,
        _ origin: Origin
    ) -> Answer {
        let outgoing = ConditionalRequest.forwarding(request)
        guard let (response, body) = origin(outgoing) else {
            return Answer(source: .fetched, response: Outgoing.gatewayTimeout(), body: "", asked: outgoing)
        }
        for target in Invalidation.targets(request: request, response: response, policy: self.policy.key) {
            guard let gone = ResponseKey(target, policy: self.policy.key)?.target else { continue }
            self.entries = self.entries.filter { $0.key.target != gone }
        }
        let exchange = Self.exchange(request, summary, response, now)
        guard let key else {
            let passed = Outgoing.passing(exchange, policy: self.policy)
            return Answer(source: .fetched, response: passed, body: body, asked: outgoing)
        }
        return self.store(exchange, key, body, outgoing)
    }

    private mutating func store(
        _ exchange: Exchange,
        _ key: ResponseKey,
        _ body: String,
        _ outgoing: HTTPRequest
    ) -> Answer {
        switch Storability(exchange, policy: self.policy) {
        case .refused(let refusal):
            let status = exchange.response.status.code
            let isAboutGet = exchange.summary.method == .get
            if isAboutGet, refusal.dropsOlder(status: status, policy: self.policy) { self.entries[key] = nil }
        case .storable(var stored):
            guard stored.finish(bodyLength: Int64(body.utf8.count), endedCleanly: true) == nil else { break }
            let entry = Entry(stored: stored, body: body)
            let variant = VariantList<Entry>.Variant(metadata: stored.metadata, payload: entry)
            _ = self.entries[key, default: VariantList()].insert(variant, most: self.policy.mostVariants)
        }
        let passed = Outgoing.passing(exchange, policy: self.policy)
        return Answer(source: .fetched, response: passed, body: body, asked: outgoing)
    }

    private static func exchange(
        _ request: HTTPRequest,
        _ summary: RequestSummary,
        _ response: HTTPResponse,
        _ now: HTTPTime
    ) -> Exchange {
        Exchange(request: request, summary: summary, response: response, requestTime: now, responseTime: now)
    }

    private func answer(
        _ entry: Entry,
        _ source: Source,
        _ request: HTTPRequest,
        _ summary: RequestSummary,
        _ age: Age,
        _ now: HTTPTime,
        _ asked: HTTPRequest? = nil
    ) -> Answer {
        let answer = entry.stored.answer(
            to: summary,
            fields: request.headerFields,
            age: age,
            now: now,
            policy: self.policy
        )
        let body =
            switch answer.body {
            case .none: ""
            case .whole: entry.body
            case .part(let range):
                String(decoding: Array(entry.body.utf8)[Int(range.first)...Int(range.last)], as: UTF8.self)
            }
        return Answer(source: source, response: answer.response, body: body, asked: asked)
    }
}
