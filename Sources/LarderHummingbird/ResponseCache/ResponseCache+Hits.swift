import HTTPTypes
import Larder
import LarderHTTP

extension ResponseCache {
    /// What can be said of a request without waiting, and without reading it whole.
    enum QuickLook {
        case hit(PageAnswer)
        /// It is for this page, which is no hit.
        case found(Found)
        case unknown
    }

    /// Answers a request for a page that is asked for often, in this process' memory, and fresh.
    ///
    /// - Parameters:
    ///   - head: The request's head.
    ///   - isEarly: Whether only pages count that this cache has answered with before.
    /// - Returns: The answer, or what is known of the page.
    func hitAtOnce(_ head: HTTPRequest, isEarly: Bool = false) -> QuickLook {
        guard let keys = self.recentKeys.keys(of: head) else { return .unknown }
        var head = head
        let summary = RequestSummary(&head, hasBody: false, policy: self.policy)
        guard case .lookUp = summary.treatment(self.policy), !self.policy.key.hasParts(head.headerFields),
            let found = self.findAtOnce(keys.cacheKey)
        else { return .unknown }
        if isEarly, !found.page.wasAnswered(by: self.number) { return .found(found) }
        return self.hit(found, summary, head.headerFields, keys.key).map { .hit($0) } ?? .found(found)
    }

    /// A page in this process' memory, if its store has one and can say when it was written.
    func findAtOnce(_ key: CacheKey<StoredPage>) -> Found? {
        // What goes wrong here goes wrong again where the store is asked.
        guard let page = try? self.cache.getAtOnce(key), let writing = page.knownWriting else { return nil }
        return Found(page: page, writing: writing, isExpired: false)
    }

    /// The answer from what was found, where it is fresh.
    func hit(
        _ found: Found,
        _ request: RequestSummary,
        _ fields: HTTPFields,
        _ key: ResponseKey
    ) -> PageAnswer? {
        guard let index = found.page.variants.select(for: fields, now: self.wallTime, policy: self.policy) else {
            return nil
        }
        let metadata = found.page.variants.metadata(at: index)
        let elapsed = max(.zero, found.writing.duration(to: self.now))
        let resident = found.page.residentAtWriting(index) + elapsed
        let reuse = self.reuse(metadata, request, resident, found.isExpired)
        guard reuse.action == .serve, reuse.reason == .fresh else { return nil }
        self.tallies.hits.add()
        found.page.noteAnswer(by: self.number)
        let isWhole = request.method == .get && request.traits.isDisjoint(with: [.conditional, .range])
        let said = StoredPage.Said(
            cache: self.number,
            variant: index,
            age: reuse.age.seconds,
            timeToLive: reuse.timeToLive
        )
        if isWhole, let answer = found.page.answer(said) { return answer }
        var status = CacheStatus(self.policy, .hit, key: key)
        status?.timeToLive = reuse.timeToLive
        let variant = found.page.variants.payload(at: index)
        let answer = self.pageAnswer(variant, request, fields, age: reuse.age, status)
        if isWhole { found.page.keep(answer, said) }
        return answer
    }
}
