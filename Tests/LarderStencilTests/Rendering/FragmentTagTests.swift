import Larder
import LarderStencil
import Synchronization
import Testing

/// What fragments depend on, and that nothing old is stored.
@Suite struct FragmentTagTests {
    private static let template =
        "{% cache 300 shelf %}{% for book in books %}{{ book.title }},{% endfor %}{% endcache %}"

    @Test func whatAFragmentReadsBecomesItsTags() async throws {
        let (kitchen, database) = (Kitchen(), Database())
        let cache = try kitchen.caches.fragments
        let template = """
            {% cache 300 outer %}<{% cache 300 inner %}{{ title }}{% endcache %}>{% endcache %}\
            {% cache 300 other %}{{ n }}{{ "other"|made }}{% endcache %}
            """
        let context: [String: any Sendable] = [
            "title": LazyValue { try await cache.fetch("title", tags: ["book:1"]) { database.title(of: 1) ?? "" } },
            "n": LazyValue {
                try await cache.depends(on: "numbers")
                return 5
            },
        ]
        #expect(try await kitchen.serve(template, context) == "<Emma>5other")
        database.rename(1, "Emma II")
        #expect(try await kitchen.serve(template, context) == "<Emma>5other")
        try await cache.invalidate(tags: ["book:1"])
        #expect(try await kitchen.serve(template, context) == "<Emma II>5other")
        #expect(kitchen.made["other"] == 1)
        try await cache.invalidate(tags: ["numbers"])
        #expect(try await kitchen.serve(template, context) == "<Emma II>5other")
        #expect(kitchen.made["other"] == 2)
        #expect(database.asked["title 1"] == 2)
    }

    @Test func tagsOfTheTagAreTheFragments() async throws {
        let kitchen = Kitchen()
        let template =
            "{% cache 300 x tags=\"books,book:42\" %}{{ \"x\"|made }}{% endcache %}{% cache 300 y %}{{ \"y\"|made }}{% endcache %}"
        for (round, tag) in ["books", "book:42", "book:4"].enumerated() {
            _ = try await kitchen.serve(template)
            #expect(kitchen.made["x"] == round + 1)
            try await kitchen.caches.fragments.invalidate(tags: [tag])
        }
        _ = try await kitchen.serve(template)
        #expect(kitchen.made["x"] == 3)
        #expect(kitchen.made["y"] == 1)
    }

    @Test func pageAroundFragmentsFallsWithThem() async throws {
        let kitchen = Kitchen()
        let cache = try kitchen.caches.fragments
        let template = "{% cache 300 o %}{% cache 300 x tags=\"books\" %}{{ \"x\"|made }}{% endcache %}{% endcache %}"
        let pages = Tally()
        func page(_ name: String) async throws -> String {
            try await cache.fetch(CacheKey<String>(name)) {
                pages.add(name)
                return try await kitchen.serve(template)
            }
        }
        // Made with the fragment, and of the fragment as it was found.
        for name in ["first", "second", "first", "second"] { #expect(try await page(name) == "x") }
        #expect(pages.all == ["first": 1, "second": 1])
        #expect(kitchen.made["x"] == 1)
        try await cache.invalidate(tags: ["books"])
        for name in ["first", "second"] { #expect(try await page(name) == "x") }
        #expect(pages.all == ["first": 2, "second": 2])
        #expect(kitchen.made["x"] == 2)
    }

    enum Invalidation: CaseIterable, Sendable {
        case ownTag, readTag, remove, clear
    }

    /// The data changes, and that is told, after a fragment has read it and before it is stored.
    @Test(arguments: Invalidation.allCases) func outdatedFragmentIsNotStored(_ way: Invalidation) async throws {
        let (kitchen, database) = (Kitchen(), Database())
        let cache = try kitchen.caches.fragments
        let (hasRead, goOn) = (Gate(), Gate())
        let isFirst = Mutex(true)
        let context: [String: any Sendable] = [
            "books": LazyValue {
                try await cache.depends(on: "read")
                let books = database.all()
                let waits = isFirst.withLock { first in
                    defer { first = false }
                    return first
                }
                if waits {
                    hasRead.open()
                    await goOn.passed()
                }
                return books
            }
        ]
        let template =
            "{% cache 300 shelf tags=\"own\" %}{% for book in books %}{{ book.title }},{% endfor %}{% endcache %}"
        let render = Task { try await kitchen.serve(template, context) }
        await hasRead.passed()
        database.rename(1, "Emma II")
        switch way {
        case .ownTag: try await cache.invalidate(tags: ["own"])
        case .readTag: try await cache.invalidate(tags: ["read"])
        case .remove: try await cache.remove(fragment: "shelf")
        case .clear: try await cache.clear()
        }
        // Whoever asks now does not get what is being made of the old data either. Tags that come with a value are known when it
        // does, and are waited for.
        let second = Task { try await kitchen.serve(template, context) }
        if [.remove, .clear].contains(way) { #expect(try await second.value == "Emma II,Persuasion,") }
        goOn.open()
        #expect(try await second.value == "Emma II,Persuasion,")
        #expect(try await render.value == "Emma,Persuasion,")
        #expect(try await kitchen.serve(template, context) == "Emma II,Persuasion,")
        #expect(try await cache.get(.fragment("shelf")) == "Emma II,Persuasion,")
    }

    /// The page around a fragment has read the same data, before the fragment's lease was taken.
    @Test func fragmentReadsAnewWhatThePageHasRead() async throws {
        let (kitchen, database) = (Kitchen(), Database())
        let cache = try kitchen.caches.fragments
        let isFirst = Mutex(true)
        let context: [String: any Sendable] = [
            "books": LazyValue { database.all() },
            "change": LazyValue {
                guard
                    isFirst.withLock({ first in
                        defer { first = false }
                        return first
                    })
                else { return "" }
                database.rename(1, "Emma II")
                try await cache.invalidate(tags: ["books"])
                return ""
            },
        ]
        let template = """
            {{ books.0.title }}{{ change }}|{% cache 300 shelf tags="books" %}{{ books.0.title }}\
            {% cache 300 inner tags="books" %}{{ books.0.title }}{% endcache %}{% endcache %}
            """
        #expect(try await kitchen.serve(template, context) == "Emma|Emma IIEmma II")
        #expect(try await kitchen.serve(template, context) == "Emma II|Emma IIEmma II")
    }

    /// A fragment within a missing one is read again for it, even where the page has it already.
    @Test func innerFragmentIsNotOlderThanTheLeaseOfTheOuter() async throws {
        let (kitchen, database) = (Kitchen(), Database())
        let cache = try kitchen.caches.fragments
        let isFirst = Mutex(true)
        let context: [String: any Sendable] = [
            "title": LazyValue { database.title(of: 1) },
            "change": LazyValue {
                if isFirst.withLock({ first in
                    defer { first = false }
                    return first
                }) {
                    database.rename(1, "Emma II")
                    try await cache.remove(fragment: "inner")
                }
                return ""
            },
        ]
        let inner = "{% cache 300 inner %}{{ title }}{% endcache %}"
        #expect(try await kitchen.serve(inner, context) == "Emma")
        let template = "\(inner)|{% cache 300 outer %}{{ change }}\(inner){% endcache %}"
        #expect(try await kitchen.serve(template, context) == "Emma|Emma II")
        #expect(try await kitchen.serve(template, context) == "Emma II|Emma II")
    }
}
