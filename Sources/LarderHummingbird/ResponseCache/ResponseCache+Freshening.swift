import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP

extension ResponseCache {
    /// The origin says that what is stored is still true (RFC 9111, section 4.3.4).
    func freshen(
        _ call: PageCall,
        _ asking: Asking,
        _ selected: Selected,
        _ filling: Filling,
        _ exchange: Exchange,
        _ next: (Request) async throws -> Response
    ) async throws -> Response {
        var status = CacheStatus(self.policy, .forward(asking.forward), key: call.key)
        status?.forwardStatus = 304
        self.tallies.revalidations.add()
        switch Freshening(selected.variant.stored, notModified: exchange, policy: self.policy) {
        case .updated(var stored):
            for name in OwnField.unstored { stored.removeField(name) }
            let variant = selected.variant.confirmed(as: stored, under: filling.fill?.tagNames ?? [])
            // By itself: an assignment to what is not there would not even look at its right side.
            let isStored = await self.update(selected, to: variant, call, asking, filling)
            status?.isStored = isStored
            return self.freshened(variant, call, exchange, status)
        case .updatedAndRefused(let stored, _):
            await self.remove(selected, call, asking, filling)
            return self.freshened(.init(stored: stored, body: selected.variant.body), call, exchange, status)
        case .updatedForOne(let stored, _):
            await filling.end(.unstorable)
            return self.freshened(.init(stored: stored, body: selected.variant.body), call, exchange, status)
        case .mismatch:
            // It is about something else: ask once more, for the whole, and without the variant.
            await self.remove(selected, call, asking, filling)
            var call = call
            call.attempts += 1
            call.hasWaited = true
            return try await self.lookUp(call, next)
        }
    }

    private func freshened(
        _ variant: StoredPage.Variant,
        _ call: PageCall,
        _ exchange: Exchange,
        _ status: CacheStatus?
    ) -> Response {
        var answer = self.answer(call, variant, age: variant.stored.metadata.initialAge, status)
        if self.policy.setCookie == .strip {
            for field in exchange.response.headerFields where field.name == .setCookie { answer.headers.append(field) }
        }
        return answer
    }

    /// What the answer to a HEAD says of what is stored (RFC 9111, section 4.3.5).
    func freshen(
        _ call: PageCall,
        _ asking: Asking,
        _ selected: Selected,
        _ filling: Filling,
        headOf exchange: Exchange,
        _ response: Response
    ) async throws -> Response {
        var variant = selected.variant
        switch Freshening(variant.stored, head: exchange, policy: self.policy) {
        case .updated(var stored):
            for name in OwnField.unstored { stored.removeField(name) }
            variant = variant.confirmed(as: stored, under: filling.fill?.tagNames ?? [])
            _ = await self.update(selected, to: variant, call, asking, filling)
        case .updatedForOne:
            await filling.end(.unstorable)
        default:
            variant.stored.markStale(after: selected.found.resident(variant, now: self.now))
            variant.residentAtWriting = selected.found.resident(variant, now: self.now)
            _ = await self.update(selected, to: variant, call, asking, filling)
        }
        let status = CacheStatus(self.policy, .forward(asking.forward), key: call.key)
        return Response(status: response.status, headers: self.passing(exchange, status), body: response.body)
    }

    /// Puts a variant in its former's place.
    private func update(
        _ selected: Selected,
        to variant: StoredPage.Variant,
        _ call: PageCall,
        _ asking: Asking,
        _ filling: Filling
    ) async -> Bool {
        // Without the right to store, what was selected may not be what is there by now.
        guard filling.current != nil else {
            await filling.end(.unstorable)
            return false
        }
        return await self.commit(call, asking, filling) { variants in
            variants.update(selected.index) { $0 = .init(metadata: variant.stored.metadata, payload: variant) }
            return selected.index
        }
    }

    private func remove(_ selected: Selected, _ call: PageCall, _ asking: Asking, _ filling: Filling) async {
        guard filling.current != nil else {
            await filling.end(.unstorable)
            return
        }
        _ = await self.commit(call, asking, filling) { variants in
            variants.remove(selected.index)
            return nil
        }
    }
}
