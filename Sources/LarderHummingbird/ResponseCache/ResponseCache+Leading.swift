import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import Logging
import NIOCore

extension ResponseCache {
    /// Asks the handler, stores its answer, and tells those who wait.
    func lead(
        _ call: PageCall,
        _ asking: Asking,
        _ lead: Filling.Lead?,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        let opening: Opening
        do {
            opening = try await self.open(call, asking, lead)
        } catch {
            if let lead { self.flights.land(lead.flight, lead.key, .again) }
            throw error
        }
        switch opening {
        case .filledMeanwhile:
            if let lead { self.flights.land(lead.flight, lead.key, .again) }
            var call = call
            call.attempts += 1
            call.hasWaited = call.attempts >= 3
            return try await self.lookUp(call, next)
        case .filling(let filling):
            let current = filling.current ?? (filling.fill == nil ? asking.found : nil)
            let selected = current.flatMap { self.selected(call, $0) }
            if let selected, filling.current != nil, selected.reuse.action == .serve, asking.reuse != nil {
                // Somebody has refreshed it before the right to do so was ours.
                await filling.end(.stored(selected.found.page, variant: selected.index))
                self.tallies.hits.add()
                return self.answer(call, selected.variant, selected.reuse, .hit)
            }
            return try await self.exchange(call, asking, selected, filling, next)
        }
    }

    /// A variant that a request selects.
    struct Selected {
        var found: Found
        var index: Int
        var variant: StoredPage.Variant
        var reuse: Reuse
    }

    func selected(_ call: PageCall, _ found: Found) -> Selected? {
        guard let index = found.page.variants.select(for: call.fields, now: self.wallTime, policy: self.policy) else {
            return nil
        }
        let variant = found.page.variants[index]
        let resident = found.resident(variant.payload, now: self.now)
        let reuse = self.reuse(variant.metadata, call.summary, resident, found.isExpired)
        return Selected(found: found, index: index, variant: variant.payload, reuse: reuse)
    }

    // MARK: The right to store

    enum Opening {
        case filling(Filling)
        /// Somebody has stored the page since it was looked for.
        case filledMeanwhile
    }

    /// Takes the right to store the answer, and looks at what there is once more: what was read before could have been invalidated
    /// since.
    private func open(_ call: PageCall, _ asking: Asking, _ lead: Filling.Lead?) async throws -> Opening {
        func without(storeIsAway: Bool = false) -> Opening {
            .filling(Filling(nil, nil, lead, self.flights, storeIsAway: storeIsAway))
        }
        let isWorthIt = lead != nil || !self.flights.isUncacheable(self.flightKey(call, asking.found), now: self.now)
        let isStorable = call.summary.method == .get || asking.found != nil
        guard asking.storeIsAvailable else { return without(storeIsAway: true) }
        guard isWorthIt, isStorable else { return without() }
        let deadline = self.now.advanced(by: self.options.longestWait)
        var pause = Duration.milliseconds(2)
        var replaces = asking.found != nil
        while true {
            do {
                let opening = try await self.cache.openFill(
                    call.cacheKey,
                    replacing: replaces,
                    for: self.options.fillTimeout,
                    tags: self.tags(of: call)
                )
                switch opening {
                case .opened(let fill):
                    guard replaces else { return .filling(Filling(fill, nil, lead, self.flights)) }
                    do {
                        let found = try await self.find(call.cacheKey, isUnderLease: true)
                        guard case .found(let found) = found else {
                            return .filling(Filling(fill, nil, lead, self.flights))
                        }
                        return .filling(Filling(fill, found, lead, self.flights))
                    } catch {
                        await fill.giveUp()
                        throw error
                    }
                case .found:
                    // What is there may be another variant, or one that was expired.
                    if lead == nil || call.attempts > 0 { replaces = true } else { return .filledMeanwhile }
                case .refused:
                    return without()
                case .taken:
                    // Another process asks for the page. Who leads others waits for it; who goes alone does not.
                    guard lead != nil, self.now < deadline else { return without() }
                    let wait = pause * Double.random(in: 0.5...1)
                    try await self.options.clock.sleep(until: self.now.advanced(by: wait))
                    pause = min(pause * 2, .milliseconds(50))
                }
            } catch let error as CacheError where error.code == .unavailable {
                self.tallies.unavailable.add()
                return without(storeIsAway: true)
            } catch let error as CacheError where error.code == .invalidTag {
                self.logger.warning("A page has a tag that is none", metadata: ["larder.error": "\(error)"])
                return without()
            }
        }
    }

    /// The tags that are known before the handler runs.
    func tags(of call: PageCall) -> [String] {
        var tags = self.options.tags(call.incoming.request)
        // Who invalidates a URI cannot name the keys that have parts.
        if call.key.target.count != call.key.bytes.count { tags.append(Self.targetTag(call.key)) }
        return tags
    }

    // MARK: The handler

