import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import Logging

extension ResponseCache {
    /// Why the handler is asked.
    struct Asking: Sendable {
        /// What `Cache-Status` says of it.
        var forward: CacheStatus.Forward
        /// What the store had of the page.
        var found: Found?
        /// What was decided of the variant that the request selects, if there is one.
        var reuse: Reuse?
        /// Whether the store could be asked.
        var storeIsAvailable = true
    }

    // MARK: Whom to ask

    func miss(
        _ call: PageCall,
        _ found: Found?,
        _ lookup: Lookup,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        if call.summary.wantsOnlyStored(self.policy) {
            self.tallies.onlyIfCached.add()
            return self.gatewayTimeout(call)
        }
        var asking = Asking(forward: found == nil ? .uriMiss : .varyMiss, found: found)
        if case .unavailable = lookup { asking.storeIsAvailable = false }
        self.tallies.misses.add()
        return try await self.ask(call, asking, next)
    }

    func validate(
        _ call: PageCall,
        _ found: Found,
        _ index: Int,
        _ reuse: Reuse,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        let key = self.flightKey(call, found)
        if !self.flights.mayRefresh(key, now: self.wallTime), reuse.mayServeStale(after: .unreachable) {
            return self.stale(call, found.page.variants[index].payload, reuse, "backoff")
        }
        let asking = Asking(forward: CacheStatus.Forward(reuse) ?? .stale, found: found, reuse: reuse)
        return try await self.ask(call, asking, next)
    }

    /// Answers with what is stale, and has it refreshed behind.
    func serveAndRefresh(
        _ call: PageCall,
        _ found: Found,
        _ index: Int,
        _ reuse: Reuse,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        let key = self.flightKey(call, found)
        let variant = found.page.variants[index].payload
        guard self.flights.mayRefresh(key, now: self.wallTime) else {
            return self.stale(call, variant, reuse, "backoff")
        }
        let (flight, isLeader) = self.flights.joinOrLead(key, partings: self.cache.partingCount)
        guard isLeader else { return self.stale(call, variant, reuse, nil) }
        let lead = Filling.Lead(flight: flight, key: key)
        let asking = Asking(forward: .stale, found: found, reuse: reuse)
        guard let refresh = call.refresh else { return try await self.lead(call, asking, lead, next) }
        let behind = self.refreshing(call, variant.stored)
        let hasBegun = self.work.begin(most: self.options.mostRefreshes) {
            await self.refresh(behind, asking, lead, refresh)
        }
        if !hasBegun { self.flights.land(flight, key, .again) }
        return self.stale(call, variant, reuse, nil)
    }

    /// Answers with what is past its time.
    func stale(_ call: PageCall, _ variant: StoredPage.Variant, _ reuse: Reuse, _ detail: String?) -> Response {
        self.tallies.staleHits.add()
        return self.answer(call, variant, reuse, .hit) { $0.detail = detail }
    }

    /// The request that refreshes a page behind a client.
    private func refreshing(_ call: PageCall, _ stored: StoredResponse) -> PageCall {
        var head = ConditionalRequest.refreshing(stored, for: call.incoming.head, policy: self.policy)
        // They are the cache's, and put there again when it asks.
        head.headerFields[.ifNoneMatch] = nil
        head.headerFields[.ifModifiedSince] = nil
        var behind = call
        behind.incoming = Incoming(Request(head: head, body: .init(buffer: .init())), self.policy)
        return behind
    }

    private func refresh(
        _ call: PageCall,
        _ asking: Asking,
        _ lead: Filling.Lead,
        _ next: @Sendable (Request) async throws -> Response
    ) async {
        do {
            try await RefreshInFlight.$current.withValue(self) {
                let response = try await self.lead(call, asking, lead, next)
                // What streams is stored while it is read.
                try await response.body.write(DiscardingWriter())
            }
            self.tallies.refreshes.add()
        } catch {
            self.tallies.failedRefreshes.add()
            self.logger.debug("A page could not be refreshed", metadata: ["larder.error": "\(type(of: error))"])
        }
    }

    // MARK: One for all

    /// What requests have in common that one answer serves.
    func flightKey(_ call: PageCall, _ found: Found?) -> [UInt8] {
        Collapsing.key(
            call.key,
            varyingBy: found?.page.variants.names ?? [],
            request: call.fields,
            policy: self.policy
        )
    }

    /// Asks, or waits for whoever asks already.
    func ask(
        _ call: PageCall,
        _ asking: Asking,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        let key = self.flightKey(call, asking.found)
        let isShared =
            !call.hasWaited && Collapsing.isEligible(call.summary, hasStored: asking.reuse != nil, policy: self.policy)
            && !self.flights.isUncacheable(key, now: self.now)
        guard isShared else { return try await self.lead(call, asking, nil, next) }
        let (flight, isLeader) = self.flights.joinOrLead(key, partings: self.cache.partingCount)
        if isLeader { return try await self.lead(call, asking, .init(flight: flight, key: key), next) }
        self.tallies.collapsed.add()
        let landing = await flight.wait(longest: self.options.longestWait, self.options.clock)
        try Task.checkCancellation()
        var call = call
        switch landing {
        case .stored(let page, let index):
            let variant = page.variants[index]
            // It was stored just now; who waited has the right to take it although it may be stale by a moment.
            if Collapsing.mayUse(
                variant.metadata,
                request: call.summary,
                fields: call.fields,
                after: .zero,
                policy: self.policy
            ) {
                var status = CacheStatus(self.policy, .forward(asking.forward), key: call.key)
                status?.isCollapsed = true
                return self.answer(call, variant.payload, age: variant.metadata.initialAge, status)
            }
            // Another variant than this request wants, which shows now that its `Vary` is known.
            call.hasWaited = true
            return try await self.lookUp(call, next)
        case .again:
            call.attempts += 1
            call.hasWaited = call.attempts >= 3
            return try await self.lookUp(call, next)
        case .unstorable:
            return try await self.lead(call, asking, nil, next)
        case .timedOut:
            if let reuse = asking.reuse, reuse.mayServeStale(after: .unreachable), let found = asking.found,
                let index = found.page.variants.select(for: call.fields, now: self.wallTime, policy: self.policy)
            {
                return self.stale(call, found.page.variants[index].payload, reuse, "timeout")
            }
            return try await self.lead(call, asking, nil, next)
        }
    }
}
