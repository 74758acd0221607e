import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct ClusterScanPositionTests {
    static func read(_ text: String) -> ClusterScanPosition? {
        Array(text.utf8).withUnsafeBytes { ClusterScanPosition($0) }
    }

    /// Goes through a scan whose members have so many pages each, by its cursors alone.
    static func visits(of primaries: (Int) -> [Int], pages: Int) throws -> [Int] {
        var visits: [Int] = []
        var cursor = "0"
        for step in 0..<100 {
            var position = try #require(Self.read(cursor))
            guard let member = position.advance(among: primaries(step)) else { return visits }
            visits.append(member)
            let page = (Int(position.cursor) ?? -1) + 1
            position.answered(page == pages ? "0" : "\(page)")
            cursor = position.advance(among: primaries(step)) == nil ? "0" : position.text
            if cursor == "0" { return visits }
        }
        Issue.record("the scan has no end")
        return visits
    }

    @Test func everyPrimaryIsVisitedToItsEnd() throws {
        try #expect(Self.visits(of: { _ in [2, 0, 5] }, pages: 2) == [0, 0, 2, 2, 5, 5])
        try #expect(Self.visits(of: { _ in [999] }, pages: 1) == [999])
    }

    @Test func primaryThatComesMeanwhileIsVisitedAndOneThatGoesIsNot() throws {
        // Member 1 takes the place of member 5 after the first page.
        try #expect(Self.visits(of: { $0 < 1 ? [0, 5] : [0, 1] }, pages: 2) == [0, 0, 1, 1])
        // Member 3 takes the place of member 0 in the middle of it.
        try #expect(Self.visits(of: { $0 < 1 ? [0, 5] : [3, 5] }, pages: 2) == [0, 3, 3, 5, 5])
    }

    @Test func cursorTellsAllThatIsDone() throws {
        var position = ClusterScanPosition()
        #expect(position.text == "0")
        for _ in 0..<3 {
            _ = position.advance(among: [0, 1, 2, 9])
            position.answered("0")
        }
        _ = position.advance(among: [0, 1, 2, 9])
        position.answered("18446744073709551615")
        #expect(position.text == "9:18446744073709551615:7")
        #expect(Self.read(position.text) == position)
    }

    @Test func cursorOfAClusterTellsTheRound() throws {
        var position = ClusterScanPosition()
        position.begin(.all, changes: 7)
        var itinerary = ScanItinerary()
        itinerary.add(owner: 0, target: 2)
        itinerary.add(owner: 2, target: nil)
        #expect(position.advance(on: itinerary) == 0)
        position.answered("0", on: itinerary)
        #expect(position.advance(on: itinerary) == 2)
        #expect(position.text == "2:0:1:1:1:7:all")
        #expect(Self.read(position.text) == position)
        position.answered("55", on: itinerary)
        #expect(position.advance(on: itinerary) == 2)
        #expect(position.text == "2:55:1:1:1:7:all")
        position.answered("0", on: itinerary)
        #expect(position.advance(on: itinerary) == nil)
        var slots = SlotSet()
        slots.insert(5)
        position.begin(slots, changes: 9)
        #expect(position.advance(on: itinerary) == 0)
        #expect(position.text == "0:0:0:0:2:9:0.20")
        #expect(Self.read(position.text) == position)
    }

    @Test(arguments: [
        "0:0:0:1", "0:0:0:0:1:7:", "0:0:0:0:1:7:0", "0:0:0:0:0:7:all", "0:0:0:0:65:7:all", "0:0:0:0:1:0:all",
        "0:0:0:1:1:7:all", "0:0:0:2:1:7:all", "0:0:0:0:1:99999999999999999999:all", "0:0:0:0:1:7:all:all",
        "", "1", "00", "-1", "0:0", "0:0:0:0", ":0:0", "0::0", "0:0:", "x:0:0", "1000:0:0", "0:-1:0", "0:0:g", "0:0:F",
        "0:123456789012345678901:0", "0:0:1", "3:1:8", " 0", "0 ", "1:2:" + String(repeating: "0", count: 300),
    ])
    func cursorFromNowhereIsNone(text: String) {
        #expect(Self.read(text) == nil)
    }
}
