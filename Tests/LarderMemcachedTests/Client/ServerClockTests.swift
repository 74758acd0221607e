import Synchronization
import Testing

@testable import LarderMemcached

@Suite struct ServerClockTests {
    @Test func clockThatAgreesIsTakenAtItsWord() {
        for difference in stride(from: Int64(-2_000), through: 1_000, by: 100) {
            // The server's whole second is up to a second ahead of the time, and up to two behind.
            let now: Int64 = 1_000_000_000
            let second = (now + difference) / 1_000
            #expect(ServerClock.correct(0, second: second, asked: now, answered: now + 3) == 0)
        }
    }

    @Test(arguments: [Int64(-86_400_000), -10_000, -4_000, 4_000, 10_000, 86_400_000])
    func clockThatIsWrongIsSetRightToWithinSeconds(_ error: Int64) {
        let truth: Int64 = 1_700_000_000_500
        let wrong = truth + error
        let offset = ServerClock.correct(0, second: truth / 1_000, asked: wrong, answered: wrong + 2)
        #expect(abs(wrong + offset - truth) <= 3_000)
        // It stays so as the server goes on.
        for step in stride(from: Int64(0), to: 10_000, by: 250) {
            let next = ServerClock.correct(
                offset,
                second: (truth + step) / 1_000,
                asked: wrong + step,
                answered: wrong + step + 2
            )
            #expect(abs(wrong + step + next - (truth + step)) <= 3_000)
        }
    }

    @Test func slowAnswerIsNoReasonToDoubtTheClock() {
        #expect(ServerClock.correct(0, second: 1_000, asked: 1_000_000, answered: 1_059_000) == 0)
    }

    @Test func clockThatIsSetRightByItsOwnerNeedsNoCorrectionAnyMore() {
        let time = Atomic<Int64>(5_000_000)
        let clock = ServerClock(WallClock { 5_000_000 })
        clock.observe(second: 9_000, asked: time.load(ordering: .relaxed), answered: time.load(ordering: .relaxed))
        #expect(abs(clock.now - 9_000_000) <= 3_000)
        #expect(ServerClock.correct(4_000_000, second: 9_000, asked: 9_000_000, answered: 9_000_001) == 0)
    }

    @Test func serversIntroductionIsReadAndNothingElseIs() {
        var reply = MetaReply(.statistics)
        reply.statistics = ["pid": "77", "uptime": "10", "time": "1700000000", "version": "1.6.18"]
        let introduction = ServerIntroduction(reply, asked: 1, answered: 2)
        #expect(introduction?.startSecond == 1_699_999_990)
        #expect(introduction?.processID == 77)
        reply.statistics["time"] = "-1"
        #expect(ServerIntroduction(reply, asked: 1, answered: 2) == nil)
        reply.statistics["time"] = nil
        #expect(ServerIntroduction(reply, asked: 1, answered: 2) == nil)
        #expect(ServerIntroduction(MetaReply(.error("ERROR")), asked: 1, answered: 2) == nil)
    }
}
