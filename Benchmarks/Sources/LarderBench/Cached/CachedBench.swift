import ArgumentParser
import Larder
import LarderMacros

/// Measures hits of functions that a macro caches, beside the fetch that one would write by hand.
struct CachedBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cached",
        abstract: "Hits of cached functions in memory, beside the same fetch written by hand.",
        discussion: """
            cached.hit is a call of a function under @Cached whose result is in memory, by one task; the peer is \
            cache.fetch with a key that is made of the same arguments by interpolation, in the same run. \
            arguments says which ones: an integer; a text and an integer.
            """
    )

    @Option(help: ArgumentHelp("How often each measurement is repeated; the median is printed.", valueName: "count"))
    var runs = 5

    func validate() throws {
        guard self.runs > 0 else { throw ValidationError("--runs must be at least 1") }
    }

    func run() async throws {
        let shop = CachedShop()
        try await self.measure("integer", shop) {
            try await shop.cachedBook($0)
        } byHand: {
            try await shop.fetchedBook($0)
        }
        try await self.measure("text, integer", shop) {
            try await shop.cachedTop(shelf: "fantasy and science", limit: $0)
        } byHand: {
            try await shop.fetchedTop(shelf: "fantasy and science", limit: $0)
        }
        await shop.cache.shutdown()
    }

    private func measure(
        _ arguments: String,
        _ shop: CachedShop,
        _ cached: (Int) async throws -> CachedShop.Book,
        byHand fetched: (Int) async throws -> CachedShop.Book
    ) async throws {
        progress("cached functions: \(arguments)")
        var ours: [Double] = []
        var theirs: [Double] = []
        for _ in 0...self.runs {
            theirs.append(try await Self.nanosecondsPerCall(fetched))
            ours.append(try await Self.nanosecondsPerCall(cached))
        }
        // The first of each has filled the cache.
        ours.removeFirst()
        theirs.removeFirst()
        var line = BenchLine("cached.hit")
        line.set("store", "memory")
        line.set("tasks", 1)
        line.set("arguments", arguments)
        line.set("ns_per_op", median(ours))
        line.set("ops_per_s", 1e9 / median(ours))
        line.set("peer", "fetch by hand")
        line.set("peer_ns_per_op", median(theirs))
        line.set("peer_ops_per_s", 1e9 / median(theirs))
        line.set("ratio", median(zip(theirs, ours).map { $0 / $1 }))
        line.set("time_ratio", median(zip(theirs, ours).map { $1 / $0 }))
        line.print()
    }

    private static func nanosecondsPerCall(_ call: (Int) async throws -> CachedShop.Book) async throws -> Double {
        let rounds = 2_000
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<rounds {
            for id in 0..<CachedShop.books {
                let book = try await call(id)
                precondition(book.id == id)
            }
        }
        return start.duration(to: clock.now).nanoseconds / Double(rounds * CachedShop.books)
    }
}

/// What is measured: each function twice, once as the macro makes it.
struct CachedShop {
    struct Book: Codable, Sendable {
        var id: Int
        var title: String
        var author: String
        var isAvailable: Bool
    }

    static let books = 100

    let cache = Cache(.memory(entries: 10_000), namespace: "bench")

    private func book(_ id: Int) -> Book {
        Book(id: id, title: "Frankenstein", author: "Mary Shelley", isAvailable: true)
    }

    @Cached(in: \CachedShop.cache)
    func cachedBook(_ id: Int) async throws -> Book { self.book(id) }

    func fetchedBook(_ id: Int) async throws -> Book {
        try await self.cache.fetch("book:\(id)") { self.book(id) }
    }

    @Cached(in: \CachedShop.cache)
    func cachedTop(shelf: String, limit: Int) async throws -> Book { self.book(limit) }

    func fetchedTop(shelf: String, limit: Int) async throws -> Book {
        try await self.cache.fetch("top:\(shelf):\(limit)") { self.book(limit) }
    }
}
