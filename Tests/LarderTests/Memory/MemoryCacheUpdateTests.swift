import Larder
import LarderTesting
import Synchronization
import Testing

/// Steps that read and write with nothing in between.
@Suite(.integrity) struct MemoryCacheUpdateTests {
    private let clock = ManualClock()

    private func makeCache(_ limit: MemoryCache<String, Int>.Limit = .entries(100)) -> MemoryCache<String, Int> {
        .checked(limit: limit, clock: CacheClock(self.clock))
    }

    // MARK: update

    @Test func anUpdateSaysWhatBecameOfTheEntry() {
        let cache = self.makeCache(.cost(100) { _, value in value })
        #expect(cache.update(forKey: "a") { $0 = .init(1) }.outcome == .stored)
        #expect(cache.update(forKey: "a") { $0?.value = 2 }.outcome == .stored)
        #expect(cache.update(forKey: "a") { $0 = nil }.outcome == .absent)
        #expect(cache.value(forKey: "a") == nil)
        #expect(cache.update(forKey: "a") { $0?.value = 2 }.outcome == .absent)
        #expect(cache.update(forKey: "a") { $0 = .init(1, ttl: .zero) }.outcome == .absent)
        cache.insert(1, forKey: "a")
        #expect(cache.update(forKey: "a") { $0?.value = 101 }.outcome == .tooHeavy)
        #expect(cache.value(forKey: "a") == nil, "the old value is no longer true")
    }

    @Test func anUpdateReturnsWhatItsClosureReturns() {
        let cache = self.makeCache()
        cache.insert(5, forKey: "a")
        let old = cache.update(forKey: "a") { entry in
            defer { entry?.value += 1 }
            return entry?.value
        }
        #expect(old.result == 5)
        #expect(cache.value(forKey: "a") == 6)
    }

    @Test func anUpdateThatThrowsLeavesTheFillUnderWayAlone() async throws {
        let cache = self.makeCache()
        let gate = Gate()
        async let filled = cache.fetch(forKey: "a") {
            try await gate.pass()
            return 1
        }
        try await eventually("the fill runs") { gate.arrivals == 1 }
        #expect(throws: Failure.self) { try cache.update(forKey: "a") { _ in throw Failure() } }
        gate.open()
        #expect(try await filled == 1)
        #expect(cache.value(forKey: "a") == 1)
    }

    // MARK: Get or insert

    @Test func makesAValueOnceForAllThreads() {
        let cache = self.makeCache()
        let made = Tally()
        let wrong = Tally()
        inThreads(8) { _ in
            for number in 0..<500 {
                let value = cache.value(forKey: "\(number % 50)") {
                    made.add()
                    return number % 50
                }
                if value != number % 50 { wrong.add() }
            }
        }
        #expect(made.count == 50)
        #expect(wrong.count == 0)
    }

    @Test func doesNotMakeWhatIsThere() {
        let cache = self.makeCache()
        cache.insert(1, forKey: "a")
        #expect(
            cache.value(forKey: "a") {
                Issue.record("it is there")
                return 2
            } == 1
        )
    }

    @Test func makesAgainWhatHasExpired() {
        let cache = self.makeCache()
        #expect(cache.value(forKey: "a", ttl: .seconds(1)) { 1 } == 1)
        self.clock.advance(by: .seconds(1))
        #expect(cache.value(forKey: "a", ttl: .seconds(1)) { 2 } == 2)
        #expect(cache.entry(forKey: "a")?.ttl == .seconds(1))
    }

    @Test func storesNothingWhereMakingThrows() {
        let cache = self.makeCache()
        #expect(throws: Failure(number: 7)) {
            try cache.value(forKey: "a") { () throws(Failure) in throw Failure(number: 7) }
        }
        #expect(!cache.contains("a"))
    }

    @Test func returnsWhatItCannotStore() {
        let cache = self.makeCache(.cost(100) { _, value in value })
        #expect(cache.value(forKey: "a") { 101 } == 101)
        #expect(!cache.contains("a"))
        #expect(cache.value(forKey: "a", ttl: .zero) { 1 } == 1)
        #expect(!cache.contains("a"))
        #expect(cache.statistics.refusals == 1)
    }
}
