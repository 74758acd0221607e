import ArgumentParser
import Larder
import LarderRedis
import LarderRedisClient
import LarderStencil
import LarderTesting
import Stencil

/// Measures pages of cached template fragments beside Stencil, which renders them.
struct FragmentsBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fragments",
        abstract: "Pages of cached template fragments, beside rendering them.",
        discussion: """
            fragments.page is a template with 50 fragments, each a loop over 100 rows through two filters, all of which are \
            in the store; the peer is Stencil, which renders the same template without cache tags, alternating in the same \
            run. template says whether the fragments stand in a loop or are written out, which is more to parse.
            """
    )

    @Option(help: ArgumentHelp("How often each measurement is repeated; the median is printed.", valueName: "count"))
    var runs = 5

    func validate() throws {
        guard self.runs > 0 else { throw ValidationError("--runs must be at least 1") }
    }

    func run() async throws {
        try await withRedisServer { server in
            let client = try RedisClient(url: server.url)
            do {
                for template in FragmentTemplate.allCases {
                    try await self.measure(template, "memory", Cache(.memory(entries: 1_000)))
                    let namespace = try CacheNamespace("fragments-\(template)")
                    try await self.measure(template, "redis", Cache(.redis(client), namespace: namespace))
                }
                await client.shutdown()
            } catch {
                await client.shutdown()
                throw error
            }
        }
    }

    private func measure(_ template: FragmentTemplate, _ store: String, _ cache: Cache) async throws {
        progress("fragments: \(template), \(store)")
        let environment = Environment()
        let renderer = FragmentRenderer(environment: environment, cache: cache)
        let context = FragmentTemplate.context
        let page = try await renderer.render(templateString: template.cached, context: context)
        var ours: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<self.runs {
            let start = ContinuousClock.now
            let cached = try await renderer.render(templateString: template.cached, context: context)
            let middle = ContinuousClock.now
            let rendered = try environment.renderTemplate(string: template.plain, context: context)
            theirs.append(middle.duration(to: .now).nanoseconds)
            ours.append(start.duration(to: middle).nanoseconds)
            precondition(cached == page && rendered == page)
        }
        var line = BenchLine("fragments.page")
        line.set("store", store)
        line.set("template", "\(template)")
        line.set("fragments", FragmentTemplate.fragments)
        line.set("value_bytes", page.utf8.count / FragmentTemplate.fragments)
        line.set("ms_per_page", median(ours) / 1e6)
        line.set("ops_per_s", 1e9 / median(ours))
        line.setPeer("Stencil", operationsPerSecond: 1e9 / median(theirs), ours: 1e9 / median(ours))
        line.print()
    }
}

/// A page of fifty shelves, with its fragments in a loop or written out.
private enum FragmentTemplate: String, CaseIterable {
    case looped
    case written

    static let fragments = 50

    private static let shelf = #"{% for book in books %}<li>{{ book.title|uppercase|default:"none" }}</li>{% endfor %}"#

    var cached: String {
        switch self {
        case .looped: "{% for shelf in shelves %}{% cache 300 shelf shelf %}\(Self.shelf){% endcache %}{% endfor %}"
        case .written: Self.written { "{% cache 300 shelf \($0) %}\(Self.shelf){% endcache %}" }
        }
    }

    var plain: String {
        switch self {
        case .looped: "{% for shelf in shelves %}\(Self.shelf){% endfor %}"
        case .written: Self.written { _ in Self.shelf }
        }
    }

    private static func written(_ shelf: (Int) -> String) -> String {
        (1...Self.fragments).map { "<h2>\($0)</h2>\(shelf($0))" }.joined(separator: "\n")
    }

    struct Book: Sendable {
        var title: String
    }

    static var context: [String: any Sendable] {
        ["shelves": Array(1...Self.fragments), "books": (1...100).map { Book(title: "Book number \($0)") }]
    }
}
