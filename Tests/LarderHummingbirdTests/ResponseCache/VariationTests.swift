import HTTPTypes
import Hummingbird
import Larder
import LarderHTTP
import LarderTesting
import Testing

@testable import LarderHummingbird

@Suite("Variations")
struct VariationTests {
    @Test("one cookie out of several selects the page, and Vary says so to caches beyond")
    func cookie() async throws {
        var options = ResponseCacheOptions.application(ttl: .seconds(60))
        options.variations = [.cookie("theme")]
        let test = TestPages(options, ScriptedOrigin([:]))
        let dark = try await test.send(.get, "/", [.cookie: "id=1; theme=dark"])
        #expect(dark.fields[.vary] == "Cookie")
        let other = try await test.send(.get, "/", [.cookie: "theme=dark; id=2"])
        #expect(other.body == "page 1")
        #expect(other.fields[.vary] == "Cookie")
        let light = try await test.send(.get, "/", [.cookie: "id=1; theme=light"])
        #expect(light.body == "page 2")
        let none = try await test.send()
        #expect(none.body == "page 3")
        // All of them go with the address.
        try await test.pages.purge(url: "http://shop.example/")
        let anew = try await test.send(.get, "/", [.cookie: "theme=light"])
        #expect(anew.body == "page 4")
    }

    @Test("arguments that do not matter are left out where that is asked for, and kept apart otherwise")
    func query() async throws {
        let plain = TestPages(.application(ttl: .seconds(60)), ScriptedOrigin([:]))
        _ = try await plain.send(.get, "/?a=1&b=2")
        let swapped = try await plain.send(.get, "/?b=2&a=1")
        #expect(swapped.body == "page 2")
        var options = ResponseCacheOptions.application(ttl: .seconds(60))
        options.policy.key.query = .dropping(["utm_source"])
        let sorted = TestPages(options, ScriptedOrigin([:]))
        _ = try await sorted.send(.get, "/?a=1&b=2")
        let same = try await sorted.send(.get, "/?b=2&utm_source=x&a=1")
        #expect(same.body == "page 1")
        // The handler does not see what is left out.
        _ = try await sorted.send(.get, "/other?utm_source=x&a=1")
        let asked = sorted.origin.asked.last?.path
        #expect(asked == "/other?a=1")
    }

    @Test(
        "the best of the languages that there are",
        arguments: [
            ("de-AT, de;q=0.9, en;q=0.5", "de"), ("fr, en;q=0.1", "en"), ("zh-Hant-TW", "zh-Hant"), ("*", "en"),
            ("en;q=0, *", "de"), ("", "en"), ("de;q=0", "en"), ("en;q=0.5, de;q=0.5", "en"), ("xx;q=abc, de", "de"),
        ]
    )
    func language(_ accepted: String, _ best: String) {
        let chosen = LanguageChoice.best(of: ["en", "de", "zh-Hant"], for: accepted) ?? "en"
        #expect(chosen == best)
    }

    @Test("a function's value selects the page, and no value is one of its own")
    func function() async throws {
        var options = ResponseCacheOptions.application(ttl: .seconds(60))
        options.variations = [.by("tenant") { $0.headers[.made("X-Tenant")] }]
        let test = TestPages(options, ScriptedOrigin([:]))
        for (tenant, body) in [("a", "page 1"), ("b", "page 2"), ("a", "page 1")] {
            let answer = try await test.send(.get, "/", [HTTPField.Name.made("X-Tenant"): tenant])
            #expect(answer.body == body)
        }
        let none = try await test.send()
        #expect(none.body == "page 3")
    }

    @Test("no two requests share a key")
    func keys() throws {
        let hosts = ["a", "a:8080", "a%2F"]
        let paths = ["/", "/?", "/?a", "/a", "/a|b", "/a%7Cb", "/a?b|c=d", "/%3F", "/a#b", "/é"]
        let parts: [[ResponseKey.Part]] = [
            [], [.init("a", "b")], [.init("a", "b=c")], [.init("a=b", "c")], [.init("a", "b|c=d")],
        ]
        var seen: [String: ResponseKey] = [:]
        for host in hosts {
            for path in paths + [String(repeating: "/long", count: 60), String(repeating: "/long", count: 61)] {
                for part in parts {
                    let head = HTTPRequest(method: .get, scheme: "http", authority: host, path: path)
                    guard let key = ResponseKey(head, policy: KeyPolicy(), parts: part) else { continue }
                    let text = PageKey.text(key)
                    #expect(seen[text] == nil || seen[text] == key, "\(text)")
                    #expect(text.utf8.count <= 190)
                    #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
                    seen[text] = key
                }
            }
        }
        #expect(seen.count > 100)
    }
}
