import Larder
import Stencil

/// One page that is being rendered.
///
/// Stencil renders in one go, and caches have to be waited for. So the page is rendered several times: a pass stops where
/// something is missing, that is brought, and the next pass goes on with it. What is brought is known to a ``FragmentScope``.
/// With all fragments cached there are two passes, the first of which only finds out which fragments are wanted.
///
/// A missing fragment is rendered by a fill of its own, which `fetchMany` runs under the fragment's lease. It too makes passes over the
/// whole page, because only there the fragment finds what is around it: loops, blocks of a template that it extends,
/// an included file's context. The rest of the page costs little then; its fragments are not rendered. Fills that wait at the same
/// time share a pass. Whether a page needs another pass is for whoever makes the scope to ask, by ``text(of:)``.
///
/// An actor, because Stencil's templates and contexts can only be used by one thread at a time, and fills have tasks of their own.
actor Page {
    private let environment: SharedEnvironment
    private let caches: Caches
    private let context: [String: any Sendable]
    private let source: TemplateSource
    private var nodes: [any NodeType]?
    private var scopes: [FragmentScope.ID: FragmentScope]
    private let page: FragmentScope
    private var nextNumber = 1

    init(
        _ source: TemplateSource,
        _ context: [String: any Sendable],
        _ environment: SharedEnvironment,
        _ caches: Caches
    ) {
        self.source = source
        self.context = context
        self.environment = environment
        self.caches = caches
        self.page = FragmentScope(.page, of: nil, in: nil)
        self.scopes = [.page: self.page]
    }

    // MARK: Passes

    /// What a scope needs next.
    enum Step: Sendable {
        case finished(String)
        case value(LazyValue)
        case fragments([FragmentRequest])
        case unreached
    }

    /// What a scope needs next, by a pass over the page if there was none since it last got something.
    ///
    /// - Throws: What rendering has thrown.
    func step(_ id: FragmentScope.ID) throws -> Step {
        guard let scope = self.scopes[id] else { return .unreached }
        if scope.outcome == nil { try self.pass() }
        switch scope.outcome {
        case .finished(let text): return .finished(text)
        case .value(let value): return .value(value)
        case .fragments(let requests): return .fragments(requests)
        case .failed(let error): throw error
        case .unreached, nil:
            scope.outcome = .unreached
            return .unreached
        }
    }

    private func pass() throws {
        let environment = self.environment.environment
        let nodes = try self.parsed(environment)
        let pass = RenderPass(of: self.page, Set(self.context.keys), self.caches, environment)
        let context = Context(dictionary: self.context, environment: environment)
        RenderPass.$current.withValue(pass) {
            pass.run(self.page) { try renderNodes(nodes, context) }
        }
    }

    private func parsed(_ environment: Environment) throws -> [any NodeType] {
        if let nodes = self.nodes { return nodes }
        let template =
            switch self.source {
            case .name(let name): try environment.loadTemplate(name: name)
            case .text(let text):
                environment.templateClass.init(templateString: text, environment: environment, name: nil)
            }
        let nodes = try TokenParser(tokens: template.tokens, environment: environment).parse()
        self.nodes = nodes
        return nodes
    }

    // MARK: What scopes get

    func keep(_ value: (any Sendable)?, of lazy: LazyValue, in id: FragmentScope.ID) {
        guard let scope = self.scopes[id] else { return }
        scope.values[ObjectIdentifier(lazy)] = (lazy, value)
        scope.outcome = nil
    }

    func keep(_ texts: [FragmentID: String], of requests: [FragmentRequest], in id: FragmentScope.ID) {
        self.scopes[id]?.keep(texts, of: requests)
    }

    /// From now on, what is unknown in a scope is rendered in place.
    func renderInPlace(_ id: FragmentScope.ID) {
        guard let scope = self.scopes[id] else { return }
        scope.isInPlace = true
        scope.outcome = nil
    }

    /// Begins to make a fragment: the next pass that comes by renders its inside.
    func begin(_ fragment: FragmentID, in outer: FragmentScope.ID) -> FragmentScope.ID? {
        guard let outer = self.scopes[outer] else { return nil }
        let id = FragmentScope.ID(number: self.nextNumber)
        self.nextNumber += 1
        let scope = FragmentScope(id, of: fragment, in: outer)
        outer.inner[fragment] = scope
        self.scopes[id] = scope
        return id
    }

    func end(_ id: FragmentScope.ID) {
        guard let scope = self.scopes.removeValue(forKey: id), let fragment = scope.fragment else { return }
        scope.outer?.end(scope, of: fragment)
    }
}

/// Where a template comes from.
enum TemplateSource: Sendable {
    case name(String)
    case text(String)
}
