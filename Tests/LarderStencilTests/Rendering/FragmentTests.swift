import Larder
import LarderStencil
import LarderTesting
import Stencil
import Testing

/// Where fragments may stand, and what they show.
@Suite struct FragmentTests {
    /// A template `page`, what it shows, and how often each part is rendered in three renders.
    struct Place: Sendable, CustomTestStringConvertible {
        let what: String
        let templates: [String: String]
        let text: String
        let made: [String: Int]
        /// Those of them that are made that often at most, and at least once.
        var perhapsLess: Set<String> = []
        var testDescription: String { self.what }
    }

    static let places: [Place] = [
        .init(what: "no fragment", templates: ["page": "{{ \"a\"|made }}"], text: "a", made: ["a": 3]),
        .init(
            what: "two beside each other, with text around them",
            templates: [
                "page": "<{% cache 9 a %}{{ \"a\"|made }}{% endcache %}-{% cache 9 b %}{{ \"b\"|made }}{% endcache %}>"
            ],
            text: "<a-b>",
            made: ["a": 1, "b": 1]
        ),
        .init(
            what: "one fragment twice",
            templates: [
                "page": "{% include \"a\" %}{% include \"a\" %}", "a": "{% cache 9 a %}{{ \"a\"|made }}{% endcache %}",
            ],
            text: "aa",
            made: ["a": 1]
        ),
        .init(
            what: "in a loop",
            templates: [
                "page":
                    "{% for i in 1...3 %}{% cache 9 row i %}{{ \"row\"|made }}{{ i }}/{{ forloop.length }} {% endcache %}{% endfor %}"
            ],
            text: "row1/3 row2/3 row3/3 ",
            made: ["row": 3]
        ),
        .init(
            what: "around a loop that is left early",
            templates: [
                "page":
                    "{% cache 9 a %}{% for i in 1...3 %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% endfor %}{{ \"a\"|made }}{% endcache %}"
            ],
            text: "12a",
            made: ["a": 1]
        ),
        .init(
            what: "in a branch that is taken, and in one that is not",
            templates: [
                "page":
                    "{% if yes %}{% cache 9 a %}{{ \"a\"|made }}{% endcache %}{% else %}{% cache 9 b %}{{ \"b\"|made }}{% endcache %}{% endif %}"
            ],
            text: "a",
            made: ["a": 1]
        ),
        .init(
            what: "in an included file with a context of its own",
            templates: [
                "page": "{% include \"part\" shop %}",
                "part": "{% cache 9 a name %}{{ name }}{{ \"a\"|made }}{% endcache %}",
            ],
            text: "Cornera",
            made: ["a": 1]
        ),
        .init(
            what: "around an included file",
            templates: ["page": "{% cache 9 a %}{% include \"part\" %}{% endcache %}", "part": "{{ \"part\"|made }}"],
            text: "part",
            made: ["part": 1]
        ),
        .init(
            what: "in a block of a template that is extended, and in one that extends it",
            templates: [
                "page":
                    "{% extends \"base\" %}{% block body %}{% cache 9 body %}{{ \"body\"|made }}{% endcache %}{% endblock %}",
                "base":
                    "{% cache 9 head %}{{ \"head\"|made }}{% endcache %}|{% block body %}none{% endblock %}|{% block foot %}{% cache 9 foot %}{{ \"foot\"|made }}{% endcache %}{% endblock %}",
            ],
            text: "head|body|foot",
            made: ["head": 1, "body": 1, "foot": 1]
        ),
        .init(
            what: "around blocks that are overridden, with their own text",
            templates: [
                "page":
                    "{% extends \"base\" %}{% block a %}A{{ block.super }}{% endblock %}{% block b %}B{{ \"b\"|made }}{% endblock %}",
                "base":
                    "{% cache 9 x %}{% block a %}a{{ \"a\"|made }}{% endblock %}{% cache 9 y %}{% block b %}b{% endblock %}{% endcache %}{% endcache %}",
            ],
            text: "AaaBb",
            made: ["a": 2, "b": 1]
        ),
        .init(
            what: "three within each other",
            templates: [
                "page":
                    "{% cache 9 a %}a{{ \"a\"|made }}({% cache 9 b %}{{ \"b\"|made }}({% cache 9 c %}{{ \"c\"|made }}{% endcache %}){% endcache %}){% endcache %}"
            ],
            text: "aa(b(c))",
            made: ["a": 3, "b": 2, "c": 1]
        ),
        .init(
            what: "one within a loop of others",
            templates: [
                "page":
                    "{% for i in 1...2 %}{% cache 9 a i %}{{ i }}{% cache 9 b %}{{ \"b\"|made }}{% endcache %}{% endcache %}{% endfor %}"
            ],
            text: "1b2b",
            made: ["b": 1]
        ),
        .init(
            what: "one within itself",
            templates: ["page": "{% cache 9 a %}1{% cache 9 a %}{{ \"a\"|made }}{% endcache %}{% endcache %}"],
            text: "1a",
            made: ["a": 1]
        ),
        .init(
            what: "the text of a block with a fragment, within another fragment",
            templates: [
                "page":
                    "{% block t %}{% cache 9 t %}{{ \"t\"|made }}{% endcache %}{% endblock %}{% cache 9 a %}<{{ block.t|uppercase }}>{{ \"a\"|made }}{% endcache %}"
            ],
            text: "t<T>a",
            made: ["t": 1, "a": 2],
            // Both are filled at the same time; who shows the other one is rendered once more unless that is there by then.
            perhapsLess: ["a"]
        ),
        .init(
            what: "a kept text with a fragment, within another fragment",
            templates: [
                "page":
                    "{% capture t %}{% cache 9 t %}{{ \"t\"|made }}{% endcache %}{% endcapture %}{% cache 9 a %}<{{ t|uppercase }}>{{ \"a\"|made }}{% endcache %}"
            ],
            text: "<T>a",
            made: ["t": 1, "a": 2],
            // Both are filled at the same time; who shows the other one is rendered once more unless that is there by then.
            perhapsLess: ["a"]
        ),
        .init(
            what: "a fragment that varies on the text of another",
            templates: [
                "page":
                    "{% capture t %}{% cache 9 t %}{{ \"t\"|made }}{% endcache %}{% endcapture %}{% cache 9 a t %}{{ t }}{{ \"a\"|made }}{% endcache %}"
            ],
            text: "ta",
            made: ["t": 1, "a": 2],
            // Both are filled at the same time; who shows the other one is rendered once more unless that is there by then.
            perhapsLess: ["a"]
        ),
        .init(
            what: "a fragment that uses the text of one beside it, within another",
            templates: [
                "page":
                    "{% cache 9 o %}{% capture t %}{% cache 9 t %}{{ \"t\"|made }}{% endcache %}{% endcapture %}{% cache 9 a %}{{ t }}{{ \"a\"|made }}{% endcache %}{% endcache %}"
            ],
            text: "ta",
            made: ["t": 1, "a": 2],
            // Both are filled at the same time; who shows the other one is rendered once more unless that is there by then.
            perhapsLess: ["a"]
        ),
        .init(
            what: "what a block overrides, with a fragment, within another",
            templates: [
                "page":
                    "{% extends \"base\" %}{% block a %}{% cache 9 x %}{{ \"x\"|made }}{{ block.super }}{% endcache %}{% endblock %}",
                "base": "{% block a %}{% cache 9 y %}{{ \"y\"|made }}{% endcache %}{% endblock %}",
            ],
            text: "xy",
            made: ["x": 2, "y": 1],
            // Whose block is rendered once more to get at the other one, unless that is there by then.
            perhapsLess: ["x"]
        ),
        .init(
            what: "in filters that see its text",
            templates: [
                "page":
                    "{% filter uppercase %}{% cache 9 a %}text{{ \"a\"|made }}{% endcache %}{% endfilter %}{% filter halved %}{% cache 9 b %}1234{% endcache %}{% endfilter %}{% filter exclaimed %}{% cache 9 c %}c{% endcache %}{% endfilter %}"
            ],
            text: "TEXTA12c!",
            made: ["a": 1]
        ),
        .init(
            what: "around a filter, and in one that indents",
            templates: [
                "page":
                    "{% filter indent:2 %}{% cache 9 a %}1\n2{% filter uppercase %}x{{ \"a\"|made }}{% endfilter %}{% endcache %}{% endfilter %}"
            ],
            text: "1\n  2XA",
            made: ["a": 1]
        ),
    ]

