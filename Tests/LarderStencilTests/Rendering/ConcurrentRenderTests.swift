import Larder
import LarderStencil
import LarderTesting
import Testing

/// Many renders at the same time, and stores that are not there.
@Suite(.timeLimit(.minutes(5))) struct ConcurrentRenderTests {
    @Test func missingFragmentIsMadeOnce() async throws {
        let kitchen = Kitchen()
        let gate = Gate()
        let template = """
            {% cache 300 a %}{{ x }}{{ "a"|made }}{% cache 300 inner %}{{ "inner"|made }}{% endcache %}{% endcache %}\
            {% for i in 1...20 %}{% cache 300 row i %}{{ "row"|made }}{% endcache %}{% endfor %}
            """
        let asked = Tally()
        let text = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let context: [String: any Sendable] = [
                        "number": number,
                        "x": LazyValue {
                            asked.add("x")
                            await gate.passed()
                            return "x"
                        },
                    ]
                    return try await kitchen.serve(template, context)
                }
            }
            try await eventually("somebody asks for the value") { asked["x"] == 1 }
            gate.open()
            var texts: Set<String> = []
            for try await text in group { texts.insert(text) }
            return texts
        }
        #expect(text == ["xainner" + String(repeating: "row", count: 20)])
        #expect(asked["x"] == 1)
        #expect(kitchen.made["inner"] == 1)
        #expect(kitchen.made["row"] == 20)
    }

    /// Two pages, each of which holds within another fragment what the other page is about to make.
    @Test func pagesThatShareFragmentsCrosswiseDoNotWaitForEachOther() async throws {
        for _ in 0..<50 {
            let kitchen = Kitchen([
                "one": "{% cache 300 a %}a{% include \"c\" %}{% endcache %}{% include \"b\" %}",
                "two": "{% include \"c\" %}{% cache 300 d %}d{% include \"b\" %}{% endcache %}",
                "b": "{% cache 300 b %}{{ \"b\"|made }}{% endcache %}",
                "c": "{% cache 300 c %}{{ \"c\"|made }}{% endcache %}",
            ])
            async let one = kitchen.renderer.render(templateNamed: "one")
            async let two = kitchen.renderer.render(templateNamed: "two")
            let texts = try await [one, two]
            #expect(texts == ["acb", "cdb"])
            #expect(kitchen.made["b"] == 1 && kitchen.made["c"] == 1)
        }
    }

    @Test func cancelledRenderTakesNobodysFragment() async throws {
        let kitchen = Kitchen()
        let (gate, asked) = (Gate(), Tally())
        let context: [String: any Sendable] = [
            "x": LazyValue {
                asked.add("x")
                await gate.passed()
                return "x"
            }
        ]
        let template = "{% cache 300 a %}{{ x }}{% endcache %}"
        let first = Task { try await kitchen.serve(template, context) }
        try await eventually("the first asks") { asked["x"] == 1 }
        let cache = try kitchen.caches.fragments
        let misses = cache.counters.misses
        let second = Task { try await kitchen.serve(template, context) }
        try await eventually("the second has missed") { cache.counters.misses > misses }
        // It may not have joined the first one's fill yet; either way it gets a value.
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        gate.open()
        #expect(try await second.value == "x")
    }

    @Test func pageIsShownWithoutItsStore() async throws {
        let store = FaultyStore(.memory(entries: 100))
        for policy in [FailurePolicy.missing, .throwing] {
            let kitchen = Kitchen(cache: Cache(store, defaults: .init(failurePolicy: policy)))
            let template = """
                {% cache 300 a %}{{ "a"|made }}{% cache 300 b tags="t" %}{{ x }}{{ "b"|made }}{% endcache %}{% endcache %}
                """
            let context: [String: any Sendable] = ["x": LazyValue { "x" }]
            store.fail()
            for round in 1...2 {
                #expect(try await kitchen.serve(template, context) == "axb")
                #expect(kitchen.made["b"] == round)
            }
            store.recover()
        }
        #expect(try await Cache(store).get(.fragment("b")) == nil)
        let kitchen = Kitchen(cache: Cache(store))
        store.fail([.commit])
        #expect(try await kitchen.serve("{% cache 300 c %}c{% endcache %}") == "c")
        store.recover()
        #expect(try await kitchen.serve("{% cache 300 c %}d{% endcache %}") == "d")
        #expect(try await kitchen.serve("{% cache 300 c %}e{% endcache %}") == "d")
    }

    @Test func staleFragmentStandsInWhileItIsMadeAnew() async throws {
        let clock = ManualClock()
        let store = MemoryStore(limit: .entries(100), clock: CacheClock(clock))
        let policy = try FetchPolicy(staleOnError: .seconds(600))
        let cache = Cache(store, defaults: .init(fetchPolicy: policy), clock: CacheClock(clock))
        let kitchen = Kitchen(cache: cache)
        let template = "{% cache 300 a %}{{ x }}{% endcache %}"
        #expect(try await kitchen.serve(template, ["x": LazyValue { 1 }]) == "1")
        clock.advance(by: .seconds(301))
        #expect(try await kitchen.serve(template, ["x": LazyValue { throw Refusal(value: nil) }]) == "1")
        clock.advance(by: .seconds(10))
        #expect(try await kitchen.serve(template, ["x": LazyValue { 2 }]) == "2")
    }

    @Test func fragmentIsRefreshedBehindThePage() async throws {
        let clock = ManualClock()
        let store = MemoryStore(limit: .entries(100), clock: CacheClock(clock))
        let policy = try FetchPolicy(refreshAfter: .seconds(100))
        let cache = Cache(store, defaults: .init(fetchPolicy: policy), clock: CacheClock(clock))
        let kitchen = Kitchen(cache: cache)
        let template = "{% cache 300 a %}{{ x }}{% endcache %}"
        #expect(try await kitchen.serve(template, ["x": LazyValue { 1 }]) == "1")
        clock.advance(by: .seconds(101))
        #expect(try await kitchen.serve(template, ["x": LazyValue { 2 }]) == "1")
        try await eventually("the fragment is made anew") { try await cache.get(.fragment("a")) == "2" }
        #expect(try await kitchen.serve(template, ["x": LazyValue { 3 }]) == "2")
    }
}
