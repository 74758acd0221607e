import Testing

@testable import Larder

@Suite struct WaitingLineTests {
    /// Lets waiters come, each with its number as ticket.
    ///
    /// - Returns: The line, and which of them had to begin to fetch.
    private static func line(of tickets: ClosedRange<UInt64>) -> (line: WaitingLine<String>, begun: [UInt64]) {
        var line = WaitingLine<String>()
        let begun = tickets.filter { line.enter("\($0)", $0) }
        return (line, begun)
    }

    @Test func whoComesFirstIsServedFirst() {
        var (line, begun) = Self.line(of: 1...3)
        let demand = line.demand()
        let (served, rest) = line.deliver([10, 20])
        let left = line.demand()
        #expect(begun == [1])
        #expect(demand == 3)
        #expect(served.map(\.0) == ["1", "2"])
        #expect(served.map(\.1) == [10, 20])
        #expect(rest.isEmpty)
        #expect(left == 1)
    }

    @Test func whoHasLeftGetsNothingAndTheNextDoes() {
        var line = Self.line(of: 1...2).line
        let gone = line.leave(1)
        let goneAgain = line.leave(1)
        let (served, rest) = line.deliver([10, 20, 30])
        let late = line.leave(2)
        #expect(gone == "1")
        #expect(goneAgain == nil)
        #expect(served.map(\.0) == ["2"])
        #expect(rest == [20, 30])
        #expect(late == nil)
    }

    @Test func elementsThatNobodyWaitsForAreAllLeft() {
        var line = Self.line(of: 1...1).line
        _ = line.leave(1)
        let (served, rest) = line.deliver([1, 2])
        #expect(served.isEmpty)
        #expect(rest == [1, 2])
    }

    @Test func fetchingStopsWithTheLastWaiterAndBeginsWithTheNext() {
        var line = Self.line(of: 1...1).line
        _ = line.leave(1)
        // Whoever fetches has not noticed yet: it goes on for this one.
        let beginsBefore = line.enter("2", 2)
        _ = line.leave(2)
        let demand = line.demand()
        let beginsAfter = line.enter("3", 3)
        #expect(!beginsBefore)
        #expect(demand == 0)
        #expect(beginsAfter)
    }

    @Test func closingSendsAllAwayInOrder() {
        var line = Self.line(of: 1...4).line
        _ = line.leave(2)
        let all = line.close()
        let count = line.count
        let begins = line.enter("5", 5)
        #expect(all == ["1", "3", "4"])
        #expect(count == 0)
        #expect(begins)
    }

    @Test func thoseThatLeaveDoNotPileUpBehindOneWhoStays() {
        var line = Self.line(of: 0...0).line
        for ticket in 1...10_000 {
            _ = line.enter("goes", UInt64(ticket))
            _ = line.leave(UInt64(ticket))
        }
        let places = line.places
        let served = line.deliver([1]).served
        #expect(places < 64)
        #expect(served.map(\.0) == ["0"])
    }
}
