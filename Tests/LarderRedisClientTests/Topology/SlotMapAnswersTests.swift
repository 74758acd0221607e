import NIOCore
import Testing

@testable import LarderRedisClient

@Suite(.timeLimit(.minutes(1))) struct SlotMapAnswersTests {
    /// A map in which one server has so many slots.
    static func map(_ slots: Int) throws -> SlotMap {
        guard slots > 0 else { return try SlotMap(slots: .array([]), askedHost: "a") }
        let node = RESPValue.array([.bulkString(ByteBuffer(string: "a")), .integer(6379)])
        let range = RESPValue.array([.integer(0), .integer(Int64(slots - 1)), node])
        return try SlotMap(slots: .array([range]), askedHost: "a")
    }

    @Test func mapThatKnowsAsMuchAsBeforeIsEnough() throws {
        for slots in [100, 101] {
            var answers = SlotMapAnswers(knowing: 100)
            try answers.take(Self.map(slots))
            #expect(answers.areEnough)
            #expect(answers.believed(haveAllAnswered: false)?.ownedSlotCount == slots)
        }
    }

    @Test func shrunkenMapOfOneServerIsNotBelievedWhileOthersCannotBeAsked() throws {
        var answers = SlotMapAnswers(knowing: 100)
        for count in 1...2 {
            try answers.take(Self.map(50))
            #expect(!answers.areEnough)
            #expect(answers.believed(haveAllAnswered: false) == nil, "\(count) answers")
        }
        try answers.take(Self.map(60))
        #expect(answers.areEnough)
        #expect(answers.believed(haveAllAnswered: false)?.ownedSlotCount == 60)
    }

    @Test func shrunkenMapIsBelievedIfEverybodyHasAnswered() throws {
        var answers = SlotMapAnswers(knowing: 100)
        try answers.take(Self.map(50))
        #expect(answers.believed(haveAllAnswered: true)?.ownedSlotCount == 50)
    }

    @Test func withoutAMapAnyIsBetterThanNone() throws {
        var answers = SlotMapAnswers(knowing: 0)
        #expect(answers.believed(haveAllAnswered: true) == nil)
        try answers.take(Self.map(0))
        #expect(!answers.areEnough, "another server may know more")
        #expect(answers.believed(haveAllAnswered: false)?.ownedSlotCount == 0)
        try answers.take(Self.map(3))
        #expect(answers.areEnough)
        #expect(answers.believed(haveAllAnswered: false)?.ownedSlotCount == 3)
    }
}
