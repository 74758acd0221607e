import Testing

@testable import LarderRedisClient

/// Where a scan of a cluster has to go, when slots are on their way.
@Suite(.timeLimit(.minutes(1))) struct SlotPlacesTests {
    /// A server of a made-up cluster: `n0`, `n1` and so on.
    struct Node {
        var number: Int
        var epoch = 1
        var slots: [ClosedRange<Int>] = []
        var moves: [String] = []

        func line(isMyself: Bool) -> String {
            let slots = self.slots.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            let words =
                [
                    "n\(self.number)", "10.0.0.\(self.number):7000@17000,", isMyself ? "myself,master" : "master", "-",
                    "0", "0", "\(self.epoch)", "connected",
                ] + slots + (isMyself ? self.moves : [])
            return words.joined(separator: " ")
        }
    }

    static func take(_ nodes: [Node], into places: inout SlotPlaces, survey: UInt64) throws {
        var views: [UInt16: ClusterNodesView] = [:]
        for myself in nodes {
            let lines = nodes.map { $0.line(isMyself: $0.number == myself.number) }
            views[UInt16(myself.number)] = try ClusterNodesView(
                nodes: .simpleString(lines.joined(separator: "\n") + "\n")
            )
        }
        places.take(views, survey: survey) { UInt16($0.dropFirst()) }
    }

    /// A scan over servers that change hands of slots as the steps say: before the first server, after it, and so on.
    ///
    /// - Returns: The servers in the order in which they were scanned.
    static func visits(_ steps: [[Node]]) throws -> [Int] {
        var places = SlotPlaces()
        var survey: UInt64 = 1
        try Self.take(steps[0], into: &places, survey: survey)
        var position = ClusterScanPosition()
        position.begin(.all, changes: places.number)
        var visits: [Int] = []
        func itinerary() throws -> ScanItinerary {
            let round = try #require(position.round)
            return places.itinerary(of: round.slots, since: round.changes)
        }
        while visits.count < 100 {
            if let member = position.advance(on: try itinerary()) {
                visits.append(member)
                position.answered("0", on: try itinerary())
                continue
            }
            survey += 1
            try Self.take(steps[min(visits.count, steps.count - 1)], into: &places, survey: survey)
            let round = try #require(position.round)
            let open = places.changed(among: round.slots, since: round.changes)
            if open.isEmpty { return visits }
            position.begin(open, changes: places.number)
        }
        Issue.record("the scan has no end")
        return visits
    }

    @Test func serverThatIsToGetSlotsIsScannedAfterTheOneThatHasThem() throws {
        let still = [Node(number: 0, slots: [0...99]), Node(number: 1, slots: [100...16_383])]
        try #expect(Self.visits([still]) == [0, 1])
        let moving = [
            Node(number: 0, slots: [0...99], moves: ["[100-<-n1]"]),
            Node(number: 1, slots: [100...16_383], moves: ["[100->-n0]"]),
        ]
        try #expect(Self.visits([moving]) == [1, 0])
        // Only one of the two says so: the other will say so soon, or has forgotten it.
        let begun = [Node(number: 0, slots: [0...99], moves: ["[100-<-n1]"]), Node(number: 1, slots: [100...16_383])]
        try #expect(Self.visits([begun]) == [1, 0])
        let newcomer = [Node(number: 0), Node(number: 1, slots: [0...16_383], moves: ["[100->-n0]"])]
        try #expect(Self.visits([newcomer]) == [1, 0])
    }

    @Test func serversThatGiveSlotsToEachOtherAreScannedBeforeAndAfter() throws {
        let swapping = [
            Node(number: 0, slots: [0...99], moves: ["[7->-n1]", "[100-<-n1]"]),
            Node(number: 1, slots: [100...16_383], moves: ["[100->-n0]", "[7-<-n0]"]),
        ]
        try #expect(Self.visits([swapping]) == [0, 1, 0])
    }

    @Test func slotThatSetOutMeanwhileIsLookedForAgain() throws {
        let before = [Node(number: 0, slots: [0...99]), Node(number: 1, slots: [100...16_383])]
        let moving = [
            Node(number: 0, slots: [0...99], moves: ["[100-<-n1]"]),
            Node(number: 1, slots: [100...16_383], moves: ["[100->-n0]"]),
        ]
        try #expect(Self.visits([before, before, moving]) == [0, 1, 1, 0])
    }

    @Test func slotThatArrivedMeanwhileIsLookedForWhereItIs() throws {
        let before = [Node(number: 0, epoch: 1, slots: [0...99]), Node(number: 1, epoch: 2, slots: [100...16_383])]
        let after = [Node(number: 0, epoch: 3, slots: [0...100]), Node(number: 1, epoch: 2, slots: [101...16_383])]
        try #expect(Self.visits([before, before, after]) == [0, 1, 0])
        // It has gone on.
        let later = [Node(number: 0, epoch: 3, slots: [0...99]), Node(number: 1, epoch: 4, slots: [100...16_383])]
        try #expect(Self.visits([before, before, after, later]) == [0, 1, 0, 1])
    }

    @Test func slotsThatMoveOneAfterTheOtherKeepTheScanFromItsEndNoLongerThanNeeded() throws {
        // Another slot moves from the last server to the first after each one that was scanned, for ever.
        let steps = (0...60).map { step in
            [
                Node(number: 0, epoch: 3, slots: [0...99 + step]),
                Node(number: 1, epoch: 2, slots: [100 + step...16_383]),
            ]
        }
        try #expect(Self.visits(steps) == [0, 1, 0])
    }

    @Test func slotThatCameBackIsKnownByTheEpochs() throws {
        let before = [Node(number: 0, epoch: 1, slots: [0...99]), Node(number: 1, epoch: 2, slots: [100...16_383])]
        let after = [Node(number: 0, epoch: 3, slots: [0...99]), Node(number: 1, epoch: 2, slots: [100...16_383])]
        try #expect(Self.visits([before, before, after]) == [0, 1, 0])
    }

    @Test func slotThatTwoHaveBelongsToTheHigherEpochAndOneThatNobodyHasIsLookedForAgain() throws {
        let both = [Node(number: 0, epoch: 5, slots: [0...100]), Node(number: 1, epoch: 2, slots: [100...16_383])]
        var places = SlotPlaces()
        try Self.take(both, into: &places, survey: 1)
        #expect(!places.differs { $0 <= 100 ? 0 : 1 })
        // Server 1 has been asked after it lost the slot, server 0 before it got it; server 2 knows.
        let torn = [Node(number: 0, slots: [0...99]), Node(number: 1, slots: [101...16_383])]
        var views: [UInt16: ClusterNodesView] = [:]
        for node in torn {
            let other = node.number == 0 ? "n1 10.0.0.1:7000@17000 master - 0 0 1 connected 100-16383" : ""
            views[UInt16(node.number)] = try ClusterNodesView(
                nodes: .simpleString(node.line(isMyself: true) + "\n" + other)
            )
        }
        places.take(views, survey: 2) { UInt16($0.dropFirst()) }
        let number = places.number
        places.take(views, survey: 3) { UInt16($0.dropFirst()) }
        var open = SlotSet()
        open.insert(100)
        #expect(places.changed(among: .all, since: number) == open)
    }

    @Test func surveyThatBeganEarlierIsNotTakenIn() throws {
        var places = SlotPlaces()
        let new = [Node(number: 0, epoch: 3, slots: [0...16_383])]
        try Self.take(new, into: &places, survey: 2)
        try Self.take([Node(number: 1, epoch: 2, slots: [0...16_383])], into: &places, survey: 1)
        #expect(!places.differs { _ in 0 })
        #expect(places.changed(among: .all, since: places.number).isEmpty)
    }

    // MARK: Texts

    @Test func listOfServersIsRead() throws {
        let text = """
            aa 10.0.0.1:7000@17000,one.example,shard-id=x myself,master - 0 0 3 connected 0-99 200 [93->-bb] [7-<-cc]
            bb ::1:7001@17001 master,fail? - 1 2 4 connected 100-199
            cc 10.0.0.3:7002@17002,shard-id=y master - 1 2 5 connected
            dd 10.0.0.4:7003@17003 slave bb 1 2 4 connected
            ee 10.0.0.5:7004@17004 handshake - 1 2 0 connected
            ff :0@0 master,noaddr - 1 2 0 disconnected

            """
        let view = try ClusterNodesView(nodes: .simpleString(text))
        #expect(view.primaries.map(\.id) == ["aa", "bb", "cc", "ff"])
        #expect(view.primaries.map(\.host) == ["10.0.0.1", "::1", "10.0.0.3", ""])
        #expect(view.primaries.map(\.name) == ["one.example", nil, nil, nil])
        #expect(view.primaries.map(\.port) == [7000, 7001, 7002, 0])
        #expect(view.myself?.slots == [0...99, 200...200])
        #expect(view.myself?.importing == [7: "cc"])
        #expect(view.migrating == [93: "bb"])
        #expect(view.wantedIDs == ["aa", "bb"])
        // The one that is to get a slot has become a replica.
        let replaced = try ClusterNodesView(
            nodes: .simpleString(
                "aa h:1@2 myself,master - 0 0 3 connected 0 [0->-bb]\nbb h:2@3 slave cc 0 0 4 connected\n"
                    + "cc h:3@4 master - 0 0 4 connected"
            )
        )
        #expect(replaced.migrating == [0: "cc"])
        #expect(replaced.wantedIDs == ["aa", "cc"])
    }

    @Test(arguments: [
        "aa h:1@2 master - 0 0 1", "aa h:1@2 master - 0 0 x connected", "aa h@2 master - 0 0 1 connected",
        "aa h:70000@2 master - 0 0 1 connected", "aa h:1@2 master - 0 0 1 connected 5-4",
        "aa h:1@2 master - 0 0 1 connected 16384", "aa h:1@2 master - 0 0 1 connected [5",
        "aa h:1@2 master - 0 0 1 connected [5-?-bb]", "aa h:1@2 master - 0 0 1 connected [16384->-bb]",
        "aa h:1@2 master - 0 0 1 connected 1-2-3", "aa h:1@2 master - 0 0 1 connected -1",
        "a{}b h:x@2 master - 0 0 1 c",
        "aa {h}:1@2 master - 0 0 1 connected",
    ])
    func whatIsNoListOfServersIsAnError(text: String) {
        #expect(throws: RedisError.self) { try ClusterNodesView(nodes: .simpleString(text)) }
    }

    @Test func setOfSlotsIsReadFromItsText() throws {
        var slots = SlotSet()
        #expect(slots.isEmpty)
        for slot in [0, 63, 64, 16_383] { slots.insert(slot) }
        #expect(slots.text == "0.8000000000000001,1.1,255.8000000000000000")
        #expect(SlotSet(slots.text) == slots)
        #expect(SlotSet("all") == .all)
        #expect(slots.contains(63) && !slots.contains(62))
        for text in ["", "0", "0.", "0.0", "256.1", "-1.1", "0.1,0.1", "0.1,", "0.x", "0.11111111111111111"] {
            #expect(SlotSet(text) == nil, "\(text)")
        }
    }
}
