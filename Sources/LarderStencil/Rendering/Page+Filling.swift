import Larder
import Stencil

/// How a page gets what its passes lack. It runs in the tasks of those who wait, so that what values are made of becomes the
/// tags of what is being filled there.
extension Page {
    /// How often a scope looks for fragments before it renders what it has not found in place: a page that is another one with each
    /// pass would never end.
    private static let mostLooks = 16
    /// How many passes may lack something, fragments or values.
    private static let mostSteps = 1_000

    /// Renders the page.
    ///
    /// - Returns: The text.
    /// - Throws: `TemplateSyntaxError`; what values throw; `CacheError`; `CancellationError`.
    nonisolated func text() async throws -> String {
        if let text = try await self.text(of: .page) { return text }
        await self.renderInPlace(.page)
        if let text = try await self.text(of: .page) { return text }
        throw TemplateSyntaxError(
            "the page holds no text that it is made of; a tag must have changed while it was rendered"
        )
    }

    /// Renders a scope, and brings what it lacks.
    ///
    /// - Returns: The text; `nil` where the page does not come by the scope any more, or not with all that it is made of.
    private nonisolated func text(of scope: FragmentScope.ID) async throws -> String? {
        var looks = 0
        for _ in 0..<Self.mostSteps {
            switch try await self.step(scope) {
            case .finished(let text): return text
            case .unreached: return nil
            case .value(let lazy): await self.keep(try await lazy.make(), of: lazy, in: scope)
            case .fragments(let requests):
                looks += 1
                if looks > Self.mostLooks {
                    await self.renderInPlace(scope)
                } else {
                    await self.keep(try await self.fetch(requests, in: scope), of: requests, in: scope)
                }
            }
        }
        throw TemplateSyntaxError("a page needed more than \(Self.mostSteps) values, each of which led to another one")
    }

    /// Reads fragments, with one request to each of their caches, and makes the missing ones.
    ///
    /// - Returns: Those that there are now.
    private nonisolated func fetch(
        _ requests: [FragmentRequest],
        in scope: FragmentScope.ID
    ) async throws -> [FragmentID: String] {
        let byCache = Dictionary(grouping: requests, by: \.id.cache)
        guard byCache.count > 1 else { return try await self.fetch(fromOne: requests, in: scope) }
        return try await withThrowingTaskGroup(of: [FragmentID: String].self) { group in
            for requests in byCache.values {
                group.addTask { try await self.fetch(fromOne: requests, in: scope) }
            }
            var texts: [FragmentID: String] = [:]
            for try await some in group { texts.merge(some) { _, new in new } }
            return texts
        }
    }

    private nonisolated func fetch(
        fromOne requests: [FragmentRequest],
        in scope: FragmentScope.ID
    ) async throws -> [FragmentID: String] {
        guard let cache = requests.first?.cache else { return [:] }
        let byKey = Dictionary(requests.map { ($0.key, $0) }) { first, _ in first }
        // A page is shown without its cache too; and each fragment has its own fill, with its own ttl and tags.
        let texts = try await cache.fetchMany(
            requests.map(\.key),
            onFailure: .missing,
            fillsApart: true
        ) { missing, context in
            var texts: [CacheKey<String>: String] = [:]
            for key in missing {
                guard let request = byKey[key] else { continue }
                texts[key] = try await self.fill(request, context, in: scope)
            }
            return texts
        }
        return Dictionary(texts.map { (FragmentID(cache: ObjectIdentifier(cache), key: $0), $1) }) { first, _ in first }
    }

    /// Makes a missing fragment, under its lease.
    ///
    /// - Returns: `nil` where the page does not come by the fragment any more.
    private nonisolated func fill(
        _ request: FragmentRequest,
        _ context: FillContext,
        in outer: FragmentScope.ID
    ) async throws -> String? {
        context.ttl = request.ttl
        do {
            // The fill has begun, and no data is read yet: an invalidation from here on keeps the fragment out of the store.
            try context.addTags(request.tags)
        } catch let error as CacheError {
            throw TemplateSyntaxError("the tags of the fragment '\(request.name)': \(error.message)")
        }
        guard let scope = await self.begin(request.id, in: outer) else { return nil }
        do {
            let text = try await self.text(of: scope)
            await self.end(scope)
            return text
        } catch {
            await self.end(scope)
            throw error
        }
    }
}
