import Larder
import Stencil
import Synchronization

/// One rendering of a page by Stencil, from its beginning, with what is known of its fragments and values by now.
///
/// A fragment that is not known yet leaves a mark in the text, digits that nobody can have foreseen. No such text is ever shown or
/// stored: a page with marks is rendered again when their fragments are known. That way a fragment may stand anywhere, in a
/// filter or in a block that is shown twice, and a filter sees the fragment itself. The marks only tell which other
/// text was made of unknown fragments; hardly a filter changes digits.
///
/// Not Sendable by itself, and said to be: a task-local value has to be. It is made, used and left on its page's actor, within
/// one synchronous call.
final class RenderPass: @unchecked Sendable {
    /// The pass that is under way in this task.
    @TaskLocal static var current: RenderPass?

    /// A value is not made yet; the scope knows which.
    private struct ValueIsMissing: Error {}

    private let caches: Caches
    private let environment: Environment
    /// The names of the page's context.
    private let names: Set<String>
    /// What all marks of this pass begin with.
    private let markPrefix: String
    private var hasMarks = false
    private var scope: FragmentScope

    init(of page: FragmentScope, _ names: Set<String>, _ caches: Caches, _ environment: Environment) {
        self.names = names
        self.scope = page
        self.caches = caches
        self.environment = environment
        let mark = LeaseToken.random()
        self.markPrefix = "\(mark.high)0\(mark.low)"
    }

    /// Renders a scope, and keeps with it what became of that.
    func run(_ inner: FragmentScope, _ render: () throws -> String) {
        let outer = self.scope
        self.scope = inner
        defer { self.scope = outer }
        inner.beginPass()
        inner.endPass(Result { try render() })
    }

    // MARK: Fragments

    /// What stands in the place of a tag.
    func render(_ node: CacheNode, _ context: Context) throws -> String {
        // Stencil takes a name that has no value for one that is not there.
        let request = try node.request(context, self.caches) { self.names.contains($0) }
        try self.checkValues()
        // Nobody knows yet which fragment this is.
        if request.varyTexts.contains(where: self.heed) { return self.mark(of: self.scope) }
        let id = request.id
        if self.scope.isRenderedInPlace(id) { return try Self.body(of: node, context) }
        if let inner = self.scope.inner[id], inner.needsPass { self.render(node, inner, context) }
        if let text = self.scope.texts[id] { return text }
        if case .finished(let text)? = self.scope.inner[id]?.outcome { return text }
        self.scope.need(request)
        self.hasMarks = true
        return self.mark(of: self.scope)
    }

    /// Renders the inside of a fragment that is being made, for whoever makes it.
    private func render(_ node: CacheNode, _ inner: FragmentScope, _ context: Context) {
        self.run(inner) {
            guard self.hasMarks else { return try Self.body(of: node, context) }
            self.heedKeptTexts(in: context)
            // Blocks keep their text (`{{ block.title }}`, `{{ block.super }}`) whether anybody wants it or not.
            guard let texts = context["block"] as? [String: Any] else { return try Self.body(of: node, context) }
            return try context.push(dictionary: ["block": KeptTexts(texts)]) { try Self.body(of: node, context) }
        }
    }

    private static func body(of node: CacheNode, _ context: Context) throws -> String {
        let text = try renderNodes(node.body, context)
        // Stencil's own names for a loop that is being left. From the cache, the fragment could not end it.
        if context["_internal_forloop_break"] != nil || context["_internal_forloop_continue"] != nil {
            throw TemplateSyntaxError(
                reason: "'break' and 'continue' cannot end a loop around the 'cache' tag that they stand in",
                token: node.token
            )
        }
        return text
    }

    // MARK: Marks

    private func mark(of scope: FragmentScope) -> String {
        let number = String(scope.id.number)
        return self.markPrefix + String(repeating: "0", count: max(0, 10 - number.count)) + number
    }

    /// Notes that the scope that is being rendered, and those around it as far as to the one that left the mark, use a text
    /// if there is a mark in it.
    ///
    /// - Returns: Whether there is.
    @discardableResult
    func heed(_ text: String) -> Bool {
        guard self.hasMarks, text.contains(self.markPrefix) else { return false }
        var scope = self.scope
        while let outer = scope.outer, !text.contains(self.mark(of: scope)) {
            scope.cutOff()
            scope = outer
        }
        self.scope.leaveIncomplete()
        return true
    }

    /// Heeds what extensions have kept of text that was rendered earlier in this pass, as those do that have a tag for it.
    private func heedKeptTexts(in context: Context) {
        for (name, value) in context.flatten() where name != "block" {
            switch value {
            case let text as String: self.heed(text)
            case let texts as [String: String]: for text in texts.values { self.heed(text) }
            default: break
            }
        }
    }

    // MARK: Values

    /// A value as it was made for the scope that is being rendered.
    ///
    /// - Throws: Where it is not made yet; the pass goes no further in this scope then.
    func value(of lazy: LazyValue) throws -> Any? {
        try self.checkValues()
        guard let value = self.knownValue(of: lazy) else { throw ValueIsMissing() }
        return value
    }

    /// A member of a value, looked up as Stencil does; `nil` where there is none, or no value yet.
    func member(_ member: String, of lazy: LazyValue) -> Any? {
        guard self.scope.neededValue == nil, let value = self.knownValue(of: lazy), let value else { return nil }
        do {
            let context = Context(dictionary: ["value": value, "member": member], environment: self.environment)
            return try Variable("value[member]").resolve(context)
        } catch {
            self.scope.fail(error)
            return nil
        }
    }

    private func knownValue(of lazy: LazyValue) -> Any?? {
        guard let known = self.scope.values[ObjectIdentifier(lazy)] else {
            self.scope.need(lazy)
            return nil
        }
        let value = known.value
        if let next = value as? LazyValue { return self.knownValue(of: next) }
        return .some(PythonText.unwrapped(value))
    }

    /// Goes no further where a value is missing: what would follow from it is not known.
    private func checkValues() throws {
        if self.scope.neededValue != nil { throw ValueIsMissing() }
    }
}

/// Texts of blocks, for the inside of a fragment: whether it uses one that has a mark is heeded.
private struct KeptTexts: DynamicMemberLookup {
    private let texts: [String: Any]

    init(_ texts: [String: Any]) {
        self.texts = texts
    }

    subscript(dynamicMember member: String) -> Any? {
        let value = self.texts[member]
        if let text = value as? String { RenderPass.current?.heed(text) }
        return value
    }
}
