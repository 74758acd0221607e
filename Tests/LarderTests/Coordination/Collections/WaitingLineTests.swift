import Testing

@testable import Larder

@Suite struct WaitingLineTests {
    private var line = WaitingLine<String>()

    @Test mutating func whoComesFirstIsServedFirst() {
        #expect(self.line.enter("a", 1))
        #expect(!self.line.enter("b", 2))
        #expect(!self.line.enter("c", 3))
        #expect(self.line.demand() == 3)
        let (served, rest) = self.line.deliver([10, 20])
        #expect(served.map(\.0) == ["a", "b"])
        #expect(served.map(\.1) == [10, 20])
        #expect(rest.isEmpty)
        #expect(self.line.demand() == 1)
    }

    @Test mutating func whoHasLeftGetsNothingAndTheNextDoes() {
        _ = self.line.enter("a", 1)
        _ = self.line.enter("b", 2)
        #expect(self.line.leave(1) == "a")
        #expect(self.line.leave(1) == nil)
        let (served, rest) = self.line.deliver([10, 20, 30])
        #expect(served.map(\.0) == ["b"])
        #expect(rest == [20, 30])
        #expect(self.line.leave(2) == nil)
    }

    @Test mutating func elementsThatNobodyWaitsForAreAllLeft() {
        _ = self.line.enter("a", 1)
        _ = self.line.leave(1)
        let (served, rest) = self.line.deliver([1, 2])
        #expect(served.isEmpty)
        #expect(rest == [1, 2])
    }

    @Test mutating func fetchingStopsWithTheLastWaiterAndBeginsWithTheNext() {
        #expect(self.line.enter("a", 1))
        _ = self.line.leave(1)
        // Whoever fetches has not noticed yet: it goes on for this one.
        #expect(!self.line.enter("b", 2))
        _ = self.line.leave(2)
        #expect(self.line.demand() == 0)
        #expect(self.line.enter("c", 3))
    }

    @Test mutating func closingSendsAllAwayInOrder() {
        for ticket in 1...4 { _ = self.line.enter("\(ticket)", UInt64(ticket)) }
        _ = self.line.leave(2)
        #expect(self.line.close() == ["1", "3", "4"])
        #expect(self.line.count == 0)
        #expect(self.line.enter("5", 5))
    }

    @Test mutating func thoseThatLeaveDoNotPileUpBehindOneWhoStays() {
        _ = self.line.enter("stays", 0)
        for ticket in 1...10_000 {
            _ = self.line.enter("goes", UInt64(ticket))
            _ = self.line.leave(UInt64(ticket))
        }
        #expect(self.line.places < 64)
        #expect(self.line.deliver([1]).served.map(\.0) == ["stays"])
    }
}
