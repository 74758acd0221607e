import Testing

@testable import Larder

@Suite struct LeaseTimetableTests {
    private static func at(_ seconds: Int) -> CacheInstant {
        CacheInstant(nanoseconds: 0).advanced(by: .seconds(seconds))
    }

    private func add(_ table: inout LeaseTimetable<Int>, _ member: Int, at seconds: Int) -> Bool {
        table.add(member, at: Self.at(seconds)) { _, _ in true }
    }

    @Test func onlyWhoIsWokenEarlierNeedsAnotherSleeper() {
        var table = LeaseTimetable<Int>()
        for _ in 0..<3 { table.enter() }
        #expect(self.add(&table, 1, at: 10))
        // Whoever was to begin has not asked yet.
        #expect(!self.add(&table, 2, at: 5))
        #expect(table.sleep() == Self.at(5))
        #expect(!self.add(&table, 3, at: 7))
        #expect(self.add(&table, 3, at: 4))
        #expect(table.sleep() == Self.at(4))
    }

    @Test func thoseWhoseMomentHasComeAreWokenInItsOrder() {
        var table = LeaseTimetable<Int>()
        for (member, seconds) in [(1, 10), (2, 5), (3, 5), (4, 20)] {
            table.enter()
            _ = self.add(&table, member, at: seconds)
        }
        _ = table.sleep()
        let first = table.wake(at: Self.at(12))
        #expect(first.map(\.member) == [2, 3, 1])
        #expect(first.map(\.moment) == [Self.at(5), Self.at(5), Self.at(10)])
        // Who wakes others asks afterwards; nobody has to take its place.
        #expect(!self.add(&table, 1, at: 13))
        #expect(table.sleep() == Self.at(13))
    }

    @Test func sleepingEndsWhenNobodyIsThere() {
        var table = LeaseTimetable<Int>()
        table.enter()
        _ = self.add(&table, 1, at: 10)
        #expect(table.sleep() == Self.at(10))
        table.leave()
        // Until then it stays, for those who may come.
        #expect(table.isServed)
        _ = table.wake(at: Self.at(10))
        #expect(table.sleep() == nil)
        #expect(!table.isServed)
        #expect(table.entryCount == 0)
        table.enter()
        #expect(self.add(&table, 2, at: 30))
    }

    @Test func entriesThatNobodyWantsAreDropped() {
        var table = LeaseTimetable<Int>()
        table.enter()
        for seconds in 0..<10_000 {
            // Moves its moment again and again.
            _ = table.add(1, at: Self.at(seconds)) { _, moment in moment == Self.at(seconds) }
        }
        #expect(table.entryCount <= 67)
        #expect(table.wake(at: Self.at(10_000)).last?.moment == Self.at(9_999))
    }
}
