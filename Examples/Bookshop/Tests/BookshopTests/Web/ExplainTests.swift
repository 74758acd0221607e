import HTTPTypes
import Larder
import LarderTesting
import Testing

@testable import Bookshop

@Suite(.timeLimit(.minutes(2))) struct ExplainTests {
    @Test func freshBookIsExplained() async throws {
        let clock = ManualClock()
        try await TestShop.open(clock: CacheClock(clock)) { shop in
            _ = try await shop.get("/api/books/42")
            clock.advance(by: .seconds(60))
            let answer = try await shop.get("/api/cache/explain?key=book:42")
            #expect(answer.status == 200)
            #expect(answer.header(.cacheControl) == "no-store")
            #expect(try answer.keys() == ["key", "version", "waiters", "tiers"])
            let explanation = try answer.decode(ExplanationAnswer.self)
            #expect(explanation.key == "book:42" && explanation.version == 1 && explanation.waiters == nil)
            let tier = try #require(explanation.tiers.first)
            #expect(explanation.tiers.count == 1)
            #expect(tier.tier == "memory" && tier.state == "fresh" && tier.tag == nil && tier.holder == nil)
            #expect(tier.why == "It is what readers get.")
            #expect(tier.tags == ["book:42"])
            #expect(tier.age == 60)
            // An hour less its jitter and the minute.
            let timeLeft = try #require(tier.timeLeft)
            #expect((3_180...3_540).contains(timeLeft))
            #expect(tier.grace == 86_400)
        }
    }

    @Test func listsCarryTheTagsOfWhatTheyShow() async throws {
        try await TestShop.open { shop async throws in
            func tags(_ uri: String, _ key: String) async throws -> Set<String> {
                let top = try await shop.get(uri)
                #expect(top.status == 200)
                let answer = try await shop.get("/api/cache/explain?key=\(key)").decode(ExplanationAnswer.self)
                return Set(answer.tiers.flatMap(\.tags))
            }
            let top = try await shop.get("/api/shelves/horror/top").decode(TopAnswer.self)
            let horror = Set(top.books.map { "book:\($0.id)" } + ["shelf:horror"])
            #expect(try await tags("/api/shelves/horror/top", "top:horror") == horror)
            #expect(try await tags("/api/books?shelf=horror", "page:horror:1") == horror)
            let all = Set((1...20).map { "book:\($0)" } + ["books"])
            #expect(try await tags("/api/books", "page::1") == all)
            #expect(try await tags("/api/shelves", "shelves") == ["shelves"])
            let search = try await tags("/api/search?q=stoker&shelf=horror", "search:horror:stoker")
            #expect(search.isSuperset(of: ["searches", "shelf:horror", "book:345"]))
            // Fifty books and their search are no more tags than an entry can have.
            #expect(try await tags("/api/search?q=the", "search::the").count == 51)
            #expect(try await tags("/api/search?q=xyzzy", "search::xyzzy") == ["searches"])
        }
    }

    @Test func keyThatIsNotThereIsAbsent() async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/cache/explain?key=book%3A42")
            #expect(answer.status == 200)
            let tier = try #require(try answer.decode(ExplanationAnswer.self).tiers.first)
            #expect(tier.state == "absent" && tier.age == nil && tier.timeLeft == nil && tier.tags.isEmpty)
            // Whatever is unknown is there as null.
            for name in ["tag", "age", "timeLeft", "grace", "size", "codec", "fillCost", "holder"] {
                #expect(answer.text.contains("\"\(name)\":null"), "\(name)")
            }
        }
    }

    @Test func explainingCountsAsNoRead() async throws {
        try await TestShop.open { shop in
            _ = try await shop.get("/api/books/42")
            let before = try await shop.get("/api/stats").text
            for key in ["book:42", "book:43"] { _ = try await shop.get("/api/cache/explain?key=\(key)") }
            #expect(try await shop.get("/api/stats").text == before)
        }
    }

    @Test(arguments: ["", "?key=", "?key", "?other=book:42", "?key=%FF", "?key=a%00b", "?key=a%C2%85b"])
    func withoutAKeyItIsABadRequest(query: String) async throws {
        try await TestShop.open { shop in
            let answer = try await shop.get("/api/cache/explain\(query)")
            #expect(answer.status == 400)
            #expect(try answer.errorMessage() != "")
        }
    }

    @Test func fillUnderWayIsExplainedAndJoined() async throws {
        try await TestShop.open { shop in
            let (opened, open) = AsyncStream.makeStream(of: Never.self)
            let book = try #require(try await shop.catalogue.book(42))
            let leader = Task {
                try await shop.repository.cache.larder.fetch(.book(42), tags: ["book:42"]) { () -> Book? in
                    for await _ in opened {}
                    return book
                }
            }
            func explained() async throws -> ExplanationAnswer {
                try await shop.get("/api/cache/explain?key=book:42").decode(ExplanationAnswer.self)
            }
            func wait(for waiters: Int) async throws {
                while try await explained().waiters != waiters { await Task.yield() }
            }
            try await wait(for: 1)
            let holder = try #require(try await explained().tiers.first?.holder)
            #expect(holder.lease.count == 32)
            #expect(holder.timeLeft > 0 && holder.timeLeft <= 5)

            let reads = shop.catalogue.reads
            let joined = Task { try await shop.get("/api/books/42") }
            try await wait(for: 2)
            open.finish()
            #expect(try await joined.value.cacheStatus == "Larder; fwd=miss; collapsed")
            #expect(try await leader.value == book)
            #expect(shop.catalogue.reads == reads)
            #expect(try await explained().waiters == nil)
        }
    }

    @Test func entryInRedisIsExplained() async throws {
        try await withRedisServer { server in
            try await TestShop.open(redisURL: server.url + "?socket_timeout=10") { shop async throws in
                func tier() async throws -> ExplanationAnswer.Tier {
                    let answer = try await shop.get("/api/cache/explain?key=top:horror")
                    let tiers = try answer.decode(ExplanationAnswer.self).tiers
                    #expect(tiers.map(\.tier) == ["memory", "redis"])
                    return try #require(tiers.last)
                }
                _ = try await shop.get("/api/shelves/horror/top")
                let before = try await tier()
                #expect(before.tier == "redis" && before.state == "fresh" && before.codec == "json")
                #expect(before.size ?? 0 > 500)
                #expect(before.tags.contains("book:345") && before.tags.contains("shelf:horror"))
                _ = try await shop.send(.put, "/api/books/345", body: #"{"title": "The Count"}"#)
                let after = try await tier()
                #expect(after.state == "dead" && after.tag == "book:345")
                #expect(after.why.contains("book:345"))

                await server.kill()
                let answer = try await shop.get("/api/cache/explain?key=top:horror")
                #expect(answer.status == 503)
                #expect(try answer.errorMessage() != "")
            }
        }
    }
}
