import Larder
import LarderStencil
import LarderTesting
import Testing

/// Pages made at random show what the same pages show without fragments, whatever is in the cache.
@Suite(.timeLimit(.minutes(10))) struct RandomPageTests {
    @Test(arguments: 0..<60) func pageShowsWhatItShowsWithoutFragments(_ seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var author = PageAuthor(random: random)
        let (page, plain) = author.page()
        random = author.random
        let context: [String: any Sendable] = [
            "a": LazyValue { "lazy A" }, "b": LazyValue { ["first", "second"] }, "c": "c",
        ]
        let expected = try await Kitchen(["page": plain, "part": "<{{ c }}>"]).page(context)
        let store = FaultyStore(.memory(entries: 10_000))
        let kitchen = Kitchen(["page": page, "part": "<{{ c }}>"], cache: Cache(store))
        let cache = try kitchen.caches.fragments
        for round in 0..<6 {
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<(round % 2 == 0 ? 1 : 4) { group.addTask { try await kitchen.page(context) } }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == [expected], "seed \(seed), round \(round): \(page)")
            var keys: [CacheKey<String>] = []
            for try await key in cache.keys(matching: "*") { keys.append(CacheKey(key)) }
            keys.sort { $0.name < $1.name }
            for key in keys {
                let text = try await cache.get(key)
                // Of what is stored, nothing was made of a fragment that was not known.
                let numbers = (text ?? "").split { !$0.isNumber }
                #expect(numbers.allSatisfy { $0.count < 10 }, "seed \(seed)")
                if Bool.random(using: &random) { try await cache.remove(key) }
            }
        }
        // All of them in the cache, one level is all that is read.
        #expect(try await kitchen.page(context) == expected)
        let reads = store.calls[.read] ?? 0
        #expect(try await kitchen.page(context) == expected)
        #expect((store.calls[.read] ?? 0) - reads <= author.captures + 1)
    }
}

/// Writes a page with fragments, and the same without.
private struct PageAuthor {
    var random: SeededGenerator
    /// How many texts are kept: what a fragment varies on may be known only after another read.
    private(set) var captures = 0
    private var names = 0
    /// Loop variables that are at hand; what stands in a fragment has to follow from what it varies on.
    private var loops: [String] = []
    /// Kept texts that are at hand.
    private var texts: [String] = []

    init(random: SeededGenerator) {
        self.random = random
    }

    mutating func page() -> (page: String, plain: String) {
        self.parts(depth: 3)
    }

    private mutating func name(_ prefix: String) -> String {
        self.names += 1
        // Letters only, so that the marks of passes stand out.
        return prefix + String(self.names, radix: 2).map { $0 == "0" ? "o" : "i" }.joined()
    }

    private mutating func parts(depth: Int) -> (String, String) {
        var (page, plain) = ("", "")
        for _ in 0..<Int.random(in: depth > 2 ? 4...6 : 1...3, using: &self.random) {
            let part = self.part(depth: depth)
            page += part.0
            plain += part.1
        }
        return (page, plain)
    }

    private mutating func part(depth: Int) -> (String, String) {
        switch Int.random(in: 0..<(depth > 0 ? 16 : 7), using: &self.random) {
        case 0: return self.same(self.name("t"))
        case 1: return self.same("{{ a }}")
        case 2: return self.same("{{ b.0|uppercase }}{{ b.count }}")
        case 3: return self.same(self.loops.last.map { "{{ \($0) }}" } ?? "{% include \"part\" %}")
        case 4, 5, 6:
            guard let text = self.texts.randomElement(using: &self.random) else { return self.same(".") }
            return self.same("[{{ \(text)|lowercase }}]")
        case 7: return self.around(depth) { _ in ("{% if b %}", "{% endif %}") }
        case 8:
            let filter = ["uppercase", "exclaimed", "halved", "indent:2"].randomElement(using: &self.random) ?? ""
            return self.around(depth) { _ in ("{% filter \(filter) %}", "{% endfilter %}") }
        case 9:
            let name = self.name("v")
            return self.around(depth, loop: name) { _ in ("{% for \(name) in b %}", "{% endfor %}") }
        case 10, 11:
            let name = self.name("k")
            self.captures += 1
            let part = self.around(depth) { _ in ("{% capture \(name) %}", "{% endcapture %}") }
            self.texts.append(name)
            return part
        default:
            var vary = self.loops
            if let text = self.texts.randomElement(using: &self.random) { vary.append(text) }
            let name = self.name("f")
            let inside = self.around(depth) { _ in ("", "") }
            return ("{% cache 300 \(name) \(vary.joined(separator: " ")) %}\(inside.0){% endcache %}", inside.1)
        }
    }

    private func same(_ text: String) -> (String, String) { (text, text) }

    private mutating func around(
        _ depth: Int,
        loop: String? = nil,
        _ tags: (Int) -> (String, String)
    ) -> (String, String) {
        let (texts, loops) = (self.texts, self.loops)
        if let loop { self.loops.append(loop) }
        let inside = self.parts(depth: depth - 1)
        // What is kept inside is not at hand outside, where the inside may be a fragment that was found.
        (self.texts, self.loops) = (texts, loops)
        let (before, after) = tags(depth)
        return (before + inside.0 + after, before + inside.1 + after)
    }
}