    private func exchange(
        _ call: PageCall,
        _ asking: Asking,
        _ selected: Selected?,
        _ filling: Filling,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        let head = call.incoming.head
        // Who was told of something else twice asks for the whole.
        var isValidating = selected != nil && call.summary.method == .get && call.attempts < 3
        // A tag that was made here means nothing to the handler.
        if let variant = selected?.variant, variant.hasOwnTag, variant.stored.metadata.lastModified == nil {
            isValidating = false
        }
        let outgoing: HTTPRequest
        if let selected, isValidating {
            outgoing = ConditionalRequest.validating(selected.variant.stored, for: head)
        } else {
            outgoing = ConditionalRequest.forwarding(head)
        }
        let requestTime = self.wallTime
        var response: Response
        do {
            response = try await filling.run {
                try await PagesBeingMade.making(self.cache, call.cacheKey) {
                    try await next(call.incoming.request(outgoing))
                }
            }
        } catch {
            return try await self.failed(error, call, asking, selected, filling)
        }
        self.complete(&response, call, confirming: isValidating ? selected?.variant.stored : nil)
        let exchange = Exchange(
            request: head,
            summary: call.summary,
            response: response.head,
            requestTime: requestTime,
            responseTime: self.wallTime
        )
        if let selected {
            if selected.reuse.mayServeStale(after: .status(response.status.code)) {
                return await self.standIn(call, asking, selected, filling)
            }
            if isValidating, response.status == .notModified {
                return try await self.freshen(call, asking, selected, filling, exchange, next)
            }
            if call.summary.method == .head {
                return try await self.freshen(call, asking, selected, filling, headOf: exchange, response)
            }
        }
        return try await self.store(call, asking, filling, exchange, response)
    }

    /// The handler has thrown.
    private func failed(
        _ error: any Error,
        _ call: PageCall,
        _ asking: Asking,
        _ selected: Selected?,
        _ filling: Filling
    ) async throws -> Response {
        let failure: Reuse.OriginFailure =
            switch error {
            case is OriginUnreachable: .unreachable
            case let error as any HTTPResponseError: .status(error.status.code)
            default: .status(500)
            }
        if let selected, !(error is CancellationError), selected.reuse.mayServeStale(after: failure) {
            return await self.standIn(call, asking, selected, filling)
        }
        // A handler that throws 404 says as much of the page as one that returns it.
        if case .status(let status) = failure, asking.found != nil, StatusRules.describesResource(status) {
            await self.drop(call)
        }
        await filling.end(error is CancellationError ? .again : .unstorable)
        throw error
    }

    /// Answers with what is stale in the place of an error (RFC 5861, section 4).
    private func standIn(
        _ call: PageCall,
        _ asking: Asking,
        _ selected: Selected,
        _ filling: Filling
    ) async -> Response {
        self.flights.refreshFailed(self.flightKey(call, asking.found), now: self.wallTime)
        // Those who wait find the page stale, the handler not to be asked for a while, and do the same.
        await filling.end(.unstorable)
        self.tallies.failedRefreshes.add()
        return self.stale(call, selected.variant, selected.reuse, "origin-error")
    }

    /// Writes into an answer what the options say of it.
    ///
    /// - Parameters:
    ///   - response: The answer.
    ///   - call: The request.
    ///   - stored: What a 304 confirms: it says no more than what has changed.
    func complete(_ response: inout Response, _ call: PageCall, confirming stored: StoredResponse? = nil) {
        let isConfirmation = stored != nil && response.status == .notModified
        if let ttl = self.options.ttl, self.mayGive(to: response, call) || isConfirmation {
            self.give(ttl, to: &response)
        }
        // A coding that `Vary` does not name would go to those who cannot read it.
        if isConfirmation {
            // Where it names no `Vary`, the stored one stays, which names it already.
            let isNamed = !response.headers.contains(.vary)
            if !isNamed, stored?.fields.contains(.contentEncoding) == true {
                response.headers.addVary([.acceptEncoding])
            }
        } else if response.headers.contains(.contentEncoding) {
            response.headers.addVary([.acceptEncoding])
        }
    }

    /// Whether an answer is one that ``ResponseCacheOptions/ttl`` is for.
    private func mayGive(to response: Response, _ call: PageCall) -> Bool {
        let asked = call.fields
        guard [200, 203, 300, 301, 308].contains(response.status.code) else { return false }
        if asked.contains(.authorization), self.policy.authorization != .keyed { return false }
        guard self.options.cookies == .guarded, asked.contains(.cookie) else { return true }
        // Somebody has said which cookie matters.
        if response.headers[values: .vary].contains(where: { $0.lowercased().contains("cookie") }) { return true }
        return self.policy.key.fields.contains("cookie") || self.options.variations.contains { $0.cookieName != nil }
    }

    private func give(_ ttl: Duration, to response: inout Response) {
        let fields = response.headers
        guard !fields.contains(.cacheControl),
            !fields.contains(.expires), !fields.contains(.setCookie), !fields.contains(OwnField.cacheControl),
            !self.policy.targetedFields.contains(where: fields.contains)
        else { return }
        let seconds = max(0, ttl.components.seconds)
        guard let browserTTL = self.options.browserTTL else {
            response.headers[.cacheControl] = "max-age=\(seconds)"
            return
        }
        response.headers[OwnField.cacheControl] = "max-age=\(seconds)"
        let browserSeconds = max(0, browserTTL.components.seconds)
        response.headers[.cacheControl] = browserSeconds == 0 ? "no-cache" : "max-age=\(browserSeconds)"
    }

    /// What the first client gets of an answer.
    func passing(_ exchange: Exchange, _ status: CacheStatus?) -> HTTPFields {
        var fields = Outgoing.passing(exchange, policy: self.policy, status: status).headerFields
        fields[OwnField.cacheControl] = nil
        self.completeVary(&fields)
        return fields
    }
}
