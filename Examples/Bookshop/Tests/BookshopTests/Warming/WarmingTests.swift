import LarderTesting
import Synchronization
import Testing

@testable import Bookshop

@Suite(.timeLimit(.minutes(2))) struct WarmingTests {
    /// What was told, in order.
    private final class Reports: Sendable {
        private let reports = Mutex<[WarmingReport]>([])

        var all: [WarmingReport] { self.reports.withLock { $0 } }

        func add(_ report: WarmingReport) { self.reports.withLock { $0.append(report) } }
    }

    @Test func shelvesAreWarmWhenItIsDone() async throws {
        let reports = Reports()
        try await TestShop.open(warmsShelves: true, onWarming: { reports.add($0) }) { shop in
            #expect(try await eventually { reports.all.last?.isLast == true })
            // The home page's list, and each of the shelves.
            #expect(reports.all.first == .progress(done: 0, of: 212))
            #expect(reports.all.last == .progress(done: 212, of: 212))
            let books = try await shop.statistics().books
            // The list of all shelves, a page of all books, and of each shelf its top and its page; and the books.
            #expect(books.entries ?? 0 > 2 + 2 * 211)
            let reads = shop.reads
            #expect(reads > 0)
            for uri in ["/", "/shelves/horror", "/books?shelf=horror", "/shelves/browsing-fiction", "/books"] {
                #expect(try await shop.get(uri).isHit, "\(uri)")
            }
            #expect(shop.reads == reads)
        }
    }

    @Test func progressIsALine() {
        #expect(WarmingReport.progress(done: 120, of: 212).description == "Warming shelves: 120 of 212")
        #expect(!WarmingReport.progress(done: 120, of: 212).isLast)
        #expect(WarmingReport.progress(done: 212, of: 212).isLast)
        let givenUp = WarmingReport.givenUp(.unreachable)
        #expect(givenUp.isLast && givenUp.description.contains("cannot be reached"))
    }

    @Test func withoutItNothingIsFetched() async throws {
        let reports = Reports()
        try await TestShop.open(onWarming: { reports.add($0) }) { shop in
            let fills = try await shop.statistics().sum(\.fills)
            #expect(fills == 0)
        }
        #expect(reports.all.isEmpty)
    }

    @Test func storeThatIsDownEndsItAndNotTheShop() async throws {
        let reports = Reports()
        try await withRedisServer { server in
            await server.kill()
            try await TestShop.open(
                redisURL: server.url,
                warmsShelves: true,
                onWarming: { reports.add($0) }
            ) { shop in
                let isGivenUp = try await eventually { reports.all.last == .givenUp(.unreachable) }
                #expect(isGivenUp)
                for uri in ["/", "/shelves/horror", "/books/42"] {
                    let answer = try await shop.get(uri)
                    #expect(answer.status == 200, "\(uri)")
                }
            }
        }
        #expect(reports.all.last == .givenUp(.unreachable))
    }
}
