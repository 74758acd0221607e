import Larder
import LarderStencil
import Stencil
import Testing

@testable import Bookshop

@Suite struct TemplateContextTests {
    private struct Inner: Sendable {
        let text: String
        let nothing: String?
    }

    private struct Model: Sendable {
        let text = "<&>"
        let number = 0
        let part = 0.5
        let isSo = false
        let markup = Markup("<b>&amp;</b>")
        let nothing: String? = nil
        let deepNothing: String?? = .some(nil)
        let deep: String?? = "'"
        let texts = ["\"", "b"]
        let inner = Inner(text: "<", nothing: nil)
        let inners: [Inner?] = [Inner(text: ">", nothing: "&"), nil]
    }

    @Test func everyTextIsEscapedHoweverDeepItIs() throws {
        let context = try TemplateContext.of(Model())
        #expect(
            context.keys.sorted() == [
                "deep", "inner", "inners", "isSo", "markup", "number", "part", "text", "texts",
            ]
        )
        #expect(context["text"] as? String == "&lt;&amp;&gt;")
        #expect(context["deep"] as? String == "&#39;")
        #expect(
            context["number"] as? Int == 0 && context["part"] as? Double == 0.5 && context["isSo"] as? Bool == false
        )
        #expect(context["markup"] as? String == "<b>&amp;</b>")
        #expect(context["texts"] as? [String] == ["&quot;", "b"])
        #expect(context["inner"] as? [String: String] == ["text": "&lt;"])
        #expect(context["inners"] as? [[String: String]] == [["text": "&gt;", "nothing": "&amp;"]])
    }

    @Test func laterTextsAreEscapedToo() async throws {
        struct Model: Sendable {
            let text = Later { "<" }
            let inner = Later { Inner(text: "<", nothing: nil) }
            let twice = Later { Later { ["<"] } }
            let nothing = Later { nil }
        }
        let cache = Cache(MemoryStore(limit: .entries(10)), namespace: "test")
        let template = "{{ text }} {{ inner.text }} {{ twice.0 }} [{{ nothing }}{% if nothing %}no{% endif %}]"
        let text = try await FragmentRenderer(environment: .init(), cache: cache)
            .render(templateString: template, context: TemplateContext.of(Model()))
        #expect(text == "&lt; &lt; &lt; []")
    }

    @Test func whatIsNotKnownIsRefused() {
        enum Kind: String { case one }
        final class Object: Sendable {}
        struct WithEnum: Sendable { let kind = Kind.one }
        struct WithObject: Sendable { let object = Object() }
        struct WithClosure: Sendable { let text: @Sendable () -> String = { "<" } }
        struct WithLazyValue: Sendable { let text = LazyValue { "<" } }
        struct WithDictionary: Sendable { let texts = ["<": "<"] }
        struct WithSubstring: Sendable { let text = "<<".dropFirst() }
        struct WithCharacter: Sendable { let text: Character = "<" }
        struct WithCount: Sendable { let count = 1 }
        let models: [any Sendable] = [
            WithEnum(), WithObject(), WithClosure(), WithLazyValue(), WithDictionary(), WithSubstring(),
            WithCharacter(), WithCount(), "<", ["<"], Kind.one,
        ]
        for model in models {
            #expect(throws: TemplateContext.Unshowable.self, "\(type(of: model))") { try TemplateContext.of(model) }
        }
    }
}
