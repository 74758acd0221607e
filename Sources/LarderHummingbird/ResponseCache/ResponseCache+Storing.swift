import Crypto
import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import Logging
import NIOCore

extension ResponseCache {
    /// Passes an answer on, and stores it if it may be.
    func store(
        _ call: PageCall,
        _ asking: Asking,
        _ filling: Filling,
        _ exchange: Exchange,
        _ response: Response
    ) async throws -> Response {
        var status = CacheStatus(self.policy, .forward(asking.forward), key: call.key)
        status?.isCollapsed = false
        switch Storability(exchange, policy: self.policy) {
        case .refused(let refusal):
            return await self.pass(response, exchange, refused: refusal, call, asking, filling, status)
        case .storable(var stored):
            for name in OwnField.unstored { stored.removeField(name) }
            guard filling.isOfUse else {
                await filling.end(.unstorable)
                return self.sent(response, exchange, status)
            }
            let length = response.body.contentLength
            if let length, length > self.options.longestBody {
                return await self.pass(response, exchange, refused: .tooLarge, call, asking, filling, status)
            }
            guard let length, length <= self.options.gathersUpTo else {
                return self.tee(response, exchange, stored, call, asking, filling, status)
            }
            return try await self.gather(response, exchange, stored, call, asking, filling, status)
        }
    }

    /// An answer as its client gets it.
    private func sent(_ response: Response, _ exchange: Exchange, _ status: CacheStatus?) -> Response {
        Response(status: response.status, headers: self.passing(exchange, status), body: response.body)
    }

    /// Passes on what may not be stored.
    private func pass(
        _ response: Response,
        _ exchange: Exchange,
        refused refusal: StorageRefusal,
        _ call: PageCall,
        _ asking: Asking,
        _ filling: Filling,
        _ status: CacheStatus?
    ) async -> Response {
        self.tallies.refusals.add()
        let isDropped =
            call.summary.method == .get && asking.found != nil
            && refusal.dropsOlder(status: response.status.code, policy: self.policy)
        if isDropped { await self.drop(call) }
        // What was wrong with one request says nothing of the next.
        // Nor does what a visitor's cookie kept from having a time: without one, the page has it.
        let liesInCookie = refusal == .noFreshness && call.fields.contains(.cookie)
        if !refusal.liesInRequest, !liesInCookie, StatusRules.describesResource(response.status.code) {
            self.rememberUncacheable(call, asking)
        }
        await filling.end(.unstorable)
        var status = status
        if self.policy.tellsKey { status?.detail = refusal.description }
        return self.sent(response, exchange, status)
    }

    private func rememberUncacheable(_ call: PageCall, _ asking: Asking) {
        let now = self.now
        self.flights.rememberUncacheable(
            self.flightKey(call, asking.found),
            until: now.advanced(by: self.options.uncacheableMemory),
            now: now
        )
    }

    /// The handler has changed its mind about what is stored.
    func drop(_ call: PageCall) async {
        do {
            try await self.cache.remove(call.cacheKey)
        } catch {
            self.logger.warning("A page could not be dropped", metadata: ["larder.error": "\(error)"])
        }
    }

    // MARK: Bodies of known length

    /// Takes the whole body before the head leaves.
    private func gather(
        _ response: Response,
        _ exchange: Exchange,
        _ stored: StoredResponse,
        _ call: PageCall,
        _ asking: Asking,
        _ filling: Filling,
        _ status: CacheStatus?
    ) async throws -> Response {
        let gathered = GatheredBody()
        do {
            try await filling.run { try await response.body.write(GatheringWriter(gathered)) }
        } catch {
            await filling.end(.unstorable)
            throw error
        }
        let body = gathered.buffer
        var (stored, exchange) = (stored, exchange)
        var hasOwnTag = false
        if let refusal = stored.finish(bodyLength: Int64(body.readableBytes), endedCleanly: true) {
            var whole = response
            whole.body = ResponseBody(byteBuffer: body)
            return await self.pass(whole, exchange, refused: refusal, call, asking, filling, status)
        }
        if self.options.makesEntityTags, stored.status == .ok, stored.metadata.entityTag == nil {
            let tag = Self.entityTag(of: body)
            stored.setEntityTag(tag)
            exchange.response.headerFields[.eTag] = tag
            hasOwnTag = true
        }
        let variant = StoredPage.Variant(stored: stored, body: body, hasOwnTag: hasOwnTag)
        var status = status
        // By itself: an assignment to what is not there would not even look at its right side.
        let isStored = await self.commit(variant, call, asking, filling)
        status?.isStored = isStored
        // Its first client may have asked for a part, or have it already.
        if !call.summary.traits.isDisjoint(with: [.ifNoneMatch, .ifModifiedSince, .range]), stored.status == .ok {
            var answer = self.answer(call, variant, age: stored.metadata.initialAge, status)
            for field in exchange.response.headerFields where field.name == .setCookie {
                if !answer.headers[values: .setCookie].contains(field.value) { answer.headers.append(field) }
            }
            return answer
        }
        return Response(
            status: response.status,
            headers: self.passing(exchange, status),
            body: ResponseBody(byteBuffer: body)
        )
    }

    /// A strong tag of the body's bytes.
    static func entityTag(of body: ByteBuffer) -> String {
        let digest = body.withUnsafeReadableBytes { SHA256.hash(data: $0) }
        var tag = "\""
        for byte in digest.prefix(16) {
            tag += String(byte >> 4, radix: 16)
            tag += String(byte & 15, radix: 16)
        }
        return tag + "\""
    }

