import Larder
import LarderStencil
import Stencil
import Synchronization

/// Templates, caches, and a count of what was rendered.
///
/// `{{ "name"|made }}` shows the name, and counts that it was rendered.
struct Kitchen: Sendable {
    let made = Tally()
    let caches: Caches
    let renderer: FragmentRenderer

    init(_ templates: [String: String] = [:], caches: Caches) {
        let tags = Extension()
        tags.registerFilter("made") { [made = self.made] value in
            if let name = value as? String { made.add(name) }
            return value
        }
        tags.registerFilter("exclaimed") { value in value.map { "\($0)!" } }
        tags.registerFilter("halved") { value in (value as? String).map { String($0.prefix($0.count / 2)) } }
        tags.registerFilter("refused") { value in throw Refusal(value: value as? String) }
        tags.registerTag("capture") { parser, token in
            let nodes = try parser.parse(until(["endcapture"]))
            _ = parser.nextToken()
            return CaptureNode(name: token.components[1], nodes: nodes, token: token)
        }
        let environment = Environment(loader: DictionaryLoader(templates: templates), extensions: [tags])
        self.caches = caches
        self.renderer = FragmentRenderer(environment: environment, caches: caches)
    }

    init(_ templates: [String: String] = [:], cache: Cache) {
        self.init(templates, caches: Caches(["default": cache]))
    }

    init(_ templates: [String: String] = [:]) {
        self.init(templates, cache: Cache(.memory(entries: 1_000)))
    }

    /// Renders a template that is given as text.
    func serve(_ template: String, _ context: [String: any Sendable] = [:]) async throws -> String {
        try await self.renderer.render(templateString: template, context: context)
    }

    /// Renders the template `page`.
    func page(_ context: [String: any Sendable] = [:]) async throws -> String {
        try await self.renderer.render(templateNamed: "page", context: context)
    }
}

/// The error of the filter `refused`.
struct Refusal: Error {
    let value: String?
}

/// Keeps the text of its inside under a name, as extensions of Stencil do.
private final class CaptureNode: NodeType {
    let token: Token?
    private let name: String
    private let nodes: [any NodeType]

    init(name: String, nodes: [any NodeType], token: Token) {
        self.name = name
        self.nodes = nodes
        self.token = token
    }

    func render(_ context: Context) throws -> String {
        context[self.name] = try renderNodes(self.nodes, context)
        return ""
    }
}

/// Counts by name, across tasks.
final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    var all: [String: Int] { self.counts.withLock { $0 } }

    subscript(name: String) -> Int { self.counts.withLock { $0[name] ?? 0 } }

    func add(_ name: String) {
        self.counts.withLock { $0[name, default: 0] += 1 }
    }
}

/// A row of a database.
struct Book: Sendable, Codable {
    var id: Int
    var title: String
}

/// A database that counts what is asked of it.
final class Database: Sendable {
    let asked = Tally()
    private let books = Mutex<[Int: String]>([1: "Emma", 2: "Persuasion"])

    func all() -> [Book] {
        self.asked.add("all")
        return self.books.withLock { $0.map { Book(id: $0, title: $1) }.sorted { $0.id < $1.id } }
    }

    func title(of id: Int) -> String? {
        self.asked.add("title \(id)")
        return self.books.withLock { $0[id] }
    }

    func rename(_ id: Int, _ title: String) {
        self.books.withLock { $0[id] = title }
    }
}
