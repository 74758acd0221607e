import Testing

@testable import LarderRedis

@Suite struct ChargeLineTests {
    private typealias Line = ChargeLine<Int>

    private static let nothing = Line.Orders()
    private static let carrier = Line.Orders(carrier: true)

    @Test func whoFindsNothingUnderWayLeavesAtOnceAndAlone() {
        var line = Line()
        for _ in 0..<3 {
            let leaves = line.leaveAlone()
            #expect(leaves)
            let orders = line.cameBackAlone()
            #expect(orders == Self.nothing)
        }
        #expect(line.isIdle)
    }

    @Test func whoComesMeanwhileLeavesWithAllOthersInOrder() {
        var line = Line()
        let leaves = [line.leaveAlone(), line.leaveAlone()]
        #expect(leaves == [true, false])
        // One carrier for all who come before it is there.
        let orders = (1...5).map { line.enter($0) }
        #expect(orders == [Self.carrier, Self.nothing, Self.nothing, Self.nothing, Self.nothing])
        let batch = line.board()
        #expect(batch == [1, 2, 3, 4, 5])
        let alone = line.cameBackAlone()
        #expect(alone == Self.nothing)
        let next = line.next()
        #expect(next.isEmpty)
        let isEnd = line.end()
        #expect(isEnd && line.isIdle)
    }

    @Test func carrierTakesWhoHasComeWhileItWasAway() {
        var line = Line()
        _ = line.leaveAlone()
        _ = line.enter(1)
        _ = line.board()
        _ = line.cameBackAlone()
        // A second carrier: the first is away.
        let orders = line.enter(2)
        #expect(orders == Self.carrier)
        // Back before that one is there: nobody is left for it.
        let batch = line.next()
        #expect(batch == [2])
        let late = line.board()
        #expect(late.isEmpty)
        _ = line.enter(3)
        let isEnd = line.end()
        #expect(!isEnd)
        let rest = line.next()
        #expect(rest == [3])
    }

    @Test func batchesAreBounded() {
        var line = Line()
        _ = line.leaveAlone()
        for call in 0..<Line.mostCalls + 10 { _ = line.enter(call) }
        let first = line.board()
        let second = line.next()
        #expect(first == Array(0..<Line.mostCalls))
        #expect(second == Array(Line.mostCalls..<Line.mostCalls + 10))
    }

    @Test func callsWaitWhenEnoughIsUnderWayAndAreWatched() {
        var line = Line()
        _ = line.leaveAlone()
        for call in 1..<Line.mostUnderWay {
            let orders = line.enter(call)
            #expect(orders == Self.carrier)
            let batch = line.board()
            #expect(batch == [call])
        }
        let orders = [line.enter(100), line.enter(101)]
        #expect(orders == [Line.Orders(watch: true), Self.nothing])
        // Nobody comes back: they leave all the same.
        let stuck = line.watch(since: line.departures)
        #expect(stuck == .stuck)
        let again = line.watch(since: line.departures)
        #expect(again == .fine)
        let before = line.departures
        let batch = line.board()
        #expect(batch == [100, 101])
        let ordersOfNext = line.enter(102)
        #expect(ordersOfNext == Self.nothing)
        let fine = line.watch(since: before)
        #expect(fine == .fine)
        _ = line.next()
        let nobody = line.watch(since: line.departures)
        #expect(nobody == .nobody)
    }

    @Test func lineIsIdleOnlyWhenAllHaveComeBack() {
        var line = Line()
        _ = line.leaveAlone()
        for call in 1...Line.mostUnderWay {
            _ = line.enter(call)
            if call < Line.mostUnderWay { _ = line.board() }
        }
        _ = line.cameBackAlone()
        #expect(!line.isIdle)
        let last = line.board()
        #expect(last == [Line.mostUnderWay])
        for _ in 1...Line.mostUnderWay {
            let isEnd = line.end()
            #expect(isEnd)
        }
        #expect(line.underWay == 0)
        let finding = line.watch(since: line.departures)
        #expect(finding == .nobody)
        #expect(line.isIdle)
    }
}
