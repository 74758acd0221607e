import Stencil

/// What a `{% cache %}` tag says, as Django's does:
/// `{% cache <ttl> <name> [variable ...] [using="cache"] [tags="tag,tag"] %}`.
///
/// `tags=` is an addition of ours; and where Django takes what it does not know for a variable, this says so.
struct CacheTag {
    /// How long the fragment stays fresh.
    let ttl: any Resolvable
    /// The term of ``ttl``, for errors.
    let ttlTerm: String
    /// The fragment's name.
    let name: String
    /// What the fragment varies on.
    let vary: [(term: String, value: any Resolvable)]
    /// The name of the cache that the fragment is kept in; `nil`, the cache for fragments.
    let using: (any Resolvable)?
    /// What the fragment depends on.
    let tags: (any Resolvable)?

    private static let form = #"{% cache <ttl> <name> [variable ...] [using="cache"] [tags="tag,tag"] %}"#

    /// Reads the tag and everything up to its end.
    ///
    /// - Throws: `TemplateSyntaxError`.
    static func parse(_ parser: TokenParser, _ token: Token) throws -> any NodeType {
        let tag = try CacheTag(parser, token)
        let body = try parser.parse(until(["endcache"]))
        guard let end = parser.nextToken() else {
            throw Self.error("has no {% endcache %}", token)
        }
        guard end.components.count == 1 else {
            throw TemplateSyntaxError(reason: "an 'endcache' tag takes nothing: {% endcache %}", token: end)
        }
        return CacheNode(tag: tag, body: body, token: token)
    }

    private init(_ parser: TokenParser, _ token: Token) throws {
        var terms = token.components
        guard terms.first == "cache" else {
            throw Self.error("takes no label", token)
        }
        terms.removeFirst()
        guard terms.count >= 2 else {
            throw Self.error("needs at least a ttl and a name", token)
        }
        self.ttlTerm = terms[0]
        self.ttl = try Self.value(terms[0], parser, token)
        if let option = Self.option(in: terms[0]) {
            throw Self.error("begins with its ttl, and this one with '\(option.name)='", token)
        }
        if let option = Self.option(in: terms[1]) {
            throw Self.error("has no name before '\(option.name)='", token)
        }
        self.name = terms[1]
        var vary: [(String, any Resolvable)] = []
        var options: [String: any Resolvable] = [:]
        for term in terms.dropFirst(2) {
            guard let option = Self.option(in: term) else {
                guard options.isEmpty else {
                    throw Self.error("has the variable '\(term)' behind an option; options come last", token)
                }
                vary.append((term, try Self.value(term, parser, token)))
                continue
            }
            guard ["using", "tags"].contains(option.name) else {
                throw Self.error("has an unknown option '\(option.name)='", token)
            }
            guard options[option.name] == nil else {
                throw Self.error("has '\(option.name)=' twice", token)
            }
            guard !option.value.isEmpty else {
                throw Self.error("has nothing after '\(option.name)='", token)
            }
            options[option.name] = try Self.value(option.value, parser, token)
        }
        self.vary = vary
        self.using = options["using"]
        self.tags = options["tags"]
    }

    /// The error of a tag that is written in a wrong way.
    static func error(_ fault: String, _ token: Token?) -> TemplateSyntaxError {
        TemplateSyntaxError(reason: "a 'cache' tag \(fault). It is written \(Self.form)", token: token)
    }

    /// An option and its value; `nil` where the term is none: an equals sign within quotes is text.
    private static func option(in term: String) -> (name: String, value: String)? {
        guard let mark = term.firstIndex(where: { "='\"".contains($0) }), term[mark] == "=" else { return nil }
        return (String(term[..<mark]), String(term[term.index(after: mark)...]))
    }

    /// A variable with its filters, or a literal; those of Python too.
    private static func value(_ term: String, _ parser: TokenParser, _ token: Token) throws -> any Resolvable {
        switch term {
        case "None": PythonLiteral.none
        case "True": PythonLiteral.true
        case "False": PythonLiteral.false
        default: try parser.compileFilter(term, containedIn: token)
        }
    }
}

/// The literals that Django's templates know and Stencil's do not.
enum PythonLiteral: Resolvable {
    case none
    case `true`
    case `false`

    func resolve(_ context: Context) throws -> Any? {
        switch self {
        case .none: Bool?.none as Any
        case .true: true
        case .false: false
        }
    }
}
