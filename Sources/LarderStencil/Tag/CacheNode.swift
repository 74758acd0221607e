import Larder
import Stencil

/// A `{% cache %}` tag with what is in it.
final class CacheNode: NodeType {
    let token: Token?
    let body: [any NodeType]
    private let tag: CacheTag

    init(tag: CacheTag, body: [any NodeType], token: Token) {
        self.tag = tag
        self.body = body
        self.token = token
    }

    func render(_ context: Context) throws -> String {
        guard let pass = RenderPass.current else {
            throw TemplateSyntaxError(
                reason: "a 'cache' tag is rendered by FragmentRenderer or Environment.renderCached(templateNamed:…), "
                    + "not by Stencil's own functions",
                token: self.token
            )
        }
        return try pass.render(self, context)
    }

    /// The fragment that the tag stands for in a context.
    ///
    /// - Parameters:
    ///   - context: The context.
    ///   - caches: Where fragments can be kept.
    ///   - isName: Whether a name is there, with a value or without.
    /// - Returns: The fragment, and what is to be known of it.
    /// - Throws: `TemplateSyntaxError`, which says what is accepted.
    func request(_ context: Context, _ caches: Caches, isName: (String) -> Bool) throws -> FragmentRequest {
        var texts: [String] = []
        for (term, value) in self.tag.vary {
            let value = try value.resolve(context)
            do {
                texts.append(try PythonText.text(of: value))
            } catch {
                throw self.error(
                    "varies on '\(term)', a \(error.type), which has no text that tells it from others; "
                        + "vary on a property of it, such as its id"
                )
            }
        }
        return FragmentRequest(
            cache: try self.cache(context, caches),
            key: .fragment(self.tag.name, texts: texts),
            name: self.tag.name,
            varyTexts: texts,
            ttl: try self.ttl(context, isName),
            tags: try self.tags(context)
        )
    }

    private func error(_ fault: String) -> TemplateSyntaxError {
        CacheTag.error("of the fragment '\(self.tag.name)' \(fault)", self.token)
    }

    private func ttl(_ context: Context, _ isName: (String) -> Bool) throws -> TimeToLive? {
        let accepted = "accepted is a whole number of seconds, or None for ever"
        guard let found = try self.tag.ttl.resolve(context) else {
            if isName(self.tag.ttlTerm) { return nil }
            throw self.error("has the ttl '\(self.tag.ttlTerm)', which is unknown; \(accepted)")
        }
        switch PythonText.unwrapped(found) {
        case nil: return nil
        case let ttl as TimeToLive: return ttl
        case let duration as Duration: return .duration(duration)
        case let seconds as any BinaryInteger: return .seconds(Int(clamping: seconds))
        // As Python's `int` reads them; a fraction is cut off.
        case let seconds as Double where seconds.isFinite: return .seconds(seconds.rounded(.towardZero))
        case let seconds as Float where seconds.isFinite: return .seconds(Double(seconds).rounded(.towardZero))
        case let text as String:
            if let seconds = Int(text[...].trimmed) { return .seconds(seconds) }
        default: break
        }
        throw self.error("has a ttl, '\(self.tag.ttlTerm)', that is no number; \(accepted)")
    }

    private func cache(_ context: Context, _ caches: Caches) throws -> Cache {
        do {
            guard let using = self.tag.using else { return try caches.fragments }
            guard let name = PythonText.unwrapped(try using.resolve(context)) as? String else {
                throw self.error(
                    "has a 'using=' that is no text; accepted is a cache's name, in quotes or in a variable"
                )
            }
            return try caches[name]
        } catch let error as CacheError {
            throw self.error("cannot be kept: \(error.message)")
        }
    }

    private func tags(_ context: Context) throws -> [String] {
        guard let term = self.tag.tags else { return [] }
        switch PythonText.unwrapped(try term.resolve(context)) {
        case let text as String:
            return text.split(separator: ",").map { String($0.trimmed) }.filter { !$0.isEmpty }
        case let tags as [String]: return tags
        case let tags as [Any]:
            let texts = tags.compactMap { $0 as? String }
            if texts.count == tags.count { return texts }
        default: break
        }
        throw self.error("has a 'tags=' that is no text; accepted are tags with commas between them, or a list of them")
    }
}

extension Substring {
    /// The text without the spaces around it.
    fileprivate var trimmed: Substring {
        var text = self.drop(while: \.isWhitespace)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
