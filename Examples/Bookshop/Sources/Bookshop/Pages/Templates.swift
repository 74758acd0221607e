import Foundation
import LarderStencil
import Stencil

/// The templates in `Resources/templates`, read and taken apart once.
///
/// Several pages are rendered at the same time, of the same templates. Stencil's templates do not change while they are used,
/// but for the words of their tags, which are split when first asked for. All have been asked for here, so that from then on
/// templates are only read.
struct Templates: Loader {
    /// A template is missing, or the resources were not installed along with the program.
    struct Missing: Error, CustomStringConvertible {
        let name: String
        var description: String { "there is no template \(self.name)" }
    }

    static let names = [
        "account", "analytics", "bar-chart", "book", "books", "books-list", "counter-group", "error", "layout",
        "leaderboard", "limit", "search", "shelf", "shelves", "sidebar", "stats",
    ]

    private let templates: [String: Template]

    /// Reads the templates.
    ///
    /// - Throws: ``Missing``; `TemplateSyntaxError` for a template that is written in a wrong way.
    init() throws {
        let environment = Environment(extensions: [FragmentCacheExtension()])
        var templates: [String: Template] = [:]
        for name in Self.names.map({ $0 + ".html" }) {
            guard let url = Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "templates")
            else { throw Missing(name: name) }
            let text = try String(contentsOf: url, encoding: .utf8)
            let template = Template(templateString: text, environment: environment, name: name)
            for token in template.tokens { _ = token.components }
            // What is wrong with it shows now, and not to a visitor.
            _ = try TokenParser(tokens: template.tokens, environment: environment).parse()
            templates[name] = template
        }
        self.templates = templates
    }

    /// What `extends` and `include` ask for.
    func loadTemplate(name: String, environment: Environment) throws -> Template {
        guard let template = self.templates[name] else { throw Missing(name: name) }
        return template
    }
}

/// Not Sendable, as Stencil's templates are not; that they may be shared all the same is said above.
@available(*, unavailable)
extension Templates: Sendable {}
