import LarderTesting
import Testing

@testable import Larder

@Suite struct CollectionTableTests {
    private let clock = ManualClock()
    private let table: CollectionTable<CounterContents>

    init() {
        self.table = CollectionTable(clock: CacheClock(self.clock))
    }

    private static func key(_ index: Int) -> CollectionKey { CollectionKey("ns", .counter, "n\(index)") }

    private func write(_ index: Int, _ lifetime: CollectionLifetime) {
        self.table.write(Self.key(index), lifetime) { $0 = CounterContents(value: 1) }
    }

    @Test func whatHasEndedIsFreedByTheWritesThatFollow() {
        for index in 0..<1_000 { self.write(index, .fixed(.seconds(60))) }
        #expect(self.table.count == 1_000)
        self.clock.advance(by: .seconds(61))
        for index in 1_000..<3_000 { self.write(index, .unlimited) }
        #expect(self.table.count < 2_050)
        self.table.sweep()
        #expect(self.table.count == 2_000)
    }

    @Test func collectionsThatComeAndEndDoNotPileUp() {
        for index in 0..<20_000 {
            self.write(index, .fixed(.milliseconds(100)))
            self.clock.advance(by: .milliseconds(1))
        }
        // About a hundred live at any time, and each shard may keep a few longer.
        #expect(self.table.count < 300)
    }

    @Test func endThatMovesWithEachWriteTakesNoRoom() {
        for _ in 0..<10_000 {
            self.write(0, .sliding(.seconds(60)))
            self.clock.advance(by: .milliseconds(10))
        }
        #expect(self.table.timeLeft(of: Self.key(0)) == .remaining(.milliseconds(59_990)))
        self.clock.advance(by: .seconds(60))
        self.table.sweep()
        #expect(self.table.count == 0)
    }

    @Test func collectionsThatEmptyAndComeAgainLeaveNoEnds() {
        for _ in 0..<10_000 {
            self.write(0, .sliding(.days(1)))
            #expect(self.table.remove(Self.key(0)))
        }
        #expect(self.table.endCount < 100)
        self.write(0, .sliding(.seconds(1)))
        self.clock.advance(by: .seconds(1))
        self.table.sweep()
        #expect(self.table.count == 0)
    }

    @Test func endThatComesNearerIsKept() {
        self.write(0, .fixed(.seconds(600)))
        #expect(self.table.expire(Self.key(0), after: 1_000))
        self.clock.advance(by: .seconds(1))
        #expect(self.table.timeLeft(of: Self.key(0)) == nil)
        self.table.sweep()
        #expect(self.table.count == 0)
    }

    @Test func endThatWasTakenAwayFreesNothing() {
        self.write(0, .fixed(.seconds(60)))
        #expect(self.table.expire(Self.key(0), after: nil))
        self.clock.advance(by: .seconds(600))
        self.table.sweep()
        #expect(self.table.timeLeft(of: Self.key(0)) == .forever)
    }

    @Test func anotherOfTheSameNameIsNotFreedForTheFirst() {
        self.write(0, .fixed(.seconds(60)))
        self.clock.advance(by: .seconds(60))
        self.write(0, .fixed(.seconds(60)))
        self.clock.advance(by: .seconds(59))
        self.table.sweep()
        #expect(self.table.timeLeft(of: Self.key(0)) == .remaining(.seconds(1)))
    }

    @Test func failedWriteChangesNothing() {
        struct Refusal: Error {}
        self.write(0, .fixed(.seconds(60)))
        self.clock.advance(by: .seconds(20))
        #expect(throws: Refusal.self) {
            try self.table.write(Self.key(0), .sliding(.seconds(60))) { (_) throws(Refusal) -> Void in throw Refusal() }
        }
        #expect(self.table.timeLeft(of: Self.key(0)) == .remaining(.seconds(40)))
        #expect(throws: Refusal.self) {
            try self.table.write(Self.key(1)) { (_) throws(Refusal) -> Void in throw Refusal() }
        }
        #expect(self.table.count == 1)
    }

    @Test func twoAreWrittenInOneStepWhereverTheyLie() {
        for index in 1..<100 {
            self.write(0, .fixed(.seconds(60)))
            self.table.write(Self.key(0), and: Self.key(index), .fixed(.seconds(30))) { from, to in
                to = CounterContents(value: (from?.value ?? 0) + 1)
                from = nil
            }
            #expect(self.table.timeLeft(of: Self.key(0)) == nil)
            #expect(self.table.read(Self.key(index)) { $0?.value } == 2)
            #expect(self.table.timeLeft(of: Self.key(index)) == .remaining(.seconds(30)))
        }
    }
}
