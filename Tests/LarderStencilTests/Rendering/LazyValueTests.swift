import Larder
import LarderStencil
import Stencil
import Testing

/// Values that are made when they are needed.
@Suite struct LazyValueTests {
    @Test func cachedFragmentAsksNothingOfTheDatabase() async throws {
        let (kitchen, database) = (Kitchen(), Database())
        let template =
            "{% cache 9 shelf %}{% for book in books %}{{ book.title }},{% endfor %}{{ books.count }}{% endcache %}"
        for _ in 0..<3 {
            let text = try await kitchen.serve(template, ["books": LazyValue { database.all() }])
            #expect(text == "Emma,Persuasion,2")
        }
        #expect(database.asked["all"] == 1)
    }

    @Test func valueIsMadeOnceForThePageAndOnceForEachFragmentThatUsesIt() async throws {
        let (kitchen, database) = (Kitchen(), Database())
        let template = """
            {{ books.count }}{% if books %}{{ books.first.title }}{% endif %}\
            {% cache 9 a %}{{ books.count }}{{ books.0.title }}{% endcache %}{% cache 9 b %}-{% endcache %}
            """
        let books = LazyValue { database.all() }
        #expect(try await kitchen.serve(template, ["books": books]) == "2Emma2Emma-")
        #expect(database.asked["all"] == 2)
        #expect(try await kitchen.serve(template, ["books": books]) == "2Emma2Emma-")
        #expect(database.asked["all"] == 3)
    }

    /// Each way of naming a value, and what it shows.
    static let ways: [(template: String, text: String)] = [
        ("{{ n }}", "7"),
        ("{{ n|default:\"x\" }}", "7"),
        ("{{ none|default:\"x\" }}", "x"),
        ("{% if none %}yes{% else %}no{% endif %}{% if n > 6 %}yes{% endif %}", "noyes"),
        ("{{ optional }}", "8"),
        ("{{ book.title|uppercase }}", "EMMA"),
        ("{{ book.missing|default:\"x\" }}", "x"),
        ("{{ none.title|default:\"x\" }}", "x"),
        ("{{ shop.books.0.title }}{{ shop.books.count }}", "Emma2"),
        ("{{ shop.name }}", "Corner"),
        ("{{ map[key] }}{{ map.b }}{{ map[\"a.b\"] }}", "129"),
        ("{% for x in list where x != 2 %}{{ x }}{% endfor %}", "13"),
        ("{% for i in 1...n %}{{ i }}{% endfor %}", "1234567"),
        ("{% if n %}{% else %}{{ never }}{% endif %}", ""),
        ("{{ second }}", "7"),
        ("{{ holder.value }}", "7"),
    ]

    struct Holder: Sendable {
        let value = LazyValue { 7 }
    }

    static func context(_ made: Tally) -> [String: any Sendable] {
        let shop: [String: any Sendable] = [
            "books": LazyValue { Database().all() },
            "name": LazyValue { "Corner" },
        ]
        return [
            "n": LazyValue { 7 }, "none": LazyValue { nil }, "optional": LazyValue { Int?.some(8) },
            "book": LazyValue { Book(id: 1, title: "Emma") }, "shop": shop, "key": LazyValue { "a" },
            "map": LazyValue { ["a": 1, "b": 2, "a.b": 9] }, "list": LazyValue { [1, 2, 3] },
            "never": LazyValue {
                made.add("never")
                return 1
            },
            "second": LazyValue { LazyValue { 7 } }, "holder": Holder(),
        ]
    }

    @Test(arguments: Self.ways.indices) func valueIsUsedLikeAnyOther(_ index: Int) async throws {
        let way = Self.ways[index]
        let made = Tally()
        let kitchen = Kitchen()
        #expect(try await kitchen.serve(way.template, Self.context(made)) == way.text)
        let cached = "{% cache 9 x %}\(way.template){% endcache %}"
        for _ in 0..<2 { #expect(try await kitchen.serve(cached, Self.context(made)) == way.text) }
        #expect(made["never"] == 0)
    }

    @Test func valuesInWhatAFragmentVariesOnAreMade() async throws {
        let (kitchen, database) = (Kitchen(), Database())
        let template = "{% cache 9 a user.id tags=tags %}{{ user.title }}{% endcache %}"
        let context: [String: any Sendable] = [
            "user": LazyValue { database.all()[0] }, "tags": LazyValue { ["x"] },
        ]
        for _ in 0..<2 { #expect(try await kitchen.serve(template, context) == "Emma") }
        #expect(try await kitchen.caches.fragments.get(.fragment("a", vary: [1])) == "Emma")
        try await kitchen.caches.fragments.invalidate(tags: ["x"])
        #expect(try await kitchen.caches.fragments.get(.fragment("a", vary: [1])) == nil)
    }

    @Test func errorOfAValueIsTheRenders() async throws {
        let kitchen = Kitchen()
        let context: [String: any Sendable] = ["x": LazyValue { throw Refusal(value: nil) }]
        await #expect(throws: Refusal.self) { try await kitchen.serve("{{ x }}", context) }
        await #expect(throws: Refusal.self) {
            try await kitchen.serve("{% cache 9 a %}{{ x.y }}{% endcache %}", context)
        }
        #expect(
            try await kitchen.serve("{% cache 9 a %}ok{% endcache %}{% if no %}{{ x }}{% endif %}", context) == "ok"
        )
    }
}