    static var context: [String: any Sendable] {
        let shop: [String: any Sendable] = ["name": "Corner"]
        return ["yes": true, "shop": shop]
    }

    @Test(arguments: Self.places) func fragmentShowsTheSameFromTheCache(_ place: Place) async throws {
        let kitchen = Kitchen(place.templates)
        for _ in 0..<3 {
            #expect(try await kitchen.page(Self.context) == place.text)
        }
        for (name, count) in place.made {
            // What holds others that are missing is rendered once more to get at them.
            let times = kitchen.made[name]
            let least = place.perhapsLess.contains(name) ? 1 : count
            #expect((least...count).contains(times), "\(name) \(times)")
        }
        #expect(Set(kitchen.made.all.keys) == Set(place.made.keys))
        // With each of them missing alone.
        let cache = try kitchen.caches.fragments
        var keys: [CacheKey<String>] = []
        for try await name in cache.keys() { keys.append(CacheKey(name)) }
        for key in keys {
            let stored = try await cache.get(key)
            try await cache.remove(key)
            #expect(try await kitchen.page(Self.context) == place.text, "\(key)")
            // What stands in another one that is found is not looked for.
            let now = try await cache.get(key)
            #expect(now == nil || now == stored, "\(key)")
        }
    }

    /// A page of which each fragment may be in the cache already, or not.
    @Test(arguments: 0..<8) func anyOfThemMayBeMissing(_ missing: Int) async throws {
        let kitchen = Kitchen([
            "page":
                "{% extends \"base\" %}{% block b %}{% cache 9 b %}b{% cache 9 c %}c{% endcache %}{% endcache %}{% endblock %}",
            "base": "{% block a %}{% cache 9 a %}a{% endcache %}{% endblock %}{% block b %}{% endblock %}{{ block.a }}",
        ])
        for _ in 0..<2 { #expect(try await kitchen.page() == "abca") }
        for (bit, name) in ["a", "b", "c"].enumerated() where missing >> bit & 1 == 1 {
            try await kitchen.caches.fragments.remove(fragment: name)
        }
        #expect(try await kitchen.page() == "abca")
        for name in ["a", "b"] { #expect(try await kitchen.caches.fragments.contains(CacheKey<String>.fragment(name))) }
    }

    @Test func contentIsWhatItWasWhenItWasStored() async throws {
        let kitchen = Kitchen()
        let template = "{{ n }}{% cache 9 a %}{{ n }}{% endcache %}{% cache 9 b n %}{{ n }}{% endcache %}"
        #expect(try await kitchen.serve(template, ["n": 1]) == "111")
        #expect(try await kitchen.serve(template, ["n": 2]) == "212")
    }

    @Test func cachesAreChosenByName() async throws {
        let caches = Caches([
            "default": Cache(.memory(entries: 10)), "template_fragments": Cache(.memory(entries: 10)),
            "slow": Cache(.memory(entries: 10)),
        ])
        let kitchen = Kitchen(caches: caches)
        let template = """
            {% cache 9 a %}{{ "a"|made }}{% cache 9 c using="slow" %}{{ "c"|made }}{% endcache %}{% endcache %}\
            {% cache 9 b using="slow" %}{{ "b"|made }}{% cache 9 d %}{{ "d"|made }}{% endcache %}{% endcache %}\
            {% cache 9 a using="default" %}other{% endcache %}
            """
        for _ in 0..<3 { #expect(try await kitchen.serve(template) == "acbdother") }
        #expect(kitchen.made["c"] == 1 && kitchen.made["d"] == 1)
        #expect(try await caches["template_fragments"].get(.fragment("a")) == "ac")
        #expect(try await caches["slow"].get(.fragment("b")) == "bd")
        #expect(try await caches["slow"].get(.fragment("c")) == "c")
        #expect(try await caches["default"].get(.fragment("a")) == "other")
        let replacement = Cache(.memory(entries: 10))
        let text = try await Caches.overriding("template_fragments", with: replacement) {
            try await kitchen.serve(template)
        }
        #expect(text == "acbdother")
        #expect(try await replacement.get(.fragment("a")) == "ac")
        #expect(kitchen.made["c"] == 1)
    }

    @Test func levelCostsOneRead() async throws {
        let store = FaultyStore(.memory(entries: 1_000))
        let kitchen = Kitchen(cache: Cache(store))
        let template = """
            {% for i in 1...50 %}{% cache 9 row i %}{{ i }}{% for j in 1...3 %}{% cache 9 cell i j %}.{% endcache %}{% endfor %}\
            {% endcache %}{% endfor %}
            """
        let text = (1...50).map { "\($0)..." }.joined()
        #expect(try await kitchen.serve(template) == text)
        let before = store.calls
        #expect(try await kitchen.serve(template) == text)
        #expect(try store.calls[.read] == #require(before[.read]) + 1)
        #expect(store.calls[.commit] == before[.commit])
    }

    @Test func textOfUsersIsShownAsItIs() async throws {
        let kitchen = Kitchen()
        let nasty = "{% cache 9 b %}{{ n }}{% endcache %} 12345678901234567890 <b>&amp;"
        let template = "{{ n }}|{% cache 9 a n %}{{ n }}{% endcache %}|{% cache 9 b %}b{% endcache %}"
        for _ in 0..<2 {
            #expect(try await kitchen.serve(template, ["n": nasty]) == "\(nasty)|\(nasty)|b")
        }
    }

    @Test func templateThatIsAnotherOneEachTimeEnds() async throws {
        let kitchen = Kitchen()
        let counter = Tally()
        let environment = Extension()
        environment.registerFilter("next") { _ in
            counter.add("n")
            return counter["n"]
        }
        let renderer = FragmentRenderer(environment: Environment(extensions: [environment]), caches: kitchen.caches)
        let text = try await renderer.render(templateString: "<{% cache 9 a n|next %}x{% endcache %}>")
        #expect(text == "<x>")
    }

    @Test func errorsOfFragmentsAreThrownAndNothingIsStored() async throws {
        let kitchen = Kitchen()
        let template = "{% cache 9 a %}{{ \"a\"|made }}{% endcache %}{% cache 9 b %}{{ n|refused }}{% endcache %}"
        await #expect(throws: TemplateSyntaxError.self) { try await kitchen.serve(template, ["n": "x"]) }
        #expect(try await kitchen.caches.fragments.get(.fragment("b")) == nil)
        #expect(try await kitchen.serve("{% cache 9 b %}ok{% endcache %}") == "ok")
    }
}
