import Foundation
import Larder
import Logging
import ServiceLifecycle
import Testing

@testable import Bookshop

@Suite(.timeLimit(.minutes(1))) struct EventRecorderTests {
    private static let noon = Date(timeIntervalSince1970: 1_800_000_000)
    private static var today: CalendarDay { CalendarDay(noon) }

    private let counts = ShopCounts(Collections(.memory(), namespace: "tests"))

    private func recorder(limit: Int = EventRecorder.limit) -> EventRecorder {
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        return EventRecorder(
            self.counts,
            through: StoreBreaker(logger: logger),
            limit: limit,
            now: { Self.noon }
        )
    }

    @Test func whatWasNotedBeforeTheEndIsWritten() async throws {
        let recorder = self.recorder()
        for _ in 1...500 { recorder.note(.book(42)) }
        let group = ServiceGroup(services: [recorder], logger: Logger(label: "tests"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            #expect(try await eventually { recorder.isSettled })
            for _ in 1...500 { recorder.note(.book(42)) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(recorder.isSettled && recorder.skipped == 0)
        let views = try await self.counts.mostViewed(10, on: Self.today)
        #expect(views == [ViewedBook(rank: 1, id: 42, views: 1_000)])
        let counted = try await self.counts.counter(.bookViews, on: Self.today).value()
        #expect(counted == 1_000)
    }

    @Test func fullBufferSkipsAndSaysSo() async throws {
        let recorder = self.recorder(limit: 30)
        // Nobody writes, as when the store is slow.
        for id in 1...100 { recorder.note(.book(id)) }
        #expect(!recorder.isSettled)
        // A book is one thing, and the counter of all views one more.
        let skipped = recorder.skipped
        #expect((69...71).contains(skipped))
    }

    @Test func callersOfManyTasksLoseNothing() async throws {
        let recorder = self.recorder()
        let group = ServiceGroup(services: [recorder], logger: Logger(label: "tests"))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            await withTaskGroup(of: Void.self) { callers in
                for caller in 1...20 {
                    callers.addTask {
                        for _ in 1...100 {
                            recorder.note(.page(Visitor(id: "\(caller)", isReturning: true)))
                            await Task.yield()
                        }
                    }
                }
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        let pages = try await self.counts.counter(.pages, on: Self.today).value()
        let visitors = try await self.counts.visitors(on: Self.today).count()
        #expect(pages == 2_000 && visitors == 20 && recorder.skipped == 0)
    }
}
