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

    @Test func memberThatGotSlotsIsDoneAgain() {
        var position = ClusterScanPosition()
        #expect(position.isBeginning)
        position.begin(changes: 7)
        for _ in 0..<2 {
            _ = position.advance(among: [0, 1])
            #expect(!position.isBeginning && position.changes == 7)
            position.answered("0")
        }
        #expect(position.advance(among: [0, 1]) == nil)
        position.begin(again: [1, 5], changes: 9)
        #expect(position.advance(among: [0, 1]) == 1)
        #expect(position.text == "1:0:1:9")
        #expect(Self.read(position.text) == position)
    }

    @Test(arguments: [
        "0:0:0:x", "0:0:0:", "0:0:0:-1", "0:0:0:1:1", "0:0:0:99999999999999999999",
        "", "1", "00", "-1", "0:0", "0:0:0:0", ":0:0", "0::0", "0:0:", "x:0:0", "1000:0:0", "0:-1:0", "0:0:g", "0:0:F",
        "0:123456789012345678901:0", "0:0:1", "3:1:8", " 0", "0 ", "1:2:" + String(repeating: "0", count: 300),
    ])
    func cursorFromNowhereIsNone(text: String) {
        #expect(Self.read(text) == nil)
    }
}
