import HTTPTypes
import LarderTesting
import Testing

@testable import Bookshop

/// Redis killed under a shop that counts.
@Suite(.timeLimit(.minutes(3))) struct CountOutageTests {
    @Test func shopGoesOnWithoutCountsAndLimits() async throws {
        try await withRedisServer { server in
            let url = server.url + "?socket_timeout=10"
            try await TestShop.open(redisURL: url, searchLimits: .init(perMinute: 1, burst: 2)) { shop in
                let visitor = try await shop.visit("/books/345")
                for _ in 1...2 { #expect(try await shop.get("/search?q=austen", as: visitor).status == 200) }
                #expect(try await shop.get("/search?q=austen", as: visitor).status == 429)
                try await shop.settle()
                #expect(shop.front.recorder.skipped == 0)

                await server.kill()
                for uri in ["/", "/books/42", "/leaderboard", "/analytics", "/stats", "/api/books/42"] {
                    #expect(try await shop.get(uri, as: visitor).status == 200, "\(uri)")
                }
                // Who was to wait need not: a shop that nobody can search is none.
                for _ in 1...5 { #expect(try await shop.get("/search?q=austen", as: visitor).status == 200) }
                #expect(try await shop.get("/api/search?q=austen", as: visitor).status == 200)
                #expect(try await shop.get("/leaderboard").text.contains("This cannot be told at the moment."))
                #expect(try await shop.get("/analytics").text.contains("The counters cannot be reached at the moment."))
                for uri in ["/api/leaderboard", "/api/analytics"] {
                    let answer = try await shop.get(uri)
                    #expect(answer.status == 503 && answer.header(.retryAfter) == "1", "\(uri)")
                }
                try await shop.settle()
                let skipped = shop.front.recorder.skipped
                #expect(skipped > 0)

                try await server.restart()
                #expect(
                    try await eventually {
                        _ = try await shop.get("/books/84", as: visitor)
                        try await shop.settle()
                        return try await shop.get("/api/leaderboard").status == 200
                    }
                )
                #expect(
                    try await eventually {
                        _ = try await shop.get("/books/84", as: visitor)
                        try await shop.settle()
                        let board = try await shop.get("/api/leaderboard").decode(LeaderboardAnswer.self)
                        return board.books.contains { $0.book.id == 84 }
                    }
                )
                let answer = try await shop.get("/api/analytics").decode(AnalyticsAnswer.self)
                #expect(answer.skipped >= skipped)
                #expect(try await shop.get("/analytics").text.contains("counts of this process were skipped"))
            }
        }
    }

    /// A server that hangs costs one visitor in half a second its patience, and the others nothing.
    @Test func redisThatHangsKeepsNobodyWaitingForLong() async throws {
        try await withRedisServer { server in
            try await TestShop.open(redisURL: server.url + "?socket_timeout=0.25") { shop in
                let visitor = try await shop.visit("/books/42")
                try await shop.settle()
                server.pause()
                let start = ContinuousClock.now
                for _ in 1...40 { #expect(try await shop.get("/books/42", as: visitor).status == 200) }
                let time = start.duration(to: .now)
                server.resume()
                // Forty times a quarter of a second would be ten.
                #expect(time < .seconds(6), "\(time)")
            }
        }
    }
}
