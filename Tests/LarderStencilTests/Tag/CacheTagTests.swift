import Foundation
import Larder
import LarderStencil
import LarderTesting
import Stencil
import Testing

/// The tag's grammar is Django's, and what is wrong is said.
@Suite struct CacheTagTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        let tag: String
        let says: String
        var testDescription: String { self.tag }
    }

    static let faults: [Fault] = [
        .init(tag: "{% cache %}x{% endcache %}", says: "needs at least a ttl and a name"),
        .init(tag: "{% cache 300 %}x{% endcache %}", says: "needs at least a ttl and a name"),
        .init(tag: "{% cache 300 using=\"default\" %}x{% endcache %}", says: "has no name before 'using='"),
        .init(tag: "{% cache using=\"default\" x %}x{% endcache %}", says: "begins with its ttl"),
        .init(tag: "{% cache 300 x using=\"default\" user %}x{% endcache %}", says: "'user' behind an option"),
        .init(tag: "{% cache 300 x using=\"a\" using=\"b\" %}x{% endcache %}", says: "'using=' twice"),
        .init(tag: "{% cache 300 x tags= %}x{% endcache %}", says: "nothing after 'tags='"),
        .init(tag: "{% cache 300 x vary=user %}x{% endcache %}", says: "unknown option 'vary='"),
        .init(tag: "{% cache 300 x user|nosuch %}x{% endcache %}", says: "Unknown filter 'nosuch'"),
        .init(tag: "{% cache 300 x %}x", says: "has no {% endcache %}"),
        .init(tag: "{% cache 300 x %}x{% endcache x %}", says: "{% endcache %}"),
        .init(tag: "{% cache 5m x %}x{% endcache %}", says: "the ttl '5m', which is unknown"),
        .init(tag: "{% cache nothing x %}x{% endcache %}", says: "a whole number of seconds, or None for ever"),
        .init(tag: "{% cache \"soon\" x %}x{% endcache %}", says: "that is no number"),
        .init(tag: "{% cache words x %}x{% endcache %}", says: "that is no number"),
        .init(tag: "{% cache 300 x using=\"nowhere\" %}x{% endcache %}", says: "no cache named \"nowhere\""),
        .init(tag: "{% cache 300 x using=nothing %}x{% endcache %}", says: "'using=' that is no text"),
        .init(tag: "{% cache 300 x tags=nothing %}x{% endcache %}", says: "'tags=' that is no text"),
        .init(tag: "{% cache 300 x tags=words %}x{% endcache %}", says: "tags of the fragment 'x'"),
        .init(tag: "{% cache 300 x person %}x{% endcache %}", says: "varies on 'person', a Person"),
        .init(tag: "{% for i in 1...3 %}{% cache 300 x i %}{% break %}{% endcache %}{% endfor %}", says: "'break'"),
        .init(
            tag: "{% for i in 1...3 %}{% cache 300 x i %}{% continue %}{% endcache %}{% endfor %}",
            says: "'continue'"
        ),
    ]

    struct Person: Sendable {
        var name = "Ada"
    }

    static var context: [String: any Sendable] {
        ["words": ["a", "b\u{7}"], "person": Person(), "user": 1]
    }

    @Test(arguments: Self.faults) func faultIsNamed(_ fault: Fault) async throws {
        let error = await #expect(throws: TemplateSyntaxError.self) {
            try await Kitchen().serve(fault.tag, Self.context)
        }
        #expect(error?.reason.contains(fault.says) == true, "\(error?.reason ?? "")")
    }

    @Test func faultCarriesItsPlaceInTheTemplate() async throws {
        let kitchen = Kitchen(["page": "one\n{% include \"part\" %}", "part": "two\n\n{% cache 5m x %}{% endcache %}"])
        let error = await #expect(throws: TemplateSyntaxError.self) { try await kitchen.page() }
        #expect((error?.token ?? error?.stackTrace.first)?.sourceMap.location.lineNumber ?? 0 > 0)
        #expect(error?.reason.contains("It is written {% cache <ttl> <name>") == true)
    }

    /// Everything that is accepted, with the vary-on values whose key it has.
    static let forms: [(tag: String, vary: [String])] = [
        ("{% cache 300 x %}", []),
        ("{% cache 300 x user %}", ["1"]),
        ("{% cache 300 x user.missing %}", ["None"]),
        ("{% cache 300 x None True False true false %}", ["None", "True", "False", "True", "False"]),
        ("{% cache 300 x \"a b\" 'c' 1.5 -3 %}", ["a b", "c", "1.5", "-3"]),
        ("{% cache 300 x name|uppercase|default:\"a=b\" %}", ["EMMA"]),
        ("{% cache 300 x nothing|default:\"a=b\" user %}", ["a=b", "1"]),
        ("{% cache 300 x shop.name list %}", ["Corner", "[1, 'two']"]),
        ("{% cache 300 x user using=\"default\" %}", ["1"]),
        ("{% cache 300 x user using=where tags=\"a, b:1,\" %}", ["1"]),
        ("{% cache 300 x tags=tags using=\"default\" %}", []),
        ("{% cache None x %}", []),
        ("{% cache forever x %}", []),
        ("{% cache seconds x %}", []),
        ("{% cache text x %}", []),
        ("{% cache half x %}", []),
        ("{% cache lasting x %}", []),
        ("{% cache nothing|default:60 x %}", []),
        ("{%- cache 300 x -%}", []),
    ]

    @Test(arguments: Self.forms.indices) func formIsUnderstood(_ index: Int) async throws {
        let form = Self.forms[index]
        let kitchen = Kitchen()
        let shop: [String: any Sendable] = ["name": "Corner"]
        let list: [any Sendable] = [1, "two"]
        let context: [String: any Sendable] = [
            "user": 1, "name": "Emma", "shop": shop, "list": list, "where": "default", "tags": ["a", "b"],
            "forever": Int?.none, "seconds": 60, "text": " 60 ", "half": 60.5, "lasting": Duration.seconds(60),
        ]
        for _ in 0..<2 {
            #expect(try await kitchen.serve("\(form.tag){{ \"x\"|made }}{% endcache %}", context) == "x")
        }
        #expect(kitchen.made["x"] == 1)
        #expect(try await kitchen.caches.fragments.get(.fragment("x", vary: form.vary)) == "x")
    }

    @Test(arguments: [("0", 0), ("-5", 0), ("300", 300), ("None", -1), ("later", 7)])
    func fragmentLivesForItsTTL(_ ttl: String, _ seconds: Int) async throws {
        let clock = ManualClock()
        let store = MemoryStore(limit: .entries(100), clock: CacheClock(clock))
        let kitchen = Kitchen(cache: Cache(store, clock: CacheClock(clock)))
        let template = "{% cache \(ttl) x %}{{ \"x\"|made }}{% endcache %}"
        let context: [String: any Sendable] = ["later": 7]
        _ = try await kitchen.serve(template, context)
        let left = try await kitchen.caches.fragments.ttl(of: CacheKey<String>.fragment("x"))
        switch seconds {
        case 0: #expect(left == nil)
        case -1: #expect(left == .forever)
        default:
            #expect(left == .remaining(.seconds(seconds)))
            clock.advance(by: .seconds(seconds) - .milliseconds(1))
            _ = try await kitchen.serve(template, context)
            #expect(kitchen.made["x"] == 1)
            clock.advance(by: .milliseconds(1))
            _ = try await kitchen.serve(template, context)
            #expect(kitchen.made["x"] == 2)
        }
    }

    @Test func fragmentsHaveTheirOwnTTLs() async throws {
        let kitchen = Kitchen()
        let template = "{% cache 300 x %}x{% endcache %}{% cache None y %}y{% endcache %}{% cache 0 z %}z{% endcache %}"
        #expect(try await kitchen.serve(template) == "xyz")
        let cache = try kitchen.caches.fragments
        let left = try #require(try await cache.ttl(of: CacheKey<String>.fragment("x"))?.duration)
        #expect(left > .seconds(200) && left <= .seconds(300))
        #expect(try await cache.ttl(of: CacheKey<String>.fragment("y")) == .forever)
        #expect(try await cache.ttl(of: CacheKey<String>.fragment("z")) == nil)
    }

    @Test func stencilsOwnFunctionsRefuseTheTag() {
        let environment = Environment(extensions: [FragmentCacheExtension()])
        let template = "{% cache 300 x %}x{% endcache %}"
        let error = #expect(throws: TemplateSyntaxError.self) { try environment.renderTemplate(string: template) }
        #expect(error?.reason.contains("FragmentRenderer") == true)
        let lazy = LazyValue { 1 }
        let other = #expect(throws: TemplateSyntaxError.self) {
            try environment.renderTemplate(string: "{{ x }}", context: ["x": lazy])
        }
        #expect(other?.reason.contains("FragmentRenderer") == true)
    }

    @Test func environmentRendersByItself() async throws {
        let environment = Environment(
            loader: DictionaryLoader(templates: ["page": "{% cache 9 x %}{{ n }}{% endcache %}"])
        )
        let caches = Caches(["default": Cache(.memory(entries: 10))])
        #expect(try await environment.renderCached(templateNamed: "page", context: ["n": 1], caches: caches) == "1")
        #expect(try await environment.renderCached(templateNamed: "page", context: ["n": 2], caches: caches) == "1")
        let text = try await environment.renderCached(templateString: "{{ n }}", context: ["n": 3], caches: caches)
        #expect(text == "3")
        await #expect(throws: TemplateDoesNotExist.self) {
            try await environment.renderCached(templateNamed: "nowhere", caches: caches)
        }
    }
}