    // MARK: Bodies that stream

    /// Stores a body while it goes to its client.
    private func tee(
        _ response: Response,
        _ exchange: Exchange,
        _ stored: StoredResponse,
        _ call: PageCall,
        _ asking: Asking,
        _ filling: Filling,
        _ status: CacheStatus?
    ) -> Response {
        let source = response.body
        let limit = self.options.longestBody
        let deadline = self.now.advanced(by: self.options.fillTimeout)
        let clock = self.options.clock
        let body = ResponseBody(contentLength: source.contentLength) { writer in
            let tee = BodyTee(limit: limit)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do {
                        try await filling.run { try await source.write(TeeingWriter(tee, deadline, clock)) }
                        tee.finish(nil)
                        // The client may take as long as it likes to read what came; others have it now.
                        await self.keep(tee, stored, call, asking, filling)
                    } catch {
                        tee.finish(error)
                        await filling.end(tee.hasOutgrown ? .unstorable : .again)
                        throw error
                    }
                }
                do {
                    var sent = 0
                    while let chunk = try await tee.next() {
                        if tee.hasOutgrown {
                            // Whoever waits for it waits for nothing.
                            self.rememberUncacheable(call, asking)
                            await filling.end(.unstorable)
                        }
                        sent += chunk.readableBytes
                        // A client that has all of it, and asks again, finds it stored.
                        if let length = source.contentLength, sent >= length { try await group.waitForAll() }
                        try await writer.write(chunk)
                    }
                } catch {
                    // The client has left; what is to be stored comes to its end all the same, if that does not take too long.
                    tee.clientLeft()
                    group.addTask { try await clock.sleep(until: deadline) }
                    _ = await group.nextResult()
                    group.cancelAll()
                    throw error
                }
                try await group.waitForAll()
            }
            try await writer.finish(tee.trailers)
        }
        return Response(status: response.status, headers: self.passing(exchange, status), body: body)
    }

    /// Stores a body that has come to its end.
    private func keep(
        _ tee: BodyTee,
        _ stored: StoredResponse,
        _ call: PageCall,
        _ asking: Asking,
        _ filling: Filling
    ) async {
        var stored = stored
        guard let body = tee.recorded else {
            await filling.end(tee.hasOutgrown ? .unstorable : .again)
            return
        }
        if stored.finish(bodyLength: Int64(body.readableBytes), endedCleanly: true) != nil {
            await filling.end(.again)
            return
        }
        _ = await self.commit(StoredPage.Variant(stored: stored, body: body), call, asking, filling)
    }

    // MARK: Committing

    /// Stores a variant beside the others of its page.
    ///
    /// - Returns: Whether it was stored; whoever waits has been told.
    func commit(
        _ variant: StoredPage.Variant,
        _ call: PageCall,
        _ asking: Asking,
        _ filling: Filling
    ) async -> Bool {
        var variant = variant
        variant.tags = Self.joined(filling.fill?.tagNames ?? [], variant.stored.metadata.tags)
        let made = variant
        return await self.commit(call, asking, filling) { variants in
            let variant = made
            _ = variants.insert(
                .init(metadata: variant.stored.metadata, payload: variant),
                most: self.policy.mostVariants
            )
            return 0
        }
    }

    /// Stores what a change makes of a page: it changes the variants, and says which of them is the answer.
    func commit(
        _ call: PageCall,
        _ asking: Asking,
        _ filling: Filling,
        _ change: (inout VariantList<StoredPage.Variant>) -> Int?
    ) async -> Bool {
        let now = self.now
        var variants = VariantList<StoredPage.Variant>()
        if let current = filling.current {
            variants = current.page.variants(asOf: now, writtenAt: current.writing)
            if current.isExpired { variants.endFreshness() }
        }
        var index = change(&variants)
        guard variants.count > 0 else {
            await self.drop(call)
            await filling.end(.unstorable)
            return false
        }
        // A page is under the tags of all its variants. Where they are too many, the one that was just made stays.
        var tags = Self.joined([], variants.variants.flatMap(\.payload.tags))
        if tags.count > self.policy.mostTags, let kept = index.map({ variants[$0] }) {
            variants = VariantList()
            _ = variants.insert(kept, most: 1)
            index = 0
            tags = kept.payload.tags
        }
        let page = StoredPage(variants, writtenAt: now)
        do {
            try filling.fill?.context.addTags(tags)
            switch try await filling.commit(page, variant: index, ttl: page.retention(self.policy)) {
            case .stored:
                self.tallies.stores.add()
                self.flights.forgetUncacheable(self.flightKey(call, asking.found))
                return true
            case .overtaken:
                return false
            case .unstorable:
                // With a right to store, it is the page: it depends on what has no tag, or on too much.
                if filling.fill != nil { self.rememberUncacheable(call, asking) }
                return false
            }
        } catch {
            self.tallies.failedStores.add()
            await filling.end(.unstorable)
            self.logger.debug("A page could not be stored", metadata: ["larder.error": "\(error)"])
            return false
        }
    }
}

extension ResponseCache {
    /// Names in order, each once.
    static func joined(_ some: [String], _ others: [String]) -> [String] {
        Set(some).union(others).sorted()
    }
}

extension VariantList<StoredPage.Variant> {
    /// Lets no variant be fresh any more.
    fileprivate mutating func endFreshness() {
        for index in 0..<self.count {
            self.update(index) { variant in
                variant.payload.stored.markStale(after: variant.payload.residentAtWriting)
                variant.metadata = variant.payload.stored.metadata
            }
        }
    }
}
